import { z } from 'zod';
import type { Sql } from '../database/database.ts';

/** `token`: issued, with a link; `session`: what a link's code was exchanged for. */
export const portalSessionKind = z.enum(['token', 'session']);

const time = z.date().nullable();

const storedSession = z.object({
  id: z.string(),
  agencyId: z.string(),
  customerId: z.string(),
  kind: portalSessionKind,
  codeExpiresAt: time,
  codeUsedAt: time,
  createdAt: z.date(),
  expiresAt: z.date(),
  lastUsedAt: time,
  revokedAt: time,
});
export type StoredPortalSession = z.output<typeof storedSession>;

const columns = `s.id, s.agency_id AS "agencyId", s.customer_id AS "customerId", s.kind, s.code_expires_at AS "codeExpiresAt",
  s.code_used_at AS "codeUsedAt", s.created_at AS "createdAt", s.expires_at AS "expiresAt", s.last_used_at AS "lastUsedAt",
  s.revoked_at AS "revokedAt"`;

const parsed = (rows: readonly unknown[]): StoredPortalSession[] => z.array(storedSession).parse(rows);

interface CustomerKey {
  readonly agencyId: string;
  readonly customerId: string;
}

export interface NewPortalToken extends CustomerKey {
  readonly id: string;
  readonly hash: string;
  readonly codeHash: string;
  readonly codeExpiresAt: Date;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A request that is resumed replaces the secrets of its first try, which nobody was shown. */
export async function saveToken(sql: Sql, token: NewPortalToken): Promise<void> {
  await sql.query(
    `INSERT INTO portal_sessions
       (id, agency_id, customer_id, kind, hash, code_hash, code_expires_at, created_at, expires_at)
     VALUES ($1, $2, $3, 'token', $4, $5, $6, $7, $8)
     ON CONFLICT (id) DO UPDATE SET hash = EXCLUDED.hash, code_hash = EXCLUDED.code_hash,
       code_expires_at = EXCLUDED.code_expires_at, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at`,
    [
      token.id,
      token.agencyId,
      token.customerId,
      token.hash,
      token.codeHash,
      token.codeExpiresAt,
      token.createdAt,
      token.expiresAt,
    ],
  );
}

export interface NewPortalSession extends CustomerKey {
  readonly id: string;
  readonly tokenId: string;
  readonly hash: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export async function saveSession(sql: Sql, session: NewPortalSession): Promise<void> {
  await sql.query(
    `INSERT INTO portal_sessions (id, agency_id, customer_id, kind, token_id, hash, created_at, expires_at)
     VALUES ($1, $2, $3, 'session', $4, $5, $6, $7)`,
    [
      session.id,
      session.agencyId,
      session.customerId,
      session.tokenId,
      session.hash,
      session.createdAt,
      session.expiresAt,
    ],
  );
}

/** What can still be used, newest first. */
export async function loadLiveSessions(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  now: Date,
): Promise<StoredPortalSession[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM portal_sessions s
     WHERE s.agency_id = $1 AND s.customer_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
     ORDER BY s.id DESC LIMIT 100`,
    [agencyId, customerId, now],
  );
  return parsed(rows);
}

export async function loadSession(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  id: string,
): Promise<StoredPortalSession | undefined> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM portal_sessions s WHERE s.agency_id = $1 AND s.customer_id = $2 AND s.id = $3`,
    [agencyId, customerId, id],
  );
  return parsed(rows)[0];
}

/** Ends it and what its link gave; false where all of it had ended. */
export async function endSession(sql: Sql, id: string, now: Date): Promise<boolean> {
  // Held first: a session that its code is being exchanged for would otherwise be missed by the statement below.
  await sql.query('SELECT 1 FROM portal_sessions WHERE id = $1 FOR UPDATE', [id]);
  const { rowCount } = await sql.query(
    'UPDATE portal_sessions SET revoked_at = $2 WHERE (id = $1 OR token_id = $1) AND revoked_at IS NULL',
    [id, now],
  );
  return (rowCount ?? 0) > 0;
}

const linkRow = storedSession.extend({
  agencyName: z.string(),
  settings: z.unknown(),
  customerName: z.string(),
  agencyDisabled: z.boolean(),
  customerDisabled: z.boolean(),
});
export type StoredLink = z.output<typeof linkRow>;

/** The token behind a link's code, with whom it names. */
export async function loadLink(sql: Sql, codeHash: string): Promise<StoredLink | undefined> {
  const { rows } = await sql.query(
    `SELECT ${columns}, a.name AS "agencyName", a.settings, c.name AS "customerName",
            a.disabled_at IS NOT NULL OR own.disabled_at IS NOT NULL AS "agencyDisabled",
            c.disabled_at IS NOT NULL AS "customerDisabled"
     FROM portal_sessions s
     JOIN agencies a ON a.id = s.agency_id
     JOIN customers c ON c.agency_id = s.agency_id AND c.id = s.customer_id
     LEFT JOIN agencies own ON a.is_platform AND own.id = c.external_id
     WHERE s.code_hash = $1`,
    [codeHash],
  );
  return z.array(linkRow).parse(rows)[0];
}

/** Of those who use a code at the same time, one gets true. */
export async function useCode(sql: Sql, id: string, now: Date): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE portal_sessions SET code_used_at = $2
     WHERE id = $1 AND code_used_at IS NULL AND revoked_at IS NULL AND code_expires_at > $2`,
    [id, now],
  );
  return rowCount === 1;
}

/** Forgets what ended before a time. */
export async function deleteEnded(sql: Sql, before: Date): Promise<void> {
  await sql.query('DELETE FROM portal_sessions WHERE expires_at < $1', [before]);
}
