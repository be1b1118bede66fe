import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../src/database/database.ts';
import { receiveTopUp } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import type { Invoice } from '../../../src/subscriptions/offline-invoice.store.ts';
import { listQuotaPeriods } from '../../../src/subscriptions/quota-period.store.ts';
import { loadLatest, lockLive, saveSubscription } from '../../../src/subscriptions/subscription.store.ts';
import { switchCollection } from '../../../src/subscriptions/switch-collection.ts';
import { changeCustomer } from '../../../src/tenancy/change-customer.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { ids, platform } from '../catalog/world.ts';
import { createOfflineWorld, type OfflineWorld } from './offline-world.ts';
import { client, portal, two } from './world.ts';

let world: OfflineWorld;
/** Subscriptions that were handed to a provider, in order. */
const handedOver: string[] = [];

// Each test has books and a calendar of its own.
beforeEach(async () => {
  handedOver.length = 0;
  world = await createOfflineWorld({
    switchToCard: async (_sql, { id }) => {
      handedOver.push(id);
    },
  });
});
afterEach(() => world.close());

const key = { agencyId: ids.two, customerId: client };
const at = (text: string): Date => new Date(`${text}T08:00:00.000Z`);
const moveTo = async (day: string): Promise<void> => {
  world.clock.advance(at(day).getTime() - world.clock.now().getTime());
  await world.sweep();
};

const invoices = (scope: Scope = two) => world.offline.invoices.list(scope, client, { limit: 100, after: undefined });
const shown = ({ periodStart, total, status }: Invoice): string =>
  `${periodStart?.toISOString().slice(0, 10)} ${total} ${status}`;
const billed = async (): Promise<readonly string[]> => (await invoices()).map(shown).reverse();
const quotas = async (): Promise<readonly string[]> =>
  (await listQuotaPeriods(world.database.pool, key))
    .map(
      ({ periodStart, planVersion, included }) =>
        `${periodStart.toISOString().slice(0, 10)} v${planVersion} ${Number(included)}`,
    )
    .reverse();
const told = async (): Promise<readonly string[]> => (await world.told()).map(({ type }) => type);
const latest = () => loadLatest(world.database.pool, key);
const balances = async (agencyId: string = ids.two): Promise<readonly string[]> =>
  (await world.ledger.systemBalances(agencyId)).map(({ code, balance }) => `${code} ${balance}`).sort();

