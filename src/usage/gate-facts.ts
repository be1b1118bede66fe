import { Decimal } from 'decimal.js';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import { graceDaysOf } from '../subscriptions/grace.ts';
import { isServed } from '../subscriptions/lifecycle.ts';
import { openDue } from '../subscriptions/open-quotas.ts';
import { loadLive } from '../subscriptions/subscription.store.ts';
import { type AddOns, addOnsSchema, type SubscriptionStatus } from '../subscriptions/subscription.ts';
import type { CallFacts, Cover, Slots } from './decide-call.ts';
import { countAgencySessions, selectGateFacts } from './gate-facts.sql.ts';
import { type AwaitedPeriod, awaitedPeriod, versionOf } from './place.ts';
import { findFeatures, termsOf, type Versions, type VersionTerms } from './terms.ts';

export interface GateDependencies {
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'balances'>;
  readonly versions: Versions;
}

/** How long a hold waits for the usage that settles it after its call has ended or run out, in milliseconds. */
const holdOutlivesMs = 600_000;

/** Calls that ended, or were not heard of, until then hold nothing any more. */
export const heldSince = (now: Date): Date => new Date(now.getTime() - holdOutlivesMs);

/** Slots of a client that has nothing but licences. */
const slotsWithoutPlan = 1;

interface FactsRow {
  readonly customerDisabled: boolean;
  readonly agencyDisabled: boolean;
  readonly paused: boolean;
  readonly disputed: boolean;
  readonly subscriptionId: string | null;
  readonly subscriptionStatus: SubscriptionStatus | null;
  readonly addOns: unknown;
  readonly quotaDueAt: Date | null;
  readonly pastDueSince: Date | null;
  readonly trialEndsAt: Date | null;
  readonly cancelAt: Date | null;
  readonly planAgencyId: string | null;
  readonly planId: string | null;
  readonly planVersion: number | null;
  readonly carrier: ProviderName | null;
  readonly trialConcurrency: number | null;
  readonly trialGoesOn: boolean | null;
  readonly included: string | null;
  readonly quotaPlanAgencyId: string | null;
  readonly quotaPlanId: string | null;
  readonly quotaPlanVersion: number | null;
  readonly free: string | null;
  readonly addOnLeft: string;
  readonly daysLicensed: boolean;
  readonly heldQuantity: string;
  readonly heldAmount: string;
  readonly sessions: number;
  readonly agencyCustomerId: string | null;
  readonly agencyCustomerAgencyId: string | null;
  readonly agencyPaused: boolean;
  readonly callSessionId: string | null;
}

export interface ReadFacts extends CallFacts {
  /** The call's session that nobody has ended; null without one. */
  readonly callSessionId: string | null;
  readonly version: VersionTerms | null;
  readonly addOns: AddOns;
}

/** What the gate is asked about. */
export interface Asked {
  readonly feature: string;
  /** The caller's own name of a call that may be there; null: none is asked for. */
  readonly callId: string | null;
  /** The session that is extended: left out of what is counted. Null: a call more. */
  readonly sessionId: string | null;
  /** Whether a slot is given by the answer: the agency's are counted under its lock then. */
  readonly takesSlot: boolean;
}

const selectFacts = async (
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  { feature, callId, sessionId }: Asked,
  now: Date,
): Promise<FactsRow> => {
  const { rows } = await sql.query<FactsRow>({
    name: 'gate-facts',
    text: selectGateFacts,
    values: [agencyId, customerId, feature, now, callId, sessionId, heldSince(now)],
  });
  const [row] = rows;
  if (!row) throw new Error(`client ${customerId} was found and is not there`);
  return row;
};

/**
 * What decides about a client's calls. In a transaction that holds the client's row, so that
 * nobody counts beside it; there a quota period whose time has come is opened first.
 */
