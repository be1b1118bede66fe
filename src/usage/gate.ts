import type { ScheduledJob } from '../delivery/jobs.ts';
import { Money } from '../money/money.ts';
import type { Scope } from '../tenancy/scope.ts';
import type { CallSession } from './call-session.store.ts';
import { endCall, extendCall } from './change-call.ts';
import {
  checkLimit,
  type Entitlements,
  type LimitAnswer,
  type LimitRequest,
  readEntitlements,
} from './entitlements.ts';
import { endDeadCalls, selectBalanceStanding } from './gate-facts.sql.ts';
import { heldSince } from './gate-facts.ts';
import { type CallAnswer, type CallDependencies, type CallRequest, startCall } from './start-call.ts';
import { createVersions } from './terms.ts';

/** Who may start what now. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Gate {
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** Ends calls that nobody has heard of for ten minutes after their lease, and lets go of what is held no longer. */
  sweep(): Promise<void>;
  start(scope: Scope, request: CallRequest): Promise<CallAnswer>;
  extend(scope: Scope, sessionId: string): Promise<CallSession>;
  end(scope: Scope, sessionId: string): Promise<CallSession>;
  entitlements(scope: Scope, customerId: string): Promise<Entitlements>;
  check(scope: Scope, request: LimitRequest): Promise<LimitAnswer>;
  balanceStanding(client: { readonly agencyId: string; readonly customerId: string }): Promise<BalanceStanding>;
}

/** What there is to know of a balance beside its amount. */
export interface BalanceStanding {
  /** USD that calls hold of it. */
  readonly held: Money;
  /** It pauses service: it was below zero and has not been above it since. */
  readonly paused: boolean;
}

export function createGate(given: Omit<CallDependencies, 'versions'>): Gate {
  const dependencies: CallDependencies = { ...given, versions: createVersions() };
  const sweep = (): Promise<void> => endCalls(dependencies);
  return {
    jobs: { 'usage.end_dead_calls': { handle: sweep, cron: '* * * * *' } },
    sweep,
    start: (scope, request) => startCall(dependencies, scope, request),
    extend: (scope, id) => extendCall(dependencies, scope, id),
    end: (scope, id) => endCall(dependencies, scope, id),
    entitlements: (scope, customerId) => readEntitlements(dependencies, scope, customerId),
    check: (scope, request) => checkLimit(dependencies, scope, request),
    balanceStanding: (client) => readBalanceStanding(dependencies, client),
  };
}

async function readBalanceStanding(
  { database, clock }: Pick<CallDependencies, 'database' | 'clock'>,
  { agencyId, customerId }: { readonly agencyId: string; readonly customerId: string },
): Promise<BalanceStanding> {
  const { rows } = await database.pool.query<{ held: string; paused: boolean }>(selectBalanceStanding, [
    agencyId,
    customerId,
    heldSince(clock.now()),
  ]);
  return { held: Money.of(rows[0]?.held ?? '0', 'USD'), paused: rows[0]?.paused ?? false };
}

const batchSize = 1_000;

async function endCalls({ database, clock }: Pick<CallDependencies, 'database' | 'clock'>): Promise<void> {
  const since = heldSince(clock.now());
  for (let ended: number | null = batchSize; ended === batchSize; ) {
    ({ rowCount: ended } = await database.pool.query(endDeadCalls, [since, batchSize]));
  }
}
