import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Ledger, TouchedClient } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import type { Emit } from '../outgoing/emit.ts';
import type { OutgoingEvent } from '../outgoing/event-types.ts';
import type { Notify } from '../outgoing/notices.ts';

/** Why a balance pauses service (RULES 20). */
export const pausedByBalance = 'balance_below_zero';

/** A client as it stands before its balance is looked at. */
export interface ServedClient extends TouchedClient {
  readonly state: 'open' | 'paused';
  readonly isLow: boolean;
  /** USD; null where the client has no auto-refill. */
  readonly threshold: Money | null;
  readonly revision: number;
}

/** What a client's balance makes of it; null where everything stays. Paused below zero, resumed above; at zero both stay as they are. */
export function nextState(
  { state, isLow, threshold }: Pick<ServedClient, 'state' | 'isLow' | 'threshold'>,
  balance: Money,
): { readonly state: 'open' | 'paused'; readonly isLow: boolean } | null {
  const next = balance.isNegative ? 'paused' : balance.isPositive ? 'open' : state;
  const low = threshold !== null && balance.compare(threshold) < 0;
  return next === state && low === isLow ? null : { state: next, isLow: low };
}

interface StateRow extends TouchedClient {
  readonly state: 'open' | 'paused' | null;
  readonly low: boolean;
  readonly threshold: string | null;
  readonly revision: number | null;
}

/** Parameters: agencies, clients (arrays, pair by pair). */
const selectStates = `
SELECT w.agency_id AS "agencyId", w.customer_id AS "customerId", s.state, s.low_since IS NOT NULL AS low, s.revision,
       a.threshold::text
  FROM unnest($1::text[], $2::text[]) AS w(agency_id, customer_id)
  LEFT JOIN service_states s USING (agency_id, customer_id)
  LEFT JOIN auto_refills a USING (agency_id, customer_id)`;

/** Parameters: agency, client, state, reason, low, revision (arrays), now. */
const saveStates = `
INSERT INTO service_states AS s (agency_id, customer_id, state, reason, since, low_since, revision)
SELECT n.agency_id, n.customer_id, n.state, n.reason, $7::timestamptz, CASE WHEN n.low THEN $7::timestamptz END, n.revision
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::int[])
    AS n(agency_id, customer_id, state, reason, low, revision)
 ORDER BY n.agency_id, n.customer_id
ON CONFLICT (agency_id, customer_id) DO UPDATE
   SET state = excluded.state, reason = excluded.reason, revision = excluded.revision,
       since = CASE WHEN s.state = excluded.state THEN s.since ELSE excluded.since END,
       low_since = CASE WHEN excluded.low_since IS NULL THEN NULL ELSE coalesce(s.low_since, excluded.low_since) END`;

interface Dependencies {
  readonly clock: Clock;
  /** A function, for the ledger tells this of its postings. */
  readonly ledger: () => Pick<Ledger, 'balances'>;
  readonly emit: Emit;
  readonly notify: Notify;
}

/**
 * Whoever posts to a client's account pauses or resumes its service in the transaction of the posting, and tells the agency and the
 * client. The balances' rows are locked by the posting, so that two postings to one client decide one after the other.
 */
export const createWatchBalances =
  ({ clock, ledger, emit, notify }: Dependencies) =>
  async (sql: Sql, clients: readonly TouchedClient[]): Promise<void> => {
    if (clients.length === 0) return;
    const balances = await ledger().balances(sql, clients);
    const states = await readStates(sql, clients);
    const changed = clients.flatMap(({ agencyId, customerId }, index) => {
      const client = states.get(`${agencyId} ${customerId}`);
      const balance = balances[index];
      const next = client && balance && nextState(client, balance);
      return next ? [{ ...client, balance, next }] : [];
    });
    if (changed.length === 0) return;
    await sql.query(saveStates, [
      changed.map(({ agencyId }) => agencyId),
      changed.map(({ customerId }) => customerId),
      changed.map(({ next }) => next.state),
      changed.map(({ next }) => (next.state === 'paused' ? pausedByBalance : null)),
      changed.map(({ next }) => next.isLow),
      changed.map(({ revision }) => revision + 1),
      clock.now(),
    ]);
    await emit(sql, changed.flatMap(eventsOf));
    await notify(
      sql,
      changed
        .filter(({ state, next }) => state === 'open' && next.state === 'paused')
        .map(({ agencyId, customerId, revision, balance }) => ({
          kind: 'service_paused',
          agencyId,
          customerId,
          fact: `${customerId}:${revision + 1}`,
          facts: { balance: balance.toString() },
        })),
    );
  };

async function readStates(sql: Sql, clients: readonly TouchedClient[]): Promise<ReadonlyMap<string, ServedClient>> {
  const { rows } = await sql.query<StateRow>({
    name: 'usage-states',
    text: selectStates,
    values: [clients.map(({ agencyId }) => agencyId), clients.map(({ customerId }) => customerId)],
  });
  return new Map(
    rows.map(({ agencyId, customerId, state, low, threshold, revision }) => [
      `${agencyId} ${customerId}`,
      {
        agencyId,
        customerId,
        state: state ?? 'open',
        isLow: low,
        threshold: threshold === null ? null : Money.of(threshold, 'USD'),
        revision: revision ?? 0,
      },
    ]),
  );
}

interface Changed extends ServedClient {
  readonly balance: Money;
  readonly next: { readonly state: 'open' | 'paused'; readonly isLow: boolean };
}

function eventsOf({
  agencyId,
  customerId,
  state,
  isLow,
  threshold,
  revision,
  balance,
  next,
}: Changed): OutgoingEvent[] {
  const fact = `${customerId}:${revision + 1}`;
  const events: OutgoingEvent[] = [];
  if (state !== next.state) {
    const data = { customerId, reason: pausedByBalance };
    events.push(
      next.state === 'paused'
        ? { type: 'service.paused', agencyId, fact, data }
        : { type: 'service.resumed', agencyId, fact, data: { customerId, reason: 'balance_above_zero' } },
    );
  }
  if (next.isLow && !isLow && threshold !== null) {
    const data = { customerId, balance: balance.toJSON(), threshold: threshold.toJSON() };
    events.push({ type: 'balance.low', agencyId, fact, data });
  }
  return events;
}
