import { z } from 'zod';
import { monthsOf } from '../catalog/account-price.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { type Jobs, waitingKeys } from '../delivery/jobs.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { runOperation } from '../providers/operation.ts';
import type {
  CardSubscriptionsPort,
  ProviderSubscription,
  SchedulesPort,
  SubscriptionsPort,
} from '../providers/subscription-ports.ts';
import { type ApplyDependencies, applyReading } from './apply-subscription-events.ts';
import { type PendingChange, pendingChangeOf, saveCarried } from './change.store.ts';
import { checkoutOfSubscription } from './checkout.store.ts';
import { carryJobName } from './dependencies.ts';
import { feePercentOf } from './fee-percent.ts';
import { cycleItem } from './lifecycle.ts';
import { soldLines } from './subscribe.ts';
import { loadSubscription } from './subscription.store.ts';
import type { Subscription } from './subscription.ts';

const jobPayload = z.object({ agencyId: z.string(), customerId: z.string(), subscriptionId: z.string() });

const carryKey = ({ id }: Pick<Subscription, 'id'>): string => `${carryJobName}:${id}`;

export const enqueueCarry = (
  { jobs }: { readonly jobs: Pick<Jobs, 'enqueue'> },
  sql: Sql,
  { agencyId, customerId, id, collection }: Pick<Subscription, 'agencyId' | 'customerId' | 'id' | 'collection'>,
): Promise<void> =>
  collection === 'card'
    ? jobs.enqueue(sql, {
        name: carryJobName,
        payload: { agencyId, customerId, subscriptionId: id },
        key: carryKey({ id }),
      })
    : Promise.resolve();

/**
 * Asks for each subscription by card whose provider may not know yet what is wanted of it, because its account was away or nobody was
 * there to ask: an end, a change, or that there is none any more.
 */
export async function carryWhatWaits(dependencies: Pick<ApplyDependencies, 'database' | 'jobs'>): Promise<void> {
  const { pool } = dependencies.database;
  const { rows } = await pool.query<Pick<Subscription, 'agencyId' | 'customerId' | 'id'>>(
    `SELECT s.agency_id AS "agencyId", s.customer_id AS "customerId", s.id
       FROM subscriptions s JOIN merchant_accounts a ON a.id = s.merchant_account_id
      WHERE s.collection = 'card' AND s.ended_at IS NULL AND a.status <> 'disconnected'
        AND (s.agency_id, s.id) IN (
          SELECT agency_id, id FROM subscriptions WHERE ended_at IS NULL AND end_wanted IS NOT NULL
          UNION
          SELECT agency_id, subscription_id FROM subscription_changes WHERE status = 'pending' AND carried_at IS NULL)`,
  );
  // One that is tried again waits longer each time: to ask anew would make it start over.
  const waiting = await waitingKeys(pool, rows.map(carryKey));
  for (const row of rows) {
    if (!waiting.has(carryKey(row))) await enqueueCarry(dependencies, pool, { ...row, collection: 'card' });
  }
}

interface Carried {
  readonly subscription: Subscription;
  readonly account: MerchantAccount;
  readonly port: SubscriptionsPort;
  readonly schedules: SchedulesPort | undefined;
  readonly byCard: CardSubscriptionsPort | undefined;
  /** At the provider, as it was when this began. */
  readonly there: ProviderSubscription;
}

/**
 * The handler of `subscriptions.carry`: makes the provider's subscription what ours says, whatever was asked for on the way. What is to
 * change becomes its schedule, what is not any more is released, its end and its card are set. Each step looks at how things stand, so
 * that a run that died is gone on with by the next.
 */
