import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { livePlanOf } from '../../../src/subscriptions/live-plan.ts';
import { addAccount, agency, ids, platform } from '../catalog/world.ts';
import { client, createSubscriptionWorld, portal, type SubscriptionWorld, two } from './world.ts';

let world: SubscriptionWorld;
/** The platform's, with a price at the provider. */
let wholesale: string;
beforeAll(async () => {
  world = await createSubscriptionWorld();
});
beforeEach(async () => {
  await world.reset();
  // One account in memory stands for one at the provider: here it is the agency's.
  await world.database.prisma.merchantAccount.updateMany({ data: { status: 'disconnected' } });
  await addAccount(world, { agencyId: ids.two, id: 'macc_two' });
  const packs = [{ feature: 'call_minutes', quantity: '100', price: '9.00' }];
  wholesale = await world.payAsYouGo(platform, 'wholesale', { packs });
  await world.runJobs();
});
afterAll(() => world.close());

const key = { agencyId: ids.two, customerId: client };
const refusal = (code: string, status: number) => expect.objectContaining({ code, status });
const offer = async (...planIds: string[]): Promise<void> => {
  await world.offers.setAgencyOffers(platform, ids.two, planIds);
  await world.runJobs();
};
const shown = async () =>
  (await world.offers.previewPlans(portal, client, { limit: 10, after: undefined })).map(({ id }) => id);
const carried = () => ({
  products: [...world.port.products.values()].map(({ active }) => active),
  prices: world.port.livePrices.length,
});

describe('a platform plan that is offered to an agency', () => {
  test('is published to its account, seen by the client that it names it to, and started by it', async () => {
    expect(carried()).toEqual({ products: [], prices: 0 });
    await offer(wholesale);
    expect(carried()).toEqual({ products: [true], prices: 1 });

    await expect(world.start(portal, wholesale)).rejects.toEqual(refusal('plan_not_buyable', 404));
    await world.offers.setOffers(two, client, [wholesale]);
    expect(await shown()).toEqual([wholesale]);
    expect(await world.start(portal, wholesale)).toMatchObject({
      started: true,
      subscription: { ...key, plan: { agencyId: ids.platform, planId: wholesale }, planVersion: 1 },
    });
    expect(await world.told()).toMatchObject([{ agencyId: ids.two, data: { planId: wholesale } }]);
  });

  test('is assigned by the agency without naming it to the client', async () => {
    await offer(wholesale);
    expect(await world.start(two, wholesale)).toMatchObject({ started: true });
  });

  test('is sold by no other agency', async () => {
    await offer(wholesale);
    await world.addClient('cus_one', ids.one);
    await expect(world.start(agency(ids.one), wholesale, 'cus_one')).rejects.toEqual(refusal('not_found', 404));
  });

  test('stays at the version that the client started, whatever the platform publishes', async () => {
    await offer(wholesale);
    await world.start(two, wholesale);
    await world.catalog.patchPlan(platform, wholesale, { displayName: 'Dearer' });
    await world.catalog.publishPlan(platform, wholesale);
    expect(await livePlanOf(world.database.pool, key)).toMatchObject({
      agencyId: ids.platform,
      version: 1,
      document: { displayName: 'wholesale' },
    });
  });

  test('is not deleted by the platform while a client of the agency lives on it', async () => {
    await offer(wholesale);
    await world.start(two, wholesale);
    await expect(world.catalog.deletePlan(platform, wholesale)).rejects.toEqual(refusal('plan_in_use', 409));
  });
});

describe('an offer that is withdrawn', () => {
  test('stops new sales and keeps what runs, at the provider until the last client has left', async () => {
    await offer(wholesale);
    const { subscription } = await world.start(two, wholesale);
    await world.addClient('cus_later');
    await offer();

    expect(await world.subscriptions.find(portal, client)).toEqual(subscription);
    await expect(world.start(two, wholesale, 'cus_later')).rejects.toEqual(refusal('not_found', 404));
    expect(await shown()).toEqual([]);
    expect(carried()).toEqual({ products: [true], prices: 1 });

    await world.subscriptions.cancel(two, client);
    await world.runJobs();
    expect(carried()).toEqual({ products: [false], prices: 0 });
    await expect(world.start(two, wholesale)).rejects.toEqual(refusal('not_found', 404));
  });

  test('takes the plan out of the agency’s account whoever else’s clients live on it', async () => {
    await offer(wholesale);
    await world.offers.setAgencyOffers(platform, ids.one, [wholesale]);
    await world.addClient('cus_one', ids.one);
    await world.start(agency(ids.one), wholesale, 'cus_one');
    await offer();
    expect(carried()).toEqual({ products: [false], prices: 0 });
  });

  test('waits for the sale that is being recorded', async () => {
    await offer(wholesale);
    const order: string[] = [];
    const waiting = async (): Promise<number> => {
      const { rows } = await world.database.pool.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows[0]?.waiting ?? 0;
    };
    const blocker = await world.database.pool.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE test_events IN ACCESS EXCLUSIVE MODE');
    const sale = world.start(two, wholesale).then(() => order.push('sold'));
    await expect.poll(waiting).toBe(1);
    const withdrawal = world.offers.setAgencyOffers(platform, ids.two, []).then(() => order.push('withdrawn'));
    await expect.poll(waiting).toBe(2);
    await blocker.query('COMMIT');
    blocker.release();
    await Promise.all([sale, withdrawal]);
    expect(order).toEqual(['sold', 'withdrawn']);
  });
});
