import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ProviderError, type ProviderErrorKind } from '../../../src/providers/errors.ts';
import { Crash } from '../../unit/catalog/fake-catalog-port.ts';
import { addAccount, agency, createWorld, ids, newPlan, platform, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const everything = { dryRun: false };
const page = { limit: 10, before: undefined };

/** The base prices; add-ons, packs and the rest have tests of their own. */
const live = () =>
  world.port.livePrices
    .filter(({ lookupKey }) => lookupKey?.includes(':base:'))
    .map(({ cycle, amount }) => `${cycle} ${amount}`)
    .sort();
const statusOf = async (planId: string) =>
  (await world.catalog.status(platform, { planId }, page)).standings.map(({ status, reason }) => ({ status, reason }));

const fail = (kind: ProviderErrorKind, message: string) => {
  world.port.interference = {
    before: () => {
      throw new ProviderError({ kind, message });
    },
  };
};

describe('publishing a plan', () => {
  test('queues one job per account with the publication, and the job makes product and prices', async () => {
    const { id } = await world.publishNew(platform);
    expect(await statusOf(id)).toEqual([{ status: 'pending', reason: null }]);
    expect(world.port.calls).toEqual([]);

    await world.runJobs();
    expect(live()).toEqual(['monthly 18.870 OMR', 'quarterly 53.520 OMR', 'yearly 192.120 OMR']);
    expect(await statusOf(id)).toEqual([{ status: 'in_sync', reason: null }]);
  });

  test('runs its job twice without a second write', async () => {
    await world.publishNew(platform);
    const [job] = await world.takeJobs();
    await world.catalog.jobs['catalog.publish'].handle(job?.payload);
    const { length } = world.port.calls;
    await world.catalog.jobs['catalog.publish'].handle(job?.payload);
    expect(world.port.calls).toHaveLength(length);
  });

  test('goes to the accounts of its agency, and to the platform’s while it has none', async () => {
    await world.publishNew(agency(ids.one));
    expect((await world.takeJobs()).map(({ payload }) => payload.merchantAccountId)).toEqual([ids.account]);
    await addAccount(world, { agencyId: ids.one, id: 'macc_one' });
    await world.publishNew(agency(ids.one), { name: 'silver' });
    expect((await world.takeJobs()).map(({ payload }) => payload.merchantAccountId)).toEqual(['macc_one']);
  });

  test('asks for USD where the account cannot charge its currency', async () => {
    await world.database.prisma.merchantAccount.updateMany({ data: { effectiveCurrency: 'USD' } });
    await world.publishNew(platform, { cycles: { monthly: '49.00' } });
    await world.runJobs();
    expect(live()).toEqual(['monthly 49.00 USD']);
  });
});

describe('synchronising', () => {
  test('a second time makes no provider call and names no operation', async () => {
    await world.publishNew(platform);
    const first = await world.catalog.sync(platform, everything);
    expect(first.operations).toHaveLength(8);
    expect(first).toMatchObject({ applied: true, blocked: [] });

    const { length } = world.port.calls;
    expect(await world.catalog.sync(platform, everything)).toEqual({ operations: [], applied: true, blocked: [] });
    expect(world.port.calls).toHaveLength(length);
  });

  test('shows what it would do on a dry run, and asks nobody', async () => {
    const { id } = await world.publishNew(platform, { cycles: { monthly: '10.00' }, recurring: [], packs: [] });
    const { operations, applied } = await world.catalog.sync(platform, { dryRun: true });
    const where = { planId: id, merchantAccountId: ids.account };
    expect(applied).toBe(false);
    expect(operations).toEqual([
      { ...where, action: 'create', kind: 'product', key: 'product', reason: expect.any(String) },
      { ...where, action: 'create', kind: 'price', key: 'base:monthly', reason: expect.any(String) },
    ]);
    expect(world.port.calls).toEqual([]);
  });

  test('replaces the prices after the rate changed', async () => {
    const { id } = await world.publishNew(platform, { cycles: { monthly: '10.00' } });
    await world.runJobs();
    await world.database.prisma.merchantAccount.updateMany({ data: { usdRate: '0.4' } });
    expect(await statusOf(id)).toMatchObject([{ status: 'pending' }]);
    await world.catalog.sync(platform, everything);
    expect(live()).toEqual(['monthly 4.000 OMR']);
    expect(await statusOf(id)).toMatchObject([{ status: 'in_sync' }]);
  });

  test('leaves drafts alone', async () => {
    await world.catalog.createPlan(platform, newPlan(), undefined);
    expect((await world.catalog.sync(platform, everything)).operations).toEqual([]);
  });

  test('is limited to the scope, the plan and the account that are named', async () => {
    const mine = await world.publishNew(agency(ids.one));
    const theirs = await world.publishNew(agency(ids.two));
    const planIds = async (...[scope, selection]: Parameters<typeof world.catalog.sync>) =>
      new Set((await world.catalog.sync(scope, selection)).operations.map(({ planId }) => planId));
    expect(await planIds(agency(ids.one), { dryRun: true })).toEqual(new Set([mine.id]));
    expect(await planIds(platform, { dryRun: true })).toEqual(new Set([mine.id, theirs.id]));
    expect(await planIds(platform, { dryRun: true, planId: theirs.id })).toEqual(new Set([theirs.id]));
    const unknown = world.catalog.sync(platform, { dryRun: true, merchantAccountId: 'macc_none' });
    await expect(unknown).rejects.toMatchObject({ status: 404 });
  });

  test('from several places at once ends with one live price per cycle', async () => {
    const { id } = await world.publishNew(platform);
    await world.catalog.sync(platform, everything);
    await world.catalog.patchPlan(platform, id, { cycles: { monthly: '59.00' } });
    await world.catalog.publishPlan(platform, id);
    await Promise.all(Array.from({ length: 8 }, () => world.catalog.sync(platform, everything)));
    expect(live()).toEqual(['monthly 22.720 OMR']);
  });
});

describe('a provider that refuses', () => {
  test.each(['invalid', 'auth'] as const)('for good (%s) blocks the publication with its reason', async (kind) => {
    const { id } = await world.publishNew(platform);
    fail(kind, 'Stripe: no such thing');
    await world.runJobs();
    expect(await statusOf(id)).toEqual([{ status: 'blocked', reason: 'Stripe: no such thing' }]);

    const { blocked } = await world.catalog.sync(platform, everything);
    expect(blocked).toEqual([{ planId: id, merchantAccountId: ids.account, reason: 'Stripe: no such thing' }]);
    world.port.interference = {};
    await world.catalog.sync(platform, everything);
    expect(await statusOf(id)).toEqual([{ status: 'in_sync', reason: null }]);
  });

  test.each(['unavailable', 'indeterminate', 'rate_limited'] as const)(
    'for now (%s) is tried again by the worker',
    async (kind) => {
      const { id } = await world.publishNew(platform);
      const [job] = await world.takeJobs();
      fail(kind, 'Stripe: not now');
      await expect(world.catalog.jobs['catalog.publish'].handle(job?.payload)).rejects.toMatchObject({ kind });
      expect(await statusOf(id)).toEqual([{ status: 'pending', reason: 'It will be tried again: Stripe: not now' }]);

      world.port.interference = {};
      await world.catalog.jobs['catalog.publish'].handle(job?.payload);
      expect(await statusOf(id)).toEqual([{ status: 'in_sync', reason: null }]);
    },
  );

  test('in one account does not keep the others from their prices', async () => {
    const first = await world.publishNew(platform, { name: 'first', cycles: { monthly: '10.00' } });
    const second = await world.publishNew(platform, { name: 'second', cycles: { monthly: '20.00' } });
    let isFirst = true;
    world.port.interference = {
      before: () => {
        if (isFirst) {
          isFirst = false;
          throw new ProviderError({ kind: 'indeterminate', message: 'cut' });
        }
      },
    };
    await expect(world.catalog.sync(platform, everything)).rejects.toMatchObject({ kind: 'indeterminate' });
    // They go side by side, so that either may have met it.
    const standings = [...(await statusOf(first.id)), ...(await statusOf(second.id))];
    expect(standings.map(({ status }) => status).sort()).toEqual(['in_sync', 'pending']);
  });

  test('has no way to the currency of the account: the plan is blocked before anything is called', async () => {
    await addAccount(world, { agencyId: ids.one, id: 'macc_aed', chargeCurrency: 'AED', usdRate: '3.6725' });
    const { id } = await world.publishNew(agency(ids.one), { currency: 'OMR' });
    await world.runJobs();
    expect(await statusOf(id)).toMatchObject([{ status: 'blocked', reason: expect.stringMatching(/OMR to AED/) }]);
    expect(world.port.calls).toEqual([]);
  });
});

test('a publication that crashes around any provider call ends with one live price per cycle', async () => {
  const { id } = await world.publishNew(platform, { cycles: { monthly: '10.00', yearly: '100.00' } });
  await world.runJobs();
  let crashes = 0;
  for (let call = 1; ; call += 1) {
    const price = `${20 + call}.00`;
    await world.catalog.patchPlan(platform, id, { cycles: { monthly: price, yearly: '100.00' } });
    await world.catalog.publishPlan(platform, id);
    let seen = 0;
    world.port.interference = {
      after: () => {
        seen += 1;
        if (seen === call) throw new Crash();
      },
    };
    const [job] = await world.takeJobs();
    const crashed = await world.catalog.jobs['catalog.publish'].handle(job?.payload).then(
      () => false,
      (error: unknown) => error instanceof Crash,
    );
    world.port.interference = {};
    await world.catalog.jobs['catalog.publish'].handle(job?.payload);
    expect(live().map((line) => line.split(' ')[0])).toEqual(['monthly', 'yearly']);
    expect(await statusOf(id)).toEqual([{ status: 'in_sync', reason: null }]);
    if (!crashed) break;
    crashes += 1;
  }
  expect(crashes).toBeGreaterThan(2);
});
