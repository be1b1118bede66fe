import { describe, expect, test } from 'vitest';
import { applyPlan, type LinkStore, type StoredLink } from '../../../src/catalog/apply.ts';
import { desired, type SoldVersion } from '../../../src/catalog/desired.ts';
import { type CatalogLink, diff } from '../../../src/catalog/diff.ts';
import { FixedClock } from '../../../src/clock.ts';
import { createMemoryOperationStore } from '../providers/memory-operation-store.ts';
import { Crash, FakeCatalogPort } from './fake-catalog-port.ts';
import { omaniAccount, sold } from './plans.ts';

class MemoryLinks implements LinkStore {
  links: readonly StoredLink[] = [];

  async load(): Promise<readonly StoredLink[]> {
    return this.links;
  }

  async replace(key: string, made: Omit<CatalogLink, 'key' | 'active'> | null): Promise<void> {
    const others = this.links.filter(({ remoteId }) => remoteId !== made?.remoteId);
    const retired = others.map((link) => (link.key === key ? { ...link, active: false } : link));
    const revision = (this.links.find(({ remoteId }) => remoteId === made?.remoteId)?.revision ?? 0) + 1;
    this.links = made ? [...retired, { ...made, key, active: true, revision }] : retired;
  }

  async findShared(kind: string, fingerprint: string): Promise<string | null> {
    const shared = this.links.find((link) => link.active && link.kind === kind && link.fingerprint === fingerprint);
    return shared?.remoteId ?? null;
  }

  exclusively<Result>(_name: string, work: () => Promise<Result>): Promise<Result> {
    return work();
  }
}

/** One plan in one account, over restarts: the provider, the operations and the links outlive a crash. */
function setUp() {
  const port = new FakeCatalogPort();
  const links = new MemoryLinks();
  const operations = {
    store: createMemoryOperationStore(),
    clock: new FixedClock('2026-11-21T00:00:00Z'),
    wait: async () => {},
  };
  const targetOf = (version: SoldVersion, usdRate: string) => {
    const wanted = desired(version, { ...omaniAccount, usdRate });
    if (wanted.blocked !== null) throw new Error(wanted.blocked);
    return wanted;
  };
  return {
    port,
    links,
    difference: (version: SoldVersion, usdRate = '0.385') =>
      diff({ planId: 'plan_1', merchantAccountId: 'macc_1', desired: targetOf(version, usdRate), links: links.links }),
    apply: (version: SoldVersion, usdRate = '0.385') =>
      applyPlan({
        catalog: port,
        operations,
        links,
        account: omaniAccount,
        planId: 'plan_1',
        version: version.version,
        desired: targetOf(version, usdRate),
      }),
  };
}

type World = ReturnType<typeof setUp>;

function expectOnlyLive(
  world: World,
  amounts: Readonly<Record<string, string>>,
  parts: Readonly<Record<string, string>> = {},
): void {
  const live = world.port.livePrices.map(({ lookupKey, amount }) => [lookupKey, amount.toDecimalString()]);
  const wanted = [
    ...Object.entries(amounts).map(([cycle, amount]) => [`baisa:plan_1:base:${cycle}`, amount]),
    ...Object.entries(parts).map(([part, amount]) => [`baisa:plan_1:${part}`, amount]),
  ];
  expect(live.sort()).toEqual(wanted.sort());
  const remembered = world.links.links.filter(({ kind, active }) => kind === 'price' && active);
  expect(remembered.map(({ remoteId }) => remoteId).sort()).toEqual(world.port.livePrices.map(({ id }) => id).sort());
}

const baseOnly = { recurring: [], packs: [] };
const first = sold({ ...baseOnly, cycles: { monthly: '10.00', yearly: '100.00' } });
const second = sold({ ...baseOnly, cycles: { monthly: '12.00', yearly: '100.00' }, displayName: 'Gold' }, 2);

