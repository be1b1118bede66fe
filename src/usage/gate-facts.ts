import { Decimal } from 'decimal.js';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import { openQuotas, opensQuotas } from '../subscriptions/open-quotas.ts';
import { loadLive, lockLive } from '../subscriptions/subscription.store.ts';
import { type AddOns, addOnsSchema } from '../subscriptions/subscription.ts';
import type { CallFacts, Cover, Slots } from './decide-call.ts';
import { countAgencySessions, selectGateFacts } from './gate-facts.sql.ts';
import { versionOf } from './place.ts';
import { findFeatures, termsOf, type Versions, type VersionTerms } from './terms.ts';

export interface GateDependencies {
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'balances'>;
  readonly versions: Versions;
}

/** How long a hold waits for the usage that settles it after its call has ended or run out. */
export const holdOutlives = '10 minutes';

/** Slots of a client that has nothing but licences. */
const slotsWithoutPlan = 1;

interface FactsRow {
  readonly customerDisabled: boolean;
  readonly agencyDisabled: boolean;
  readonly paused: boolean;
  readonly subscriptionId: string | null;
  readonly subscriptionStatus: string | null;
  readonly addOns: unknown;
  readonly quotaDueAt: Date | null;
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

const selectFacts = async (
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  feature: string,
  now: Date,
  callId: string | null,
): Promise<FactsRow> => {
  const { rows } = await sql.query<FactsRow>({
    name: 'gate-facts',
    text: selectGateFacts,
    values: [agencyId, customerId, feature, now, callId, holdOutlives],
  });
  const [row] = rows;
  if (!row) throw new Error(`client ${customerId} was found and is not there`);
  return row;
};

/**
 * What decides about a client's calls, the call itself left out of what is counted. In a transaction that holds the client's row, so that
 * nobody counts beside it; there a quota period whose time has come is opened first.
 */
export async function readGateFacts(
  { clock, ledger, versions }: GateDependencies,
  sql: Sql,
  client: CustomerKey,
  feature: string,
  callId: string | null,
): Promise<ReadFacts> {
  const now = clock.now();
  let row = await selectFacts(sql, client, feature, now, callId);
  if (row.quotaDueAt !== null && row.quotaDueAt <= now && (await openDue(sql, client, now))) {
    row = await selectFacts(sql, client, feature, now, callId);
  }
  const [balance = Money.zero('USD')] = await ledger.balances(sql, [client]);
  const quotaPlan = versionOf({
    planAgencyId: row.quotaPlanAgencyId,
    planId: row.quotaPlanId,
    planVersion: row.quotaPlanVersion,
    carrier: row.carrier,
  });
  const [version = null, ratedBy = null] = await versions.read(sql, [versionOf(row), quotaPlan ?? versionOf(row)]);
  const known = (await findFeatures(sql, [{ agencyId: client.agencyId, feature }]))(client.agencyId, feature);
  const terms = termsOf(ratedBy, known ?? { id: feature, aggregation: 'sum' }, row.included ?? '0');
  const addOns = row.subscriptionId === null ? {} : addOnsSchema.parse(row.addOns);
  const cover = coverOf(row);
  const addOnLeft = Decimal.max(row.addOnLeft, 0);
  return {
    customerDisabled: row.customerDisabled,
    agencyDisabled: row.agencyDisabled,
    paused: row.paused,
    agencyPaused: row.agencyPaused,
    cover,
    subscriptionPaused: row.subscriptionStatus === 'paused',
    featureCovered: row.included !== null || addOnLeft.greaterThan(0) || goesOn(row) || cover === 'licence',
    terms,
    unlimited: cover === 'trial' && goesOn(row),
    quantityLeft: Decimal.max(terms.included.minus(row.free ?? 0), 0).plus(addOnLeft),
    heldQuantity: new Decimal(row.heldQuantity),
    balance,
    heldAmount: Money.of(row.heldAmount, 'USD'),
    slots: { used: row.sessions, limit: slotLimitOf(row, cover, version, addOns) },
    agencySlots: await agencySlotsOf(sql, client.agencyId, row, now),
    callSessionId: row.callSessionId,
    version,
    addOns,
  };
}

async function openDue(sql: Sql, client: CustomerKey, now: Date): Promise<boolean> {
  const live = await lockLive(sql, client);
  if (!live || live.quotaDueAt === null || live.quotaDueAt > now || !opensQuotas(live)) return false;
  await openQuotas(sql, live, now);
  return true;
}

const goesOn = ({ trialGoesOn }: FactsRow): boolean => trialGoesOn === true;

function coverOf(row: FactsRow): Cover {
  const isServed = row.subscriptionStatus !== null && row.subscriptionStatus !== 'paused';
  // Days that were granted serve on what the subscription was.
  if (isServed || (row.subscriptionStatus !== null && row.daysLicensed)) return 'subscription';
  if (row.trialConcurrency !== null) return 'trial';
  return row.daysLicensed || new Decimal(row.addOnLeft).greaterThan(0) ? 'licence' : null;
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
  now: Date,
): Promise<Slots | null> {
  if (agencyCustomerId === null || agencyCustomerAgencyId === null) return null;
  const own = await loadLive(sql, { agencyId: agencyCustomerAgencyId, customerId: agencyCustomerId });
  const limit = own && slotsOf(own.document, own.addOns);
  if (limit === null) return null;
  await sql.query('SELECT 1 FROM customers WHERE agency_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    agencyCustomerAgencyId,
    agencyCustomerId,
  ]);
  const { rows } = await sql.query<{ sessions: number }>(countAgencySessions, [agencyId, now]);
  return { used: rows[0]?.sessions ?? 0, limit };
}
