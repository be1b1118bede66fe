import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Agency as AgencyRow, PrismaClient } from '../database/generated/client.ts';
import { withoutUndefined } from './given-fields.ts';

/** What the use cases of this room need. */
export interface TenancyDependencies {
  readonly prisma: PrismaClient;
  readonly clock: Clock;
}

/** What a new client of an agency may use before it pays (RULES, trials), and what happens then. */
const trial = z.strictObject({
  days: z.int().min(0).max(365),
  minutes: z.int().min(0).max(1_000_000),
  concurrency: z.int().min(1).max(10_000),
  end: z.enum(['pause', 'continue', 'convert']),
});

const webUrl = z.url({ protocol: /^https?$/, error: 'Not an http or https address.' }).max(2_000);

/** How clients without a card pay what they subscribe to: from their balance, or outside, entered by hand. */
const offlineCollection = z.enum(['balance', 'outside']);

/** Whether a client gets no service while its bank holds money that it disputes; a running call is never cut off. */
const pauseWhileDisputed = z.boolean();

const branding = z.strictObject({
  displayName: z.string().trim().min(1).max(100).optional(),
  logoUrl: webUrl.optional(),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'A colour such as "#0a7d5c".')
    .optional(),
});

const support = z.strictObject({ email: z.email().max(254).optional(), url: webUrl.optional() });

/** Kept as one JSON document: nothing is ever looked up by these. */
export const agencySettings = z.strictObject({
  trial: trial.optional(),
  graceDays: z.int().min(0).max(90).optional(),
  offlineCollection: offlineCollection.optional(),
  pauseWhileDisputed: pauseWhileDisputed.optional(),
  branding: branding.optional(),
  support: support.optional(),
});

export type AgencySettings = z.output<typeof agencySettings>;

/** Each setting may be left out (stays) or null (is removed). */
export const agencySettingsChange = z.strictObject({
  trial: trial.nullable().optional(),
  graceDays: z.int().min(0).max(90).nullable().optional(),
  offlineCollection: offlineCollection.nullable().optional(),
  pauseWhileDisputed: pauseWhileDisputed.nullable().optional(),
  branding: branding.nullable().optional(),
  support: support.nullable().optional(),
});

export type AgencySettingsChange = z.output<typeof agencySettingsChange>;

export interface Agency extends AgencySettings {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** True for the one agency that is the installation's operator. */
  readonly isPlatform: boolean;
  readonly disabled: boolean;
  readonly createdAt: Date;
}

export function agencyOfRow(row: AgencyRow): Agency {
  return {
    ...agencySettings.parse(row.settings),
    id: row.id,
    name: row.name,
    email: row.email,
    country: row.country,
    isPlatform: row.isPlatform,
    disabled: row.disabledAt !== null,
    createdAt: row.createdAt,
  };
}

/** The settings after a change: what is left out stays, what is null goes. */
export function changedSettings(current: AgencySettings, change: AgencySettingsChange): AgencySettings {
  const merged = { ...current, ...withoutUndefined(change) };
  return agencySettings.parse(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}