export async function readGateFacts(
  { clock, ledger, versions }: GateDependencies,
  sql: Sql,
  client: CustomerKey,
  asked: Asked,
): Promise<ReadFacts> {
  const { feature } = asked;
  const now = clock.now();
  let row = await selectFacts(sql, client, asked, now);
  let awaited: AwaitedPeriod | null = null;
  if (asksForQuotas(row, now)) {
    const due = await openDue(sql, client, now);
    if (due?.opened === true) row = await selectFacts(sql, client, asked, now);
    else if (due?.opened === false) awaited = awaitedPeriod(due.awaited, feature, row.carrier);
  }
  const [balance = Money.zero('USD')] = await ledger.balances(sql, [client]);
  const included = row.included ?? awaited?.included ?? null;
  const quotaPlan =
    row.included === null && awaited !== null
      ? awaited.version
      : versionOf({
          planAgencyId: row.quotaPlanAgencyId,
          planId: row.quotaPlanId,
          planVersion: row.quotaPlanVersion,
          carrier: row.carrier,
        });
  const [version = null, ratedBy = null] = await versions.read(sql, [versionOf(row), quotaPlan ?? versionOf(row)]);
  const known = (await findFeatures(sql, [{ agencyId: client.agencyId, feature }]))(client.agencyId, feature);
  const terms = termsOf(ratedBy, known ?? { id: feature, aggregation: 'sum' }, included ?? '0');
  const addOns = row.subscriptionId === null ? {} : addOnsSchema.parse(row.addOns);
  const cover = coverOf(row, await standingOf(sql, client, row, now));
  const addOnLeft = Decimal.max(row.addOnLeft, 0);
  return {
    customerDisabled: row.customerDisabled,
    agencyDisabled: row.agencyDisabled,
    paused: row.paused,
    disputed: row.disputed,
    agencyPaused: row.agencyPaused,
    cover,
    subscriptionPaused: row.subscriptionStatus !== null && !hasEnded(row, now),
    featureCovered: included !== null || addOnLeft.greaterThan(0) || goesOn(row) || cover === 'licence',
    terms,
    unlimited: cover === 'trial' && goesOn(row),
    quantityLeft: Decimal.max(terms.included.minus(row.free ?? 0), 0).plus(addOnLeft),
    heldQuantity: new Decimal(row.heldQuantity),
    balance,
    heldAmount: Money.of(row.heldAmount, 'USD'),
    slots: { used: row.sessions, limit: slotLimitOf(row, cover, version, addOns) },
    agencySlots: await agencySlotsOf(sql, client.agencyId, row, asked, now),
    callSessionId: row.callSessionId,
    version,
    addOns,
  };
}

/** Days of service open a period even where none is due: the sweep gives up those of a subscription that is not served. */
const asksForQuotas = ({ subscriptionId, quotaDueAt, daysLicensed }: FactsRow, now: Date): boolean =>
  quotaDueAt === null ? subscriptionId !== null && daysLicensed : quotaDueAt <= now;

const goesOn = ({ trialGoesOn }: FactsRow): boolean => trialGoesOn === true;

/** It has come to its end, and its provider has not said so yet. */
const hasEnded = ({ cancelAt }: FactsRow, now: Date): boolean => cancelAt !== null && cancelAt <= now;

/** `served`: by what is paid for it, or is given time to be paid. `there`: it is still the client's. Null: the client has none. */
type SubscriptionStanding = 'served' | 'there' | null;

async function standingOf(sql: Sql, client: CustomerKey, row: FactsRow, now: Date): Promise<SubscriptionStanding> {
  const { subscriptionStatus: status, pastDueSince, trialEndsAt } = row;
  if (status === null || hasEnded(row, now)) return null;
  const graceDays = status === 'past_due' ? await graceDaysOf(sql, client.agencyId) : 0;
  return isServed({ status, pastDueSince, trialEndsAt }, graceDays, now) ? 'served' : 'there';
}

/** Days that were granted serve on what the subscription is; where there is none, there is nothing that they could serve. */
function coverOf(row: FactsRow, subscription: SubscriptionStanding): Cover {
  if (subscription === 'served' || (subscription === 'there' && row.daysLicensed)) return 'subscription';
  if (row.trialConcurrency !== null) return 'trial';
  return new Decimal(row.addOnLeft).greaterThan(0) ? 'licence' : null;
}

/** Included and rented ones, capped by the plan's hard limit. */
export function slotsOf(version: VersionTerms, addOns: AddOns): number | null {
  const line = version.recurring.find(({ feature }) => feature === 'concurrency');
  const most = version.limits.maxConcurrency ?? null;
  if (!line) return most;
  const had = line.included + (addOns.concurrency ?? 0);
  return most === null ? had : Math.min(had, most);
}

function slotLimitOf(row: FactsRow, cover: Cover, version: VersionTerms | null, addOns: AddOns): number | null {
  if (cover === 'subscription' && version) return slotsOf(version, addOns);
  return cover === 'trial' ? row.trialConcurrency : slotsWithoutPlan;
}

/** The agency's plan with the platform limits it and its clients together: counted under the row of the client that the agency is. */
async function agencySlotsOf(
  sql: Sql,
  agencyId: string,
  { agencyCustomerId, agencyCustomerAgencyId }: FactsRow,
  { sessionId, takesSlot }: Asked,
  now: Date,
): Promise<Slots | null> {
  if (agencyCustomerId === null || agencyCustomerAgencyId === null) return null;
  const own = await loadLive(sql, { agencyId: agencyCustomerAgencyId, customerId: agencyCustomerId });
  const limit = own && slotsOf(own.document, own.addOns);
  if (limit === null) return null;
  const asClient = [agencyCustomerAgencyId, agencyCustomerId];
  if (takesSlot)
    await sql.query('SELECT 1 FROM customers WHERE agency_id = $1 AND id = $2 FOR NO KEY UPDATE', asClient);
  const { rows } = await sql.query<{ sessions: number }>(countAgencySessions, [agencyId, now, ...asClient, sessionId]);
  return { used: rows[0]?.sessions ?? 0, limit };
}
