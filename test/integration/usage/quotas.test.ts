import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { versionDocumentSchema } from '../../../src/catalog/plan-document.ts';
import { inTransaction } from '../../../src/database/database.ts';
import { newId } from '../../../src/ids.ts';
import { openDueQuotas, openQuotas } from '../../../src/subscriptions/open-quotas.ts';
import { lockLive } from '../../../src/subscriptions/subscription.store.ts';
import { createUsageWorld, ids, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
let bigger: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
  bigger = await world.fixedPlan({ usage: [{ feature: 'call_minutes', included: '1000', overagePrice: '0.05' }] });
});
afterAll(() => world.close());

const dayMs = 86_400_000;

async function onFixed(change: Parameters<UsageClient['subscribe']>[1] = {}): Promise<UsageClient> {
  const client = await world.newClient();
  await client.subscribe(fixed, change);
  return client;
}

/** Asks for the bigger plan from the client's next period on. */
async function changesPlan(client: UsageClient): Promise<void> {
  const subscription = await world.database.prisma.subscription.findFirstOrThrow({ where: { customerId: client.id } });
  await world.database.prisma.subscriptionChange.create({
    data: {
      ...{ agencyId: ids.two, id: newId('subscriptionChange'), customerId: client.id, subscriptionId: subscription.id },
      ...{ planAgencyId: ids.two, planId: bigger, planVersion: 1, cycle: 'monthly', addOns: {}, collection: 'card' },
      ...{ status: 'pending', effectiveAt: subscription.quotaDueAt ?? world.clock.now(), createdAt: world.clock.now() },
    },
  });
}

/** What the provider's word of the change does. */
async function changed(client: UsageClient): Promise<void> {
  const now = world.clock.now();
  await inTransaction(world.database.pool, async (sql) => {
    const live = await lockLive(sql, { agencyId: ids.two, customerId: client.id });
    const { document } = await world.database.prisma.planVersion.findFirstOrThrow({ where: { planId: bigger } });
    if (!live) throw new Error('the client lives on nothing');
    const plan = { agencyId: ids.two, planId: bigger };
    await openQuotas(sql, { ...live, plan, document: versionDocumentSchema.parse(document), quotaDueAt: null }, now);
    await sql.query(`UPDATE subscription_changes SET status = 'applied', ended_at = $2 WHERE customer_id = $1`, [
      client.id,
      now,
    ]);
  });
}

const plansOf = async (client: UsageClient) =>
  (
    await world.database.prisma.quotaPeriod.findMany({
      where: { customerId: client.id },
      orderBy: { periodStart: 'asc' },
    })
  ).map(({ planId }) => planId);

const grantDays = async (client: UsageClient, days: number): Promise<void> => {
  const now = world.clock.now();
  await world.database.prisma.licence.create({
    data: {
      ...{ agencyId: ids.two, id: newId('licence'), customerId: client.id, kind: 'days', days, startsAt: now },
      ...{ expiresAt: new Date(now.getTime() + days * dayMs), remarks: 'granted', source: 'granted' },
      ...{ grantedBy: 'test', createdAt: now, updatedAt: now },
    },
  });
};

describe('a change of plan that is due', () => {
  test('opens the next period on the new plan, whoever meets the anniversary first', async () => {
    const first = {
      'the sweep': () => openDueQuotas(world),
      'a call': (client: UsageClient) => client.refusal('a'),
      'an event': (client: UsageClient) => client.send([{ id: `first of ${client.id}`, quantity: '1' }]),
    };
    for (const [who, meet] of Object.entries(first)) {
      const client = await onFixed();
      await changesPlan(client);
      await client.pastPeriod(0.1);
      await meet(client);
      expect(await plansOf(client), who).toEqual([fixed]);
      await changed(client);
      expect(await plansOf(client), who).toEqual([fixed, bigger]);
      await client.send([{ id: `of ${client.id}`, quantity: '600' }]);
      expect(await client.balance(), who).toBe('0.00');
    }
  });

  test('serves on what it brings until it is made, and charges nothing within it', async () => {
    const client = await onFixed();
    await changesPlan(client);
    await client.pastPeriod(0.1);
    expect(await client.call('a')).toMatchObject({ allowed: true });
    await client.send([{ id: 'before the change', quantity: '300' }]);
    expect(await client.totals()).toMatchObject([{ used: '300', free: '300', cost: '0' }]);
    expect(await client.balance()).toBe('0.00');
  });
});

