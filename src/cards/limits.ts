import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';

const hourMs = 3_600_000;

/**
 * How often cards may be tried. Small amounts and saved cards are what stolen card numbers are tested with; the counts are kept in
 * PostgreSQL, so that neither a restart nor another replica forgets them.
 */
const limits = {
  /** Sessions to save a card, of one client. */
  client: { most: 10, withinMs: 24 * hourMs },
  /** Cards saved and verified again, from one address. */
  address: { most: 20, withinMs: hourMs },
  /** Verifications that a client asked for again. */
  clientHolds: { most: 10, withinMs: 24 * hourMs },
  /** Holds on one card, whoever of the agency's clients saved it. */
  fingerprint: { most: 5, withinMs: 24 * hourMs },
} as const;

export type LimitKind = keyof typeof limits;

/** Whom an address counts for: a household has a whole network of IPv6 addresses. Hashed, for it names a person. */
export function addressKey(agencyId: string, address: string): string {
  const network = address.includes(':') && !address.includes('.') ? expanded(address).slice(0, 4).join(':') : address;
  return createHash('sha256').update(`${agencyId} ${network}`).digest('base64url');
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): readonly string[] {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(missing).fill('0'), ...right].map((group) =>
    group.replace(/^0+(?=.)/, '').toLowerCase(),
  );
}

export interface Attempt {
  readonly kind: LimitKind;
  /** Whom it counts for; an address as `addressKey` has it. */
  readonly of: string;
}

/** Counts an attempt. Throws `AppError` 429 `too_many_card_attempts` for one too many, which is not counted. */
export async function countAttempt(sql: Sql, clock: Clock, agencyId: string, { kind, of }: Attempt): Promise<void> {
  const { most, withinMs } = limits[kind];
  const now = clock.now();
  const key = `${kind}:${of}`;
  // One after the other, or two at once would both be the last that is allowed.
  await sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`card attempt ${agencyId} ${key}`]);
  const { rows } = await sql.query<{ count: number }>(
    'SELECT count(*) AS count FROM card_attempts WHERE agency_id = $1 AND key = $2 AND at > $3',
    [agencyId, key, new Date(now.getTime() - withinMs)],
  );
  if ((rows[0]?.count ?? 0) >= most) {
    throw new AppError(429, 'too_many_card_attempts', 'Cards were tried too often: wait, or ask for help.');
  }
  await sql.query('INSERT INTO card_attempts (agency_id, id, key, at) VALUES ($1, $2, $3, $4)', [
    agencyId,
    newId('cardAttempt'),
    key,
    now,
  ]);
}

/** What no limit looks at any more. */
export async function purgeAttempts(sql: Sql, clock: Clock): Promise<void> {
  await sql.query('DELETE FROM card_attempts WHERE at < $1', [new Date(clock.now().getTime() - 48 * hourMs)]);
}