describe('a client that pays without a card', () => {
  test('has service at once: its first invoice and its quotas are of that moment', async () => {
    const subscription = await world.startOffline(await world.fixed('gold'), { addOns: { concurrency: 1 } });
    expect(subscription).toMatchObject({
      status: 'active',
      collection: 'offline',
      cycle: 'monthly',
      addOns: { concurrency: 1 },
      anchorAt: at('2026-11-21'),
      periodStart: at('2026-11-21'),
      periodEnd: at('2026-12-21'),
      providerSubscriptionId: null,
    });
    expect(await billed()).toEqual(['2026-11-21 64.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100']);
    expect(await told()).toEqual(['subscription.activated']);
  });

  test('is refused terms that its plan does not sell, and nothing is left of the try', async () => {
    const planId = await world.fixed('gold');
    await expect(world.startOffline(planId, { addOns: { concurrency: 9 } })).rejects.toMatchObject({
      code: 'add_on_over_limit',
    });
    expect(await latest()).toBeNull();
    expect(await invoices()).toEqual([]);
  });

  test('is renewed at each anniversary, once, whoever runs and however late', async () => {
    await world.startOffline(await world.fixed('gold'));
    await moveTo('2026-12-20');
    expect(await billed()).toHaveLength(1);
    await moveTo('2026-12-21');
    await world.sweep();
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open', '2026-12-21 49.00 USD open']);
    await moveTo('2027-04-01');
    expect((await billed()).slice(2)).toEqual(
      ['2027-01-21', '2027-02-21', '2027-03-21'].map((day) => `${day} 49.00 USD open`),
    );
    expect(await quotas()).toEqual(
      ['2026-11-21', '2026-12-21', '2027-01-21', '2027-02-21', '2027-03-21'].map((day) => `${day} v1 100`),
    );
    expect(await latest()).toMatchObject({ periodStart: at('2027-03-21'), periodEnd: at('2027-04-21') });
    expect((await invoices()).at(-1)?.billingReason).toBe('subscription_create');
    expect((await invoices()).slice(0, -1).map(({ billingReason }) => billingReason)).toEqual(
      Array.from({ length: 4 }, () => 'subscription_cycle'),
    );
    expect(world.failures).toEqual([]);
  });

  test('by the year has its quotas by the month', async () => {
    await world.startOffline(await world.fixed('gold'), { cycle: 'yearly' });
    await moveTo('2027-02-01');
    expect(await billed()).toEqual(['2026-11-21 499.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100', '2026-12-21 v1 100', '2027-01-21 v1 100']);
    await moveTo('2027-11-21');
    expect(await billed()).toEqual(['2026-11-21 499.00 USD open', '2027-11-21 499.00 USD open']);
    expect(await quotas()).toHaveLength(13);
  });

  test('from the end of a month stays at the ends of months', async () => {
    world.clock.advance(at('2027-01-31').getTime() - world.clock.now().getTime());
    await world.startOffline(await world.fixed('gold'));
    await moveTo('2027-04-30');
    expect((await billed()).map((line) => line.slice(0, 10))).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
    ]);
  });

  test('that asked to end ends with its period, and is renewed no more', async () => {
    await world.startOffline(await world.fixed('gold'));
    await inTransaction(world.database.pool, async (sql) => {
      const live = await lockLive(sql, key);
      if (live) await saveSubscription(sql, { ...live, cancelAt: live.periodEnd }, world.clock.now());
    });
    await moveTo('2027-03-01');
    expect(await latest()).toMatchObject({ status: 'canceled', endedAt: at('2026-12-21') });
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100']);
    expect(await told()).toEqual(['subscription.activated', 'subscription.canceled']);
  });
});

async function change(next: { planId?: string; cycle?: string; addOns?: object; collection?: string }): Promise<void> {
  const live = await latest();
  if (!live?.periodEnd) throw new Error('there is nothing to change');
  await world.database.prisma.subscriptionChange.create({
    data: {
      ...key,
      id: `subc_${world.clock.now().getTime()}`,
      subscriptionId: live.id,
      planAgencyId: live.plan.agencyId,
      planId: next.planId ?? live.plan.planId,
      planVersion: 1,
      cycle: next.cycle ?? live.cycle,
      addOns: { ...live.addOns, ...next.addOns },
      collection: next.collection ?? 'offline',
      status: 'pending',
      effectiveAt: live.periodEnd,
      createdAt: world.clock.now(),
    },
  });
}
const changes = async (): Promise<readonly string[]> => {
  const rows = await world.database.prisma.subscriptionChange.findMany({ orderBy: { createdAt: 'asc' } });
  return rows.map(({ collection, status }) => `${collection} ${status}`);
};

describe('a change that waits', () => {
  test('is applied at the boundary: the new price and quotas from there on, the old ones up to it', async () => {
    await world.startOffline(await world.fixed('gold'));
    const silver = await world.fixed('silver', {
      cycles: { quarterly: '60.00' },
      usage: [{ feature: 'call_minutes', included: '30', overagePrice: '0.20' }],
    });
    await change({ planId: silver, cycle: 'quarterly' });
    await moveTo('2026-12-20');
    expect(await latest()).toMatchObject({ cycle: 'monthly' });
    await moveTo('2027-02-01');
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open', '2026-12-21 60.00 USD open']);
    expect(await quotas()).toEqual(['2026-11-21 v1 100', '2026-12-21 v1 30', '2027-01-21 v1 30']);
    expect(await latest()).toMatchObject({
      plan: { planId: silver },
      cycle: 'quarterly',
      collection: 'offline',
      periodEnd: at('2027-03-21'),
    });
    expect(await changes()).toEqual(['offline applied']);
    expect(await told()).toEqual(['subscription.activated', 'subscription.updated']);
  });

  test('to pay-as-you-go ends what is paid ahead, and nothing more', async () => {
    await world.startOffline(await world.fixed('gold'));
    await change({ planId: await world.payAsYouGo(two, 'payg'), collection: 'none' });
    await moveTo('2027-02-01');
    expect(await billed()).toHaveLength(1);
    expect(await latest()).toMatchObject({ collection: 'none', cycle: null, periodEnd: null, status: 'active' });
    expect(await quotas()).toEqual(['2026-11-21 v1 100', '2026-12-21 v1 0', '2027-01-21 v1 0']);
  });
});

