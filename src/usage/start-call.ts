import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { findClient } from '../catalog/offer.store.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import type { RecentAnswers } from '../delivery/recent-answers.ts';
import { conflict } from '../errors.ts';
import { newId } from '../ids.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { type CallSession, endSession, findByCall, insertSession } from './call-session.store.ts';
import { decideCall, type RefusalReason, refusalReasons, type Slots } from './decide-call.ts';
import { type GateDependencies, readGateFacts } from './gate-facts.ts';

export interface CallDependencies extends GateDependencies {
  readonly database: Database;
  /** Refusals of the last moment; null where nobody keeps them. */
  readonly refusals: RecentAnswers | null;
}

export interface CallRequest {
  readonly customerId: string;
  readonly feature: string;
  /** The caller's own name of the call. */
  readonly callId: string;
  /** What the call is expected to use, in the feature's unit; null: nothing is held. */
  readonly estimate: Decimal | null;
}

export type CallAnswer =
  | { readonly allowed: true; readonly session: CallSession }
  | {
      readonly allowed: false;
      readonly reason: RefusalReason;
      readonly affordable: Decimal | null;
      readonly slots: Slots;
    };

type Refusal = Extract<CallAnswer, { allowed: false }>;

/** How long a slot is held without a word of its caller, in milliseconds. */
export const leaseMs = 120_000;

const keptRefusal = z
  .object({
    reason: z.enum(refusalReasons),
    affordable: z.string().nullable(),
    slots: z.object({ used: z.number(), limit: z.number().nullable() }),
  })
  .transform(
    ({ affordable, ...refusal }): Refusal => ({
      allowed: false,
      ...refusal,
      affordable: affordable === null ? null : new Decimal(affordable),
    }),
  );

/**
 * May this client start a call now? Takes a slot until its lease runs out, and holds what the call is expected to cost. Decided under the
 * client's row lock, whatever is kept elsewhere. The same call again, while its lease lives, is answered as it was. Throws `AppError` 404,
 * and 409 `call_id_conflict` for another feature under the same name.
 */
export async function startCall(
  dependencies: CallDependencies,
  scope: Scope,
  request: CallRequest,
): Promise<CallAnswer> {
  const { database, refusals } = dependencies;
  const key = refusalKey(scope, request);
  if (refusals) {
    const known = await liveCall(dependencies, database.pool, scope, request);
    if (known) return { allowed: true, session: known };
    const kept = await refusals.read(key);
    if (kept !== null) return keptRefusal.parse(JSON.parse(kept));
  }
  const answer = await inTransaction(database.pool, (sql) => start(dependencies, sql, scope, request));
  // One that was refused for its estimate says nothing of others.
  if (!answer.allowed && request.estimate === null) {
    const { reason, affordable, slots } = answer;
    await refusals?.keep(key, JSON.stringify({ reason, affordable: affordable?.toFixed() ?? null, slots }));
  }
  return answer;
}

/** Whoever may see one agency's clients is told what was refused to it, and nobody else. */
const refusalKey = (scope: Scope, { customerId, feature }: Pick<CallRequest, 'customerId' | 'feature'>): string =>
  `refused:${agencyOf(scope) ?? ''}|${customerId}|${feature}`;

/** A slot or a hold of the client's came free: what was refused may be possible now. */
export async function forgetRefusals(
  refusals: RecentAnswers | null,
  { agencyId, customerId, feature }: Pick<CallSession, 'agencyId' | 'customerId' | 'feature'>,
): Promise<void> {
  for (const agency of ['', agencyId]) await refusals?.forget(`refused:${agency}|${customerId}|${feature}`);
}

async function liveCall(
  { clock }: CallDependencies,
  sql: Sql,
  scope: Scope,
  { customerId, callId, feature }: CallRequest,
): Promise<CallSession | null> {
  const known = await findByCall(sql, agencyOf(scope) ?? null, customerId, callId);
  if (!known || known.expiresAt <= clock.now()) return null;
  if (known.feature !== feature) {
    throw conflict('call_id_conflict', `This callId names a call of ${known.feature}: a call has a name of its own.`);
  }
  return known;
}

async function start(
  dependencies: CallDependencies,
  sql: Sql,
  scope: Scope,
  request: CallRequest,
): Promise<CallAnswer> {
  const { customerId, feature, callId, estimate } = request;
  const client = await findClient(sql, scope, customerId, 'change');
  const facts = await readGateFacts(dependencies, sql, client, { feature, callId, sessionId: null, takesSlot: true });
  if (facts.callSessionId !== null) {
    const live = await liveCall(dependencies, sql, scope, request);
    if (live) return { allowed: true, session: live };
  }
  const { reason, affordable, hold } = decideCall(facts, estimate);
  if (reason !== null) return { allowed: false, reason, affordable, slots: facts.slots };
  const now = dependencies.clock.now();
  // Its lease has run out: the name is free for another.
  if (facts.callSessionId !== null) await endSession(sql, { ...client, id: facts.callSessionId }, now);
  const session: CallSession = {
    ...client,
    id: newId('gateSession'),
    feature,
    callId,
    affordable,
    slots: { ...facts.slots, used: facts.slots.used + 1 },
    startedAt: now,
    expiresAt: new Date(now.getTime() + leaseMs),
    endedAt: null,
  };
  await insertSession(sql, session, hold);
  return { allowed: true, session };
}
