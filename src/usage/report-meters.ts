import { Decimal } from 'decimal.js';
import { meterNameOf } from '../catalog/part.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { creditAdjustment } from '../ledger/postings.ts';
import { effectiveRateOf, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { Money } from '../money/money.ts';
import {
  addDelivery,
  addWindow,
  lockWindow,
  moveDeliveries,
  raiseAlert,
  readDeliveries,
  readTotals,
  saveWindow,
  selectDue,
} from './meter.sql.ts';
import {
  type Counting,
  countsAt,
  type DeliveryState,
  identifierOf,
  planWindow,
  takenMs,
  targetOf,
  type Uninvoiced,
  type WindowPlan,
  worthOfSteps,
} from './meter-window.ts';
import type { TotalsKey } from './place.ts';
import { costOf } from './rating.ts';
import { termsOf, type Versions } from './terms.ts';

export interface MeterDependencies {
  readonly database: Pick<Database, 'pool'>;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'post'>;
  readonly merchantAccounts: Pick<MerchantAccounts, 'byId'>;
  readonly versions: Versions;
}

/** Whoever invoices overage has meters: nothing of a plan is lacking there. */
const onMeters = { carrier: null } as const;

interface TotalsRow {
  readonly overage: string;
  readonly cost: string;
  readonly revision: number;
  readonly periodEnd: Date;
  readonly included: string;
  readonly planAgencyId: string;
  readonly planId: string;
  readonly planVersion: number;
  readonly merchantAccountId: string;
  readonly providerCustomerId: string;
  readonly livePlanAgencyId: string;
  readonly livePlanId: string;
  readonly livePlanVersion: number;
  readonly endedAt: Date | null;
  readonly cancelAt: Date | null;
  readonly pastDueSince: Date | null;
  readonly meterId: string | null;
}

interface WindowRow {
  readonly merchantAccountId: string;
  readonly meterId: string | null;
  readonly eventName: string;
  readonly counts: 'units' | 'steps';
  readonly currency: string;
  readonly rate: string;
  readonly revision: number;
  readonly credited: string;
  readonly blockedUntil: Date | null;
}

interface DeliveryRow {
  readonly identifier: string;
  readonly value: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly deliveredAt: Date | null;
  readonly createdAt: Date;
}

const batchMax = 500;
/** Periods that began earlier are over for more than 35 days, and were looked at since. */
const lookBackMs = 2 * takenMs + 31 * 86_400_000;
/** When to look again for a meter that the account does not have yet, and for an invoice that is not paid. */
const askAgainMs = 3_600_000;

const keyOf = ({ agencyId, customerId, feature, holderId, periodStart }: TotalsKey) =>
  [agencyId, customerId, feature, holderId, periodStart] as const;

/**
 * Makes the events that meters lack, and decides what is to be taken back, of every window that may be behind; nothing is sent. Answers
 * how many windows were looked at.
 */
export async function reportMeters(dependencies: MeterDependencies): Promise<number> {
  const { database, clock } = dependencies;
  let looked = 0;
  for (;;) {
    const now = clock.now();
    const { rows } = await database.pool.query<TotalsKey>(selectDue, [
      now,
      new Date(now.getTime() - lookBackMs),
      batchMax,
    ]);
    for (const key of rows) await inTransaction(database.pool, (sql) => reportWindow(dependencies, sql, key, now));
    looked += rows.length;
    if (rows.length < batchMax) return looked;
  }
}

async function reportWindow(dependencies: MeterDependencies, sql: Sql, key: TotalsKey, now: Date): Promise<void> {
  const window = await openWindow(dependencies, sql, key, now);
  if (!window) return;
  // Behind the lock, so that what is said of totals is never older than what was said before.
  const totals = await totalsOf(sql, key);
  if (!totals) return;
  const { rows: made } = await sql.query<DeliveryRow>(readDeliveries, [...keyOf(key)]);
  const deliveries = made.map((row) => ({ ...row, value: new Decimal(row.value) }));
  const counting: Counting = { ...window, rate: new Decimal(window.rate) };
  const target = targetOf(counting, { overage: new Decimal(totals.overage), cost: Money.of(totals.cost, 'USD') });
  const endsAt = earlierOf(totals.periodEnd, totals.cancelAt);
  const plan = planWindow(
    {
      target,
      credited: new Decimal(window.credited),
      periodEnd: totals.periodEnd,
      endsAt,
      uninvoiced: await uninvoicedBy(dependencies.versions, sql, key, totals, now >= endsAt),
      blockedUntil: window.blockedUntil,
      madeAt: deliveries.findLast(({ state }) => state !== 'withdrawn')?.createdAt ?? null,
      deliveries,
    },
    now,
  );
  const meterId = window.meterId ?? totals.meterId;
  const told: Told = { key, now, window: { ...window, meterId }, totals, target, endsAt };
  await sql.query(moveDeliveries, [key.agencyId, plan.withdraw, 'withdrawn', null, now]);
  await sql.query(moveDeliveries, [key.agencyId, plan.cancel, 'canceling', now, now]);
  const madeOne = await make(sql, told, plan);
  const gaveBack = await giveBack(dependencies, sql, told, counting, plan.credit);
  const waits = (plan.make !== null && !madeOne) || (!plan.credit.isZero() && !gaveBack);
  await sql.query(saveWindow, [
    ...keyOf(key),
    meterId,
    target.toFixed(),
    totals.revision,
    window.revision + (madeOne ? 1 : 0),
    new Decimal(window.credited).plus(gaveBack ? plan.credit : 0).toFixed(),
    waits ? new Date(now.getTime() + askAgainMs) : plan.nextAt,
    now,
  ]);
}

async function uninvoicedBy(
  versions: Versions,
  sql: Sql,
  { feature }: TotalsKey,
  totals: TotalsRow,
  periodIsOver: boolean,
): Promise<Uninvoiced | null> {
  if (totals.endedAt !== null) return 'subscription_ended';
  const { livePlanAgencyId: planAgencyId, livePlanId: planId, livePlanVersion: planVersion } = totals;
  if (!periodIsOver || (planId === totals.planId && planVersion === totals.planVersion)) return null;
  const [live] = await versions.read(sql, [{ planAgencyId, planId, planVersion, ...onMeters }]);
  const collect = live?.usage.find((line) => line.feature === feature)?.collect;
  // Meters are an agency's: another agency's plan has another one.
  return collect === 'invoice' && planAgencyId === totals.planAgencyId ? null : 'plan_changed';
}

interface Told {
  readonly key: TotalsKey;
  readonly now: Date;
  readonly window: WindowRow;
  readonly totals: TotalsRow;
  readonly target: Decimal;
  readonly endsAt: Date;
}

const earlierOf = (first: Date, second: Date | null): Date => (second !== null && second < first ? second : first);

async function totalsOf(sql: Sql, key: TotalsKey): Promise<TotalsRow | undefined> {
  const { rows } = await sql.query<TotalsRow>(readTotals, [...keyOf(key)]);
  return rows[0];
}

/** Locks the window, made first where it is not there: the currency and the rate are the account's of that moment, for good. */
async function openWindow(
  { merchantAccounts }: MeterDependencies,
  sql: Sql,
  key: TotalsKey,
  now: Date,
): Promise<WindowRow | null> {
  const found = await lock(sql, key);
  if (found) return found;
  const totals = await totalsOf(sql, key);
  const account = totals && (await merchantAccounts.byId(totals.merchantAccountId, sql));
  if (!totals || !account) return null;
  const counts = countsOf(account);
  await sql.query(addWindow, [
    ...keyOf(key),
    totals.periodEnd,
    account.id,
    totals.providerCustomerId,
    totals.meterId,
    meterNameOf(totals.planAgencyId, key.feature, counts),
    counts,
    account.effectiveCurrency,
    effectiveRateOf(account).value.toFixed(),
    now,
  ]);
  return lock(sql, key);
}

async function lock(sql: Sql, key: TotalsKey): Promise<WindowRow | null> {
  const { rows } = await sql.query<WindowRow>(lockWindow, [...keyOf(key)]);
  return rows[0] ?? null;
}

/** As its meters are published; see `meteredPrice` of the catalogue. */
const countsOf = ({ effectiveCurrency }: MerchantAccount): 'units' | 'steps' =>
  Money.zero(effectiveCurrency).currency.decimals === 3 ? 'steps' : 'units';

/** False where there is no meter to be told. */
async function make(sql: Sql, { key, now, window, endsAt }: Told, plan: WindowPlan): Promise<boolean> {
  if (plan.make === null) return false;
  const revision = window.revision + 1;
  if (window.meterId === null && plan.unbillable === null) return false;
  const identifier = identifierOf(key.customerId, window.meterId ?? 'none', key.periodStart, revision);
  await sql.query(addDelivery, [
    ...keyOf(key),
    identifier,
    revision,
    plan.make.toFixed(),
    countsAt({ periodStart: key.periodStart, endsAt }, now),
    plan.unbillable === null ? 'pending' : 'unbillable',
    plan.unbillable === null ? now : null,
    plan.unbillable,
    now,
  ]);
  if (plan.unbillable !== null) {
    const detail = { ...key, value: plan.make.toFixed(), counts: window.counts, reason: plan.unbillable };
    await sql.query(raiseAlert, [
      key.agencyId,
      'usage_unbillable',
      identifier,
      newId('alert'),
      JSON.stringify(detail),
      now,
    ]);
  }
  return true;
}

/** What was invoiced too much, on the balance. Not before the invoice is paid, for it would be a present. */
async function giveBack(
  { ledger, versions }: MeterDependencies,
  sql: Sql,
  { key, window, totals, target }: Told,
  counting: Counting,
  excess: Decimal,
): Promise<boolean> {
  if (excess.isZero() || totals.pastDueSince !== null) return false;
  const amount =
    counting.counts === 'steps'
      ? worthOfSteps(counting, excess)
      : await worthOfUnits(versions, sql, key, totals, target, excess);
  if (!amount.isPositive) return true;
  const name = `${key.customerId}:${key.feature}:${key.holderId}:${key.periodStart.toISOString()}`;
  await ledger.post(sql, [
    creditAdjustment({
      agencyId: key.agencyId,
      customerId: key.customerId,
      merchantAccountId: window.merchantAccountId,
      reference: `meter:${name}:${new Decimal(window.credited).plus(excess).toFixed()}`,
      source: `meter:${name}: more was invoiced than was used in the end`,
      amount,
    }),
  ]);
  return true;
}

async function worthOfUnits(
  versions: Versions,
  sql: Sql,
  key: TotalsKey,
  totals: TotalsRow,
  target: Decimal,
  excess: Decimal,
): Promise<Money> {
  const [version] = await versions.read(sql, [{ ...totals, ...onMeters }]);
  const terms = termsOf(version ?? null, { id: key.feature, aggregation: 'sum' }, totals.included);
  const grossOf = (overage: Decimal): Money => {
    const { net, tax } = costOf(terms, overage);
    return net.plus(tax);
  };
  return grossOf(target.plus(excess)).minus(grossOf(target));
}