describe('a client that is to pay with a card from now on', () => {
  const collect = (collection: 'card' | 'offline') =>
    changeCustomer(
      { ...world.database, clock: world.clock, onCollectionChanged: switchCollection(world) },
      two,
      client,
      { collection },
    );

  test('goes on as it is until its next cycle, and is handed over then, without an invoice of ours', async () => {
    await collect('offline');
    const { id } = await world.startOffline(await world.fixed('gold'));
    await collect('card');
    expect(await changes()).toEqual(['card pending']);
    await moveTo('2026-12-20');
    expect(handedOver).toEqual([]);
    await moveTo('2026-12-21');
    expect(new Set(handedOver)).toEqual(new Set([id]));
    expect(await billed()).toHaveLength(1);
    expect(await quotas()).toHaveLength(1);
  });

  test('and back before that, has nothing waiting; whatever else waits, waits on', async () => {
    await collect('offline');
    await world.startOffline(await world.fixed('gold'));
    await collect('card');
    await collect('offline');
    expect(await changes()).toEqual(['card replaced']);
    world.clock.advance(1000);
    await change({ addOns: { concurrency: 3 } });
    await collect('card');
    await collect('offline');
    await moveTo('2026-12-21');
    expect(await latest()).toMatchObject({ addOns: { concurrency: 3 }, collection: 'offline' });
    expect(await billed()).toEqual(['2026-11-21 49.00 USD open', '2026-12-21 94.00 USD open']);
  });
});

const tax = { name: 'GST', percent: '5', inclusive: false };