export async function carry(dependencies: ApplyDependencies, payload: unknown): Promise<void> {
  const { agencyId, customerId, subscriptionId } = jobPayload.parse(payload);
  const { database, providers, merchantAccounts, clock } = dependencies;
  const subscription = await loadSubscription(database.pool, { agencyId, customerId }, subscriptionId);
  if (!subscription || subscription.endedAt !== null || subscription.providerSubscriptionId === null) return;
  const account = await merchantAccounts.byId(subscription.merchantAccountId ?? '');
  const provider = account && providers[account.provider];
  const port = provider?.subscriptions;
  if (!account || !port || account.status === 'disconnected') return;
  const ref = accountRefOf(account);
  const carried: Carried = {
    subscription,
    account,
    port,
    schedules: provider.schedules,
    byCard: provider.cardSubscriptions,
    there: await port.retrieve(ref, subscription.providerSubscriptionId),
  };
  const pending = await pendingChangeOf(database.pool, subscription);
  if (carried.there.endedAt === null) {
    const isScheduled = pending !== null && pending.collection === 'card';
    if (isScheduled) await schedule(dependencies, carried, pending);
    else await release(dependencies, carried);
    // The provider's part ends where another way to pay begins.
    const ends = pending !== null && pending.collection !== 'card' ? true : subscription.endWanted;
    await setEnd(dependencies, carried, ends);
    await setCard(dependencies, carried);
  }
  const readAt = clock.now();
  const read = await port.retrieve(ref, carried.there.id);
  await noteCarried(dependencies, read, pending);
  const { providerAccountId } = account;
  await inTransaction(database.pool, async (sql) => {
    const checkout = await checkoutOfSubscription(sql, agencyId, subscriptionId);
    if (!checkout) throw new Error(`subscription ${subscriptionId} was never begun`);
    const event = {
      ...{ provider: provider.name, providerAccountId, agencyId, subscriptionId, subscription: read },
      ...{ reading: null, trialWillEnd: false, trialCard: null, readAt },
    };
    await applyReading(dependencies, sql, event, { account, checkout, source: 'provider:answer' });
    // What was wanted may have changed meanwhile, and this run may have been the last to say what is not wanted any more.
    const isMade = pending !== null && read.metadata[metadataKeys.subscriptionChange] === pending.id;
    const wanted = await pendingChangeOf(sql, subscription);
    if (wanted?.id !== pending?.id && !isMade) await enqueueCarry(dependencies, sql, subscription);
  });
}

/** Says of a change that its provider knows of it now, and takes its time from there. */
async function noteCarried(
  { database, clock }: ApplyDependencies,
  read: ProviderSubscription,
  pending: PendingChange | null,
): Promise<void> {
  if (!pending || read.endedAt !== null) return;
  const isKnown = pending.collection === 'card' ? read.scheduleId !== null : read.cancelAt !== null;
  const at = read.cancelAt ?? cycleItem(read)?.periodEnd ?? pending.effectiveAt;
  if (isKnown) await saveCarried(database.pool, pending, at, clock.now());
}

