import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Crash } from '../../unit/catalog/fake-catalog-port.ts';
import { addAccount, agency, createWorld, ids, platform, type World } from './world.ts';

const two = agency(ids.two);

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

/** What can be bought at the provider: whether the product is shown, and the parts that have a price. */
const forSale = () => ({
  shown: [...world.port.products.values()].map(({ active }) => active),
  prices: world.port.livePrices.map(({ metadata }) => metadata.baisa_part).sort(),
});
const gone = { shown: [false], prices: [] };
const carry = async (change: Parameters<World['publishNew']>[1] = {}): Promise<string> => {
  const { id } = await world.publishNew(platform, {
    cycles: { monthly: '10.00', yearly: '100.00' },
    recurring: [],
    packs: [],
    usage: [],
    ...change,
  });
  await world.runJobs();
  return id;
};
const whole = { shown: [true], prices: ['base:monthly', 'base:yearly'] };

describe('a plan that is sold no more', () => {
  test.each([
    ['archived', (id: string) => world.catalog.switchPlan(platform, id, 'archive')],
    ['deleted', (id: string) => world.catalog.deletePlan(platform, id)],
  ])('is taken out of sale at the provider as it is %s', async (_how, end) => {
    const id = await carry();
    expect(forSale()).toEqual(whole);
    await end(id);
    expect(forSale()).toEqual(whole);
    await world.runJobs();
    expect(forSale()).toEqual(gone);
  });

  test('stays as it is there while somebody lives on it, and goes with the last one', async () => {
    const id = await carry();
    world.livePlans.planIds.push(id);
    await world.catalog.switchPlan(platform, id, 'archive');
    const jobs = await world.takeJobs();
    const run = async () => {
      for (const { payload } of jobs) await world.catalog.jobs['catalog.publish'].handle(payload);
    };
    await run();
    expect(forSale()).toEqual(whole);
    world.livePlans.planIds.length = 0;
    await run();
    expect(forSale()).toEqual(gone);
  });

  test('is not made at a provider that never had it', async () => {
    const { id } = await world.publishNew(platform);
    await world.catalog.switchPlan(platform, id, 'archive');
    await world.runJobs();
    expect(world.port.calls).toEqual([]);
  });

  test('is left alone once it is out of sale', async () => {
    const id = await carry();
    await world.catalog.switchPlan(platform, id, 'archive');
    const [job] = await world.takeJobs();
    await world.catalog.jobs['catalog.publish'].handle(job?.payload);
    world.port.calls.length = 0;
    await world.catalog.jobs['catalog.publish'].handle(job?.payload);
    expect(world.port.calls).toEqual([]);
  });

  test('and only disabled may be sold again, and keeps its prices', async () => {
    const id = await carry();
    await world.catalog.switchPlan(platform, id, 'disable');
    await world.runJobs();
    expect(forSale()).toEqual(whole);
  });
});

describe('a platform plan that an agency sells', () => {
  beforeEach(async () => {
    // One account in memory stands for one at the provider: here it is the agency's.
    await world.database.prisma.merchantAccount.updateMany({ data: { status: 'disconnected' } });
    await addAccount(world, { agencyId: ids.two, id: 'macc_two' });
  });
  const offer = async (...planIds: string[]): Promise<void> => {
    await world.offers.setAgencyOffers(platform, ids.two, planIds);
    await world.runJobs();
  };

  /** Ends the first run of the job after so many calls; false where it had ended by itself. */
  const crashDuringWithdrawal = async (calls: number): Promise<boolean> => {
    await world.offers.setAgencyOffers(platform, ids.two, []);
    const [job] = await world.takeJobs();
    let seen = 0;
    world.port.interference = {
      after: () => {
        seen += 1;
        if (seen === calls) throw new Crash();
      },
    };
    const crashed = await world.catalog.jobs['catalog.publish'].handle(job?.payload).then(
      () => false,
      (error: unknown) => error instanceof Crash,
    );
    world.port.interference = {};
    return crashed;
  };
  const carryAgain = (planId: string): Promise<void> =>
    world.catalog.jobs['catalog.publish'].handle({ agencyId: ids.platform, planId, merchantAccountId: 'macc_two' });

  test('is out of sale as it is withdrawn and for sale as it is offered again, as often as that happens', async () => {
    const id = await carry();
    for (let turn = 0; turn < 3; turn += 1) {
      await offer(id);
      expect({ turn, ...forSale() }).toEqual({ turn, ...whole });
      await offer();
      expect({ turn, ...forSale() }).toEqual({ turn, ...gone });
    }
  });

  test('is not taken out of the accounts of those that still may sell it', async () => {
    const id = await carry();
    await offer(id);
    await world.offers.setAgencyOffers(platform, ids.one, [id]);
    await world.runJobs();
    await world.offers.setAgencyOffers(platform, ids.one, []);
    await world.runJobs();
    expect(forSale()).toEqual(whole);
  });

  test('is not brought back by a synchronisation', async () => {
    const id = await carry();
    await offer(id);
    await offer();
    await world.catalog.sync(platform, { dryRun: false });
    expect(forSale()).toEqual(gone);
    await expect(world.catalog.sync(two, { dryRun: false, planId: id })).rejects.toMatchObject({ status: 404 });
  });

  test('is out of sale in the end, wherever a withdrawal crashes', async () => {
    const id = await carry();
    let crashes = 0;
    for (let call = 1; ; call += 1) {
      await offer(id);
      expect(forSale()).toEqual(whole);
      const crashed = await crashDuringWithdrawal(call);
      await carryAgain(id);
      expect(forSale()).toEqual(gone);
      if (!crashed) break;
      crashes += 1;
    }
    expect(crashes).toBeGreaterThan(2);
  });

  test('is for sale in the end, wherever a withdrawal crashes before it is offered again', async () => {
    const id = await carry();
    let crashes = 0;
    for (let call = 1; ; call += 1) {
      await offer(id);
      const crashed = await crashDuringWithdrawal(call);
      await offer(id);
      expect(forSale()).toEqual(whole);
      if (!crashed) break;
      crashes += 1;
    }
    expect(crashes).toBeGreaterThan(2);
  });
});