const metered = { feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' } as const;
const whole = sold({
  cycles: { monthly: '10.00' },
  usage: [metered],
  tax: { name: 'GST', percent: '5', inclusive: true },
});
const wholeChanged = sold(
  {
    cycles: { monthly: '12.00' },
    usage: [metered],
    recurring: [{ feature: 'concurrency', included: 2, unitPrice: '20.00' }],
    packs: [{ feature: 'call_minutes', quantity: '500', price: '50.00', validDays: 90 }],
    tax: { name: 'GST', percent: '6', inclusive: true },
  },
  2,
);
const wholeAmounts = {
  'base:monthly': '4.620',
  'addon:concurrency:monthly': '7.700',
  'pack:call_minutes:500:90': '19.250',
  'overage:call_minutes': '0.010',
};

const secondAmounts = { monthly: '4.620', yearly: '38.500' };

/** Crashes at the n-th call, before it took effect or after. */
function crashAt(port: FakeCatalogPort, call: number, moment: 'before' | 'after'): void {
  let seen = 0;
  port.interference = {
    [moment]: () => {
      seen += 1;
      if (seen === call) throw new Crash();
    },
  };
}

const moments = ['before', 'after'] as const;

describe('a plan in an account', () => {
  test('is one product and one price per cycle, and nothing is left to do', async () => {
    const world = setUp();
    await world.apply(first);
    expectOnlyLive(world, { monthly: '3.850', yearly: '38.500' });
    expect(world.difference(first)).toEqual([]);
  });

  test('keeps the price of a cycle that did not change, and replaces the one that did', async () => {
    const world = setUp();
    await world.apply(first);
    const yearly = world.port.livePrices.find(({ cycle }) => cycle === 'yearly');
    await world.apply(second);
    expectOnlyLive(world, secondAmounts);
    expect(world.port.livePrices.find(({ cycle }) => cycle === 'yearly')?.id).toBe(yearly?.id);
    expect(world.port.products.get('baisa_plan_1')?.name).toBe('Gold');
  });

  test('goes back to an earlier price by making it anew', async () => {
    const world = setUp();
    for (const usdRate of ['0.385', '0.4', '0.385', '0.4', '0.385']) await world.apply(first, usdRate);
    expectOnlyLive(world, { monthly: '3.850', yearly: '38.500' });
  });

  test('leaves prices alone that are not ours', async () => {
    const world = setUp();
    await world.apply(first);
    const [ours] = world.port.livePrices;
    if (!ours) throw new Error('a price was made');
    world.port.prices.set('price_foreign', { ...ours, id: 'price_foreign', lookupKey: null, metadata: {} });
    await world.apply(second);
    expect(world.port.prices.get('price_foreign')?.active).toBe(true);
  });

  test.each(moments)(
    'has one live price per cycle after a crash %s any call, when it is tried again',
    async (moment) => {
      let crashes = 0;
      for (let call = 1; ; call += 1) {
        const world = setUp();
        await world.apply(first);
        crashAt(world.port, call, moment);
        const crashed = await world.apply(second).then(
          () => false,
          (error: unknown) => error instanceof Crash,
        );
        world.port.interference = {};
        if (!crashed) break;
        crashes += 1;
        await world.apply(second);
        expectOnlyLive(world, secondAmounts);
        expect(world.difference(second)).toEqual([]);
      }
      expect(crashes).toBeGreaterThan(3);
    },
  );

  test.each(moments)(
    'has one live price per cycle when another version is sold after a crash %s any call',
    async (moment) => {
      for (let call = 1; ; call += 1) {
        const world = setUp();
        await world.apply(first);
        crashAt(world.port, call, moment);
        const crashed = await world.apply(second).then(
          () => false,
          (error: unknown) => error instanceof Crash,
        );
        world.port.interference = {};
        if (!crashed) break;
        await world.apply({ ...first, version: 3 });
        expectOnlyLive(world, { monthly: '3.850', yearly: '38.500' });
      }
    },
  );

  test.each(moments)(
    'with a tax, a meter, add-ons, packs and overage has one live object per part after a crash %s any call',
    async (moment) => {
      let crashes = 0;
      for (let call = 1; ; call += 1) {
        const world = setUp();
        await world.apply(whole);
        crashAt(world.port, call, moment);
        const crashed = await world.apply(wholeChanged).then(
          () => false,
          (error: unknown) => error instanceof Crash,
        );
        world.port.interference = {};
        if (!crashed) break;
        crashes += 1;
        await world.apply(wholeChanged);
        expectOnlyLive(world, {}, wholeAmounts);
        expect([...world.port.taxes.values()].filter(({ active }) => active)).toHaveLength(2);
        expect(world.port.counters.size).toBe(1);
        expect(world.difference(wholeChanged)).toEqual([]);
      }
      expect(crashes).toBeGreaterThan(8);
    },
  );
});