describe('a period that is opened late', () => {
  async function usedTooSoon(): Promise<UsageClient> {
    const client = await onFixed();
    await client.topUp('50.00');
    // Without service the next period is not asked for until it goes on.
    await world.database.prisma.subscription.updateMany({
      where: { customerId: client.id },
      data: { quotaDueAt: null },
    });
    await client.pastPeriod(1);
    await client.send([{ id: `too soon ${client.id}`, quantity: '100' }]);
    expect(await client.balance()).toBe('30.00');
    await changed(client);
    return client;
  }

  test('gives back what was charged before, with nothing more sent', async () => {
    const client = await usedTooSoon();
    await Promise.all([world.usage.sweep(), world.usage.sweep()]);
    expect(await client.balance()).toBe('50.00');
    expect(await client.totals()).toEqual([
      { feature: 'call_minutes', used: '100', free: '100', addOn: '0', overage: '0', cost: '0' },
    ]);
  });

  test('resumes service that what was charged before had paused', async () => {
    const client = await usedTooSoon();
    await client.takeBack('35.00');
    expect(await client.refusal('a')).toBe('service_paused');
    await world.usage.sweep();
    expect(await client.refusal('a')).toBe('allowed');
  });

  test('gives its licences back before its quota, and draws on them again after it', async () => {
    const client = await onFixed();
    await client.licence('70');
    await world.database.prisma.subscription.updateMany({
      where: { customerId: client.id },
      data: { quotaDueAt: null },
    });
    await client.pastPeriod(1);
    await client.send([{ id: `licensed ${client.id}`, quantity: '1020' }]);
    await changed(client);
    await world.usage.sweep();
    expect(await client.totals()).toMatchObject([{ free: '1000', addOn: '20', overage: '0', cost: '0' }]);
    expect(await client.balance()).toBe('0.00');
  });

  test('rates a reversal alone by its own terms, and keeps them', async () => {
    const client = await usedTooSoon();
    await client.send([{ id: `more ${client.id}`, quantity: '1100' }]);
    expect(await client.balance()).toBe('40.00');
    await client.send([{ id: `less ${client.id}`, quantity: '-1', reverses: `more ${client.id}` }]);
    expect(await client.balance()).toBe('40.05');
    expect(await world.database.prisma.usageTotal.findFirst({ where: { customerId: client.id } })).toMatchObject({
      planId: bigger,
    });
  });

  test('gives the balance back what the new plan asks for by invoice', async () => {
    const client = await usedTooSoon();
    const usage = [{ feature: 'call_minutes', included: '10', overagePrice: '0.50', collect: 'invoice' as const }];
    const planId = await world.fixedPlan({ usage });
    await world.database.prisma.quotaPeriod.updateMany({
      where: { customerId: client.id, planId: bigger },
      data: { planId, included: '10' },
    });
    await world.usage.sweep();
    expect(await client.balance()).toBe('50.00');
    expect(await client.totals()).toMatchObject([{ overage: '90', cost: '45' }]);
  });
});

describe('service ends', () => {
  test('with the days of grace, and neither a call nor an event opens another period', async () => {
    const client = await onFixed({ status: 'past_due', pastDueSince: world.clock.now() });
    await client.topUp('5.00');
    world.clock.advance(2 * dayMs);
    expect(await client.refusal('in time')).toBe('allowed');
    world.clock.advance(2 * dayMs);
    expect(await client.refusal('late')).toBe('subscription_paused');
    await client.pastPeriod(1);
    expect(await client.refusal('later')).toBe('subscription_paused');
    await client.send([{ id: `unpaid ${client.id}`, quantity: '1' }]);
    expect(await plansOf(client)).toEqual([fixed]);
  });

  test('with a trial that nobody has said what became of', async () => {
    const trialEndsAt = new Date(world.clock.now().getTime() + dayMs);
    const client = await onFixed({ status: 'trialing', trialEndsAt });
    expect(await client.refusal('tried')).toBe('allowed');
    world.clock.advance(dayMs);
    expect(await client.refusal('over')).toBe('subscription_paused');
  });

  test('where it was canceled to, before its provider says so', async () => {
    const client = await onFixed();
    const { quotaDueAt } = await world.database.prisma.subscription.findFirstOrThrow({
      where: { customerId: client.id },
    });
    await world.database.prisma.subscription.updateMany({
      where: { customerId: client.id },
      data: { cancelAt: quotaDueAt },
    });
    await client.pastPeriod(0.1);
    expect(await client.refusal('a')).toBe('no_subscription');
    await client.send([{ id: `after ${client.id}`, quantity: '1' }]);
    expect(await plansOf(client)).toEqual([fixed]);
  });
});

describe('days of service', () => {
  test('open the quotas of a paused subscription for as long as they stand', async () => {
    const client = await onFixed({ status: 'paused', pauseReason: 'unpaid', quotaDueAt: null });
    expect(await client.refusal('a')).toBe('subscription_paused');
    await grantDays(client, 40);
    expect(await client.refusal('b')).toBe('allowed');
    await client.pastPeriod(1);
    await client.send([{ id: `served ${client.id}`, quantity: '10' }]);
    expect(await client.balance()).toBe('0.00');
    expect(await client.refusal('c')).toBe('allowed');
    expect(await plansOf(client)).toEqual([fixed, fixed]);
    await client.pastPeriod(1);
    expect(await client.refusal('d')).toBe('subscription_paused');
    expect(await plansOf(client)).toEqual([fixed, fixed]);
  });

  test('give nothing to a client without a subscription', async () => {
    const client = await world.newClient();
    await grantDays(client, 40);
    await client.topUp('5.00');
    expect(await client.refusal('a')).toBe('no_subscription');
    await client.licence('7');
    expect(await client.refusal('a')).toBe('allowed');
  });
});
