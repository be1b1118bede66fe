import { randomBytes } from 'node:crypto';

/** What every session of the console begins with, so that a leaked one is recognised. */
const prefix = 'baisa_cs_';

/** A new session: its prefix and 256 random bits in base64url. */
export const newConsoleSecret = (): string => `${prefix}${randomBytes(32).toString('base64url')}`;

export const isConsoleSecret = (bearer: string): boolean => bearer.startsWith(prefix);

/** A working day at most. */
export const consoleLifetimeMs = 12 * 3_600_000;
