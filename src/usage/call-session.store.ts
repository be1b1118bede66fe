import { Decimal } from 'decimal.js';
import type { Sql } from '../database/database.ts';
import { notFound } from '../errors.ts';
import type { Money } from '../money/money.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import type { Slots } from './decide-call.ts';

/** A call that the gate let in. */
export interface CallSession {
  readonly agencyId: string;
  readonly id: string;
  readonly customerId: string;
  readonly feature: string;
  readonly callId: string;
  /** What it was told that it can afford; null: not limited. */
  readonly affordable: Decimal | null;
  readonly slots: Slots;
  readonly startedAt: Date;
  /** Its slot is free again from then on, unless it is extended. */
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
}

interface SessionRow extends Omit<CallSession, 'affordable' | 'slots'> {
  readonly affordable: string | null;
  readonly slotsUsed: number;
  readonly slotsLimit: number | null;
}

const columns = `agency_id AS "agencyId", id, customer_id AS "customerId", feature, call_id AS "callId", affordable::text,
  slots_used AS "slotsUsed", slots_limit AS "slotsLimit", started_at AS "startedAt", expires_at AS "expiresAt", ended_at AS "endedAt"`;

const sessionOf = ({ affordable, slotsUsed, slotsLimit, ...row }: SessionRow): CallSession => ({
  ...row,
  affordable: affordable === null ? null : new Decimal(affordable),
  slots: { used: slotsUsed, limit: slotsLimit },
});

/** The client's call of a name that nobody has ended, whether its lease lives or not. */
export async function findByCall(
  sql: Sql,
  agencyId: string | null,
  customerId: string,
  callId: string,
): Promise<CallSession | null> {
  const { rows } = await sql.query<SessionRow>(
    `SELECT ${columns} FROM gate_sessions
      WHERE customer_id = $2 AND call_id = $3 AND ended_at IS NULL AND ($1::text IS NULL OR agency_id = $1)
        AND agency_id = (SELECT agency_id FROM customers WHERE id = $2)`,
    [agencyId, customerId, callId],
  );
  return rows[0] ? sessionOf(rows[0]) : null;
}

/** Throws `AppError` 404. */
export async function findSession(sql: Sql, scope: Scope, id: string): Promise<CallSession> {
  const { rows } = await sql.query<SessionRow>(
    `SELECT ${columns} FROM gate_sessions WHERE id = $1 AND ($2::text IS NULL OR agency_id = $2)`,
    [id, agencyOf(scope) ?? null],
  );
  if (!rows[0]) throw notFound('session');
  return sessionOf(rows[0]);
}

export async function insertSession(
  sql: Sql,
  session: CallSession,
  hold: { readonly quantity: Decimal; readonly amount: Money },
): Promise<void> {
  await sql.query({
    name: 'gate-insert',
    text: `INSERT INTO gate_sessions (agency_id, id, customer_id, feature, call_id, affordable, slots_used, slots_limit, held_quantity,
                                      held_amount, started_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      ...[session.agencyId, session.id, session.customerId, session.feature, session.callId],
      ...[session.affordable?.toFixed() ?? null, session.slots.used, session.slots.limit],
      ...[hold.quantity.toFixed(), hold.amount.amount.toFixed(), session.startedAt, session.expiresAt],
    ],
  });
}

export async function extendSession(
  sql: Sql,
  { agencyId, id, affordable, slots, expiresAt }: CallSession,
): Promise<void> {
  await sql.query(
    `UPDATE gate_sessions SET expires_at = $3, affordable = $4, slots_used = $5, slots_limit = $6
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, expiresAt, affordable?.toFixed() ?? null, slots.used, slots.limit],
  );
}

export async function endSession(
  sql: Sql,
  { agencyId, id }: Pick<CallSession, 'agencyId' | 'id'>,
  endedAt: Date,
): Promise<void> {
  await sql.query('UPDATE gate_sessions SET ended_at = $3 WHERE agency_id = $1 AND id = $2 AND ended_at IS NULL', [
    agencyId,
    id,
    endedAt,
  ]);
}
