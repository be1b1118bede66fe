import { findClient } from '../catalog/offer.store.ts';
import { inTransaction } from '../database/database.ts';
import { conflict } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type CallSession, endSession, extendSession, findSession } from './call-session.store.ts';
import { decideCall, isFull } from './decide-call.ts';
import { heldSince, readGateFacts } from './gate-facts.ts';
import { type CallDependencies, forgetRefusals, leaseMs } from './start-call.ts';

/**
 * Keeps a call's slot for another lease. Never refused for money, quota or pause: nobody is cut off mid-sentence. One whose lease had run
 * out takes a free slot again, for ten minutes; after that it has ended. Throws `AppError` 404, 409 `session_over` and 409 `no_free_slot`.
 */
export function extendCall(dependencies: CallDependencies, scope: Scope, id: string): Promise<CallSession> {
  return inTransaction(dependencies.database.pool, async (sql) => {
    const { customerId } = await findSession(sql, scope, id);
    const client = await findClient(sql, scope, customerId, 'change');
    const session = await findSession(sql, scope, id);
    const now = dependencies.clock.now();
    // What has not been heard of for so long is ended by a sweep, whenever that comes.
    if (session.endedAt !== null || session.expiresAt <= heldSince(now)) {
      throw conflict('session_over', 'This call has ended: start another.');
    }
    const asked = { feature: session.feature, callId: null, sessionId: session.id, takesSlot: true };
    const facts = await readGateFacts(dependencies, sql, client, asked);
    const { used, limit } = facts.slots;
    if (session.expiresAt <= now && [facts.slots, facts.agencySlots].some(isFull)) {
      throw conflict('no_free_slot', 'The call was not heard of in time, and another has its slot now.');
    }
    const extended: CallSession = {
      ...session,
      affordable: decideCall(facts, null).affordable,
      slots: { used: used + 1, limit },
      expiresAt: new Date(now.getTime() + leaseMs),
    };
    await extendSession(sql, extended);
    return extended;
  });
}

/** Gives a call's slot back; again, it is as it was. Throws `AppError` 404. */
export async function endCall(dependencies: CallDependencies, scope: Scope, id: string): Promise<CallSession> {
  const ended = await inTransaction(dependencies.database.pool, async (sql) => {
    const { customerId } = await findSession(sql, scope, id);
    await findClient(sql, scope, customerId, 'change');
    const session = await findSession(sql, scope, id);
    if (session.endedAt !== null) return session;
    const endedAt = dependencies.clock.now();
    await endSession(sql, session, endedAt);
    return { ...session, endedAt };
  });
  await forgetRefusals(dependencies.refusals, ended);
  return ended;
}
