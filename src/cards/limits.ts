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
  /** Sessions to save a card, from one address. */
  address: { most: 20, withinMs: hourMs },
  /** Holds on one card, whoever of the agency's clients saved it. */
  fingerprint: { most: 5, withinMs: 24 * hourMs },
} as const;

export type LimitKind = keyof typeof limits;

export interface Attempt {
  readonly kind: LimitKind;
  /** Whom it counts for. An address is hashed before it comes here. */
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