/** Two writes make a schedule: the second is repeated until it is told, for the first alone changes nothing. */
async function schedule(
  { database, operations, versionDocument, clock }: ApplyDependencies,
  { subscription, account, port, schedules, there }: Carried,
  pending: PendingChange,
): Promise<void> {
  const cycle = pending.cycle;
  const periodEnd = cycleItem(there)?.periodEnd;
  // Where nothing can be scheduled no such change was taken.
  if (!schedules || cycle === null || periodEnd === undefined) return;
  // Carried out already, and not heard of yet.
  if (there.metadata[metadataKeys.subscriptionChange] === pending.id) return;
  const ref = accountRefOf(account);
  const isSaid = async (scheduleId: string): Promise<boolean> => {
    const said = await schedules.scheduledChange(ref, scheduleId);
    return said?.changeId === pending.id && said.at.getTime() === periodEnd.getTime();
  };
  if (there.scheduleId !== null && (await isSaid(there.scheduleId))) return;
  const document = await versionDocument(database.pool, pending.plan, pending.planVersion);
  const sale = { plan: pending.plan, version: pending.planVersion, document };
  const next = pending.lines ?? (await soldLines(database.pool, sale, { cycle, addOns: pending.addOns }, account));
  const begin = () =>
    runOperation(operations, {
      // As an end: one that somebody released at the provider is begun anew.
      id: `subscription_schedule:${pending.id}:${clock.now().getTime()}`,
      request: { id: there.id },
      call: (idempotencyKey) => schedules.beginSchedule(ref, there.id, { idempotencyKey }),
      lookUp: async () => {
        const found = await port.retrieve(ref, there.id);
        return found.scheduleId === null ? null : { scheduleId: found.scheduleId };
      },
    });
  const scheduleId = there.scheduleId ?? (await begin()).scheduleId;
  const change = {
    id: there.id,
    changeId: pending.id,
    current: there.items,
    periodEnd,
    next,
    nextMonths: monthsOf[cycle],
    applicationFeePercent: feePercentOf(document, subscription.agencyId, account),
    metadata: {
      [metadataKeys.subscriptionChange]: pending.id,
      [metadataKeys.plan]: pending.plan.planId,
      [metadataKeys.version]: String(pending.planVersion),
    },
  };
  await runOperation(operations, {
    // As an end: a change that took the place of another, and back, is a write of its own.
    id: `subscription_schedule_set:${pending.id}:${clock.now().getTime()}`,
    request: { scheduleId, ...change },
    call: (idempotencyKey) => schedules.schedule(ref, scheduleId, change, { idempotencyKey }),
    lookUp: async () => ((await isSaid(scheduleId)) ? port.retrieve(ref, there.id) : null),
  });
}

async function release({ operations }: ApplyDependencies, { account, port, schedules, there }: Carried): Promise<void> {
  const { scheduleId } = there;
  if (!schedules || scheduleId === null) return;
  await runOperation(operations, {
    id: `subscription_release:${scheduleId}`,
    request: { scheduleId },
    call: async (idempotencyKey) => {
      await schedules.releaseSchedule(accountRefOf(account), scheduleId, { idempotencyKey });
      return true;
    },
    lookUp: async () => ((await port.retrieve(accountRefOf(account), there.id)).scheduleId === null ? true : null),
  });
}

async function setEnd(
  { operations, clock }: ApplyDependencies,
  { account, port, there }: Carried,
  ends: boolean | null,
): Promise<void> {
  if (ends === null || (there.cancelAt !== null) === ends) return;
  await runOperation(operations, {
    // Ended and resumed as often as one likes: each time is a write of its own.
    id: `subscription_end:${there.id}:${ends}:${clock.now().getTime()}`,
    request: { id: there.id, ends },
    call: (idempotencyKey) => port.endWithPeriod(accountRefOf(account), there.id, ends, { idempotencyKey }),
    lookUp: async () => {
      const found = await port.retrieve(accountRefOf(account), there.id);
      return (found.cancelAt !== null) === ends ? found : null;
    },
  });
}

/** Renewals are charged to the client's default card, where that is saved on the subscription's account. */
async function setCard(
  { database, operations, findDefaultCard, clock }: ApplyDependencies,
  { subscription, account, port, byCard, there }: Carried,
): Promise<void> {
  if (!byCard) return;
  const card = await findDefaultCard(database.pool, subscription);
  if (card?.merchantAccountId !== account.id || there.defaultCardId === card.providerCardId) return;
  const { providerCardId } = card;
  await runOperation(operations, {
    // As an end: there and back again are writes of their own.
    id: `subscription_card:${there.id}:${providerCardId}:${clock.now().getTime()}`,
    request: { id: there.id, providerCardId },
    call: (idempotencyKey) =>
      byCard.setDefaultCard(accountRefOf(account), there.id, providerCardId, { idempotencyKey }),
    lookUp: async () => {
      const found = await port.retrieve(accountRefOf(account), there.id);
      return found.defaultCardId === providerCardId ? found : null;
    },
  });
}