describe('an invoice', () => {
  test('is drawn from the balance where the agency has it so, with its tax, and may take it below zero', async () => {
    await world.setAgency({ offlineCollection: 'balance' });
    const topUp = { ...key, merchantAccountId: ids.account, reference: 'manual:1', source: 'test' };
    await world.ledger.postAlone(receiveTopUp({ ...topUp, amount: Money.of('60.00', 'USD') }));
    await world.startOffline(await world.fixed('gold', { tax }));
    expect(await billed()).toEqual(['2026-11-21 51.45 USD paid']);
    expect(String(await world.ledger.balance(ids.two, client))).toBe('8.55 USD');
    await moveTo('2026-12-21');
    expect(String(await world.ledger.balance(ids.two, client))).toBe('-42.90 USD');
    expect(await balances()).toEqual(['manual_receipts 60.00 USD', 'revenue 98.00 USD', 'tax_payable 4.90 USD']);
  });

  test('of a plan in another currency is drawn in USD at the rate that the version froze', async () => {
    await world.setAgency({ offlineCollection: 'balance' });
    const rial = { currency: 'OMR', cycles: { monthly: '19.250' }, recurring: [], packs: [] } satisfies Parameters<
      OfflineWorld['fixed']
    >[1];
    await world.startOffline(await world.fixed('rial', rial));
    expect(await billed()).toEqual(['2026-11-21 50.00 USD paid']);
  });

  test('is left open for whoever is paid outside, and marked paid once, under one name', async () => {
    await world.startOffline(await world.fixed('gold', { tax }));
    const [open] = await invoices();
    const id = open?.id ?? '';
    const mark = (externalReference?: string) => world.offline.invoices.markPaid(two, id, { externalReference });
    const [paid] = await Promise.all([mark('bank 7'), mark('bank 7'), mark('bank 7')]);
    expect(paid).toMatchObject({ status: 'paid', externalReference: 'bank 7', paidAt: world.clock.now() });
    expect(await mark()).toMatchObject({ status: 'paid' });
    await expect(mark('bank 8')).rejects.toMatchObject({ status: 409, code: 'invoice_paid' });
    expect(await balances()).toEqual([
      'manual_receipts 51.45 USD',
      'subscription_revenue 49.00 USD',
      'tax_payable 2.45 USD',
    ]);
    const entries = await world.database.prisma.auditEntry.findMany({ where: { subject: id } });
    expect(entries.map(({ action }) => action)).toEqual(['invoice.paid']);
  });

  test('takes no name that another payment has: of an invoice, or onto a balance', async () => {
    await world.startOffline(await world.fixed('gold'));
    await moveTo('2027-01-01');
    const [second, first] = (await invoices()).map(({ id }) => id);
    const mark = (id = '', externalReference = 'bank 7') =>
      world.offline.invoices.markPaid(two, id, { externalReference });
    await mark(first);
    await expect(mark(second)).rejects.toMatchObject({ status: 409, code: 'reference_conflict' });
    const topUp = { ...key, merchantAccountId: ids.account, reference: 'manual:bank 9', source: 'test' };
    await world.ledger.postAlone(receiveTopUp({ ...topUp, amount: Money.of('49.00', 'USD') }));
    await expect(mark(second, 'bank 9')).rejects.toMatchObject({ status: 409, code: 'reference_conflict' });
    expect(await billed()).toEqual(['2026-11-21 49.00 USD paid', '2026-12-21 49.00 USD open']);
  });

  test('paid outside for a plan that shares revenue leaves the agency owing the platform its part', async () => {
    const shared = { type: 'revenue_sharing', revenueShare: { agencyPercent: '70' }, tax } as const;
    const planId = await world.fixed('shared', shared, platform);
    await world.offers.setAgencyOffers(platform, ids.two, [planId]);
    await world.startOffline(planId);
    const [open] = await invoices();
    await world.offline.invoices.markPaid(two, open?.id ?? '', { externalReference: undefined });
    // 30 % of 49.00, which is net of tax.
    expect(await balances()).toContain('payable_to_platform 14.70 USD');
    expect(await balances(ids.platform)).toContain('receivable_from_agency 14.70 USD');
  });

  test('of a plan that costs nothing is paid as it is made, and nothing is posted', async () => {
    await world.startOffline(await world.fixed('free', { cycles: { monthly: '0.00' } }));
    expect(await billed()).toEqual(['2026-11-21 0.00 USD paid']);
    expect(await balances()).toEqual([]);
  });

  test('is its client’s and its agency’s to see, and nobody else’s', async () => {
    await world.startOffline(await world.fixed('gold'));
    const [own] = await invoices(portal);
    const id = own?.id ?? '';
    expect(await world.offline.invoices.find(portal, id)).toMatchObject({ id });
    const stranger = { ...portal, customerId: 'cus_stranger' } as const;
    const other = { role: 'agency', agencyId: ids.one, keyId: 'key' } as const;
    for (const scope of [stranger, other]) {
      await expect(world.offline.invoices.find(scope, id)).rejects.toMatchObject({ status: 404 });
      await expect(world.offline.invoices.list(scope, client, { limit: 1, after: undefined })).rejects.toMatchObject({
        status: 404,
      });
    }
    await expect(world.offline.invoices.markPaid(other, id, { externalReference: undefined })).rejects.toMatchObject({
      status: 404,
    });
  });
});

test('one that cannot be renewed holds nobody else back, and is tried again', async () => {
  await world.startOffline(await world.fixed('gold'));
  await world.addClient('cus_broken');
  const { id } = await world.startOffline(await world.fixed('other'), {}, 'cus_broken');
  await world.database.pool.query(`UPDATE subscriptions SET cycle = 'quarterly', anchor_at = NULL WHERE id = $1`, [id]);
  await moveTo('2026-12-21');
  expect(await billed()).toHaveLength(2);
  expect(world.failures.length).toBeGreaterThan(0);
  await world.database.pool.query(`UPDATE subscriptions SET cycle = 'monthly', anchor_at = started_at WHERE id = $1`, [
    id,
  ]);
  await world.sweep();
  expect(await world.offline.invoices.list(two, 'cus_broken', { limit: 9, after: undefined })).toHaveLength(2);
});
