import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/catalog/drift.store.ts';
import { priceFacts } from '../../../src/catalog/drift.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { CatalogPrice } from '../../../src/providers/port.ts';
import { agency, createWorld, ids, platform, type World } from './world.ts';

let world: World;
let planId: string;

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  await world.reset();
  await world.database.pool.query('TRUNCATE drift_findings, drift_checks');
  const { id } = await world.publishNew(platform, {
    cycles: { monthly: '10.00' },
    packs: [],
    tax: { name: 'GST', percent: '5', inclusive: true },
    usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
  });
  planId = id;
  await world.runJobs();
});
afterAll(() => world.close());

const page = { limit: 100, before: undefined };
const open = { status: 'open' as const };

const check = async (): Promise<readonly Finding[]> => {
  await world.catalog.drift.check(platform, undefined);
  return world.catalog.drift.findings(platform, open, page);
};
const only = async (): Promise<Finding> => {
  const [finding, ...more] = await check();
  if (!finding || more.length > 0) throw new Error(`expected one finding, not ${more.length + (finding ? 1 : 0)}`);
  return finding;
};
const answer = (finding: Finding, what: 'restore' | 'adopt' | 'ignore') =>
  world.catalog.drift.answer(platform, finding.id, what);
const status = async () => (await world.catalog.status(platform, { planId }, page)).standings[0]?.status;

const priceOf = (part: string): CatalogPrice => {
  const found = world.port.livePrices.find(({ lookupKey }) => lookupKey === `baisa:${planId}:${part}`);
  if (!found) throw new Error(`no live price of ${part}`);
  return found;
};
const change = (price: CatalogPrice, to: Partial<CatalogPrice>): void => {
  world.port.prices.set(price.id, { ...price, ...to });
};
const product = () => {
  const found = world.port.products.get(`baisa_${planId}`);
  if (!found) throw new Error('no product');
  return found;
};
const only1 = <T>(objects: ReadonlyMap<string, T>): T => {
  const [object] = [...objects.values()];
  if (!object) throw new Error('there is none');
  return object;
};

/** Somebody at the provider's console, object by object; `mended` holds once it is restored. */
const edits: readonly [string, string, () => void, () => void][] = [
  [
    'an edited product',
    'edited',
    () => world.port.products.set(product().id, { ...product(), name: 'Golden' }),
    () => expect(product().name).toBe('Gold Tier'),
  ],
  [
    'an archived product',
    'archived',
    () => world.port.products.set(product().id, { ...product(), active: false }),
    () => expect(product().active).toBe(true),
  ],
  [
    'a deleted product',
    'deleted',
    () => world.port.products.delete(product().id),
    () => expect(product().name).toBe('Gold Tier'),
  ],
  [
    'an archived price',
    'archived',
    () => change(priceOf('base:monthly'), { active: false }),
    () => expect(priceOf('base:monthly').amount.toString()).toBe('3.850 OMR'),
  ],
  [
    'a price without its lookup key',
    'edited',
    () => change(priceOf('base:monthly'), { lookupKey: null }),
    () => expect(priceOf('base:monthly').amount.toString()).toBe('3.850 OMR'),
  ],
  [
    'a deleted price',
    'deleted',
    () => world.port.prices.delete(priceOf('addon:concurrency:monthly').id),
    () => expect(priceOf('addon:concurrency:monthly').amount.toString()).toBe('5.780 OMR'),
  ],
  [
    'an archived tax rate',
    'archived',
    () => world.port.taxes.set('txr_1', { ...only1(world.port.taxes), active: false }),
    () => expect(only1(world.port.taxes).active).toBe(true),
  ],
  [
    'a deactivated meter',
    'archived',
    () => world.port.counters.set('mtr_1', { ...only1(world.port.counters), active: false }),
    () => expect(only1(world.port.counters).active).toBe(true),
  ],
  [
    'a renamed meter',
    'edited',
    () => world.port.counters.set('mtr_1', { ...only1(world.port.counters), displayName: 'Minutes' }),
    () => expect(only1(world.port.counters).displayName).toMatch(/call_minutes/),
  ],
];

describe('drift', () => {
  test('is not found where nothing was changed', async () => {
    expect(await check()).toEqual([]);
    expect(await status()).toBe('in_sync');
  });

  test.each(edits)(
    'of %s is found and restored, and again when it happens again',
    async (_what, problem, edit, mended) => {
      for (let time = 1; time <= 2; time += 1) {
        edit();
        const finding = await only();
        expect(finding).toMatchObject({ problem, merchantAccountId: ids.account });
        expect(await status()).toBe('drifted');
        expect((await answer(finding, 'restore')).status).toBe('restored');
        mended();
        expect(await check()).toEqual([]);
        expect(await status()).toBe('in_sync');
        world.clock.advance(60_000);
      }
    },
  );

  test('is not written over by a synchronisation that has nothing to do', async () => {
    world.port.products.set(product().id, { ...product(), name: 'Golden' });
    await only();
    const { length } = world.port.calls;
    await world.catalog.sync(platform, { dryRun: false });
    expect(world.port.calls).toHaveLength(length);
    expect(product().name).toBe('Golden');
  });

  test('is over when the next version of the plan is published', async () => {
    world.port.products.set(product().id, { ...product(), name: 'Golden' });
    await only();
    await world.catalog.patchPlan(platform, planId, { displayName: 'Platinum' });
    await world.catalog.publishPlan(platform, planId);
    await world.runJobs();
    expect(product().name).toBe('Platinum');
    expect(await world.catalog.drift.findings(platform, open, page)).toEqual([]);
    expect(await status()).toBe('in_sync');
  });
});

describe('a price that looks like ours and is not', () => {
  const copy = (to: Partial<CatalogPrice>): CatalogPrice => {
    const made = { ...priceOf('base:monthly'), id: 'price_copy', lookupKey: null, ...to };
    world.port.prices.set(made.id, made);
    return made;
  };

  test('is taken out of sale by restoring', async () => {
    copy({});
    const finding = await only();
    expect(finding).toMatchObject({ problem: 'unknown', remoteId: 'price_copy', planId });
    await answer(finding, 'restore');
    expect(world.port.prices.get('price_copy')?.active).toBe(false);
    expect(await check()).toEqual([]);
  });

  test('becomes the one that is sold when it is adopted, and the other is archived', async () => {
    const before = priceOf('base:monthly');
    copy({});
    await answer(await only(), 'adopt');
    expect(priceOf('base:monthly').id).toBe('price_copy');
    expect(world.port.prices.get(before.id)?.active).toBe(false);
    expect(await check()).toEqual([]);
    expect(await status()).toBe('in_sync');
  });

  test.each<[string, Partial<CatalogPrice>]>([
    ['amount', { amount: Money.of('3.860', 'OMR') }],
    ['currency', { amount: Money.of('3.85', 'USD') }],
    ['interval', { cycle: 'yearly' }],
  ])('is not adopted when its %s differs', async (_what, to) => {
    copy(to);
    const refused = answer(await only(), 'adopt');
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'drift_adoption_refused' });
    expect(priceOf('base:monthly').amount.toString()).toBe('3.850 OMR');
  });

  test('is not adopted once it is archived', async () => {
    const made = copy({});
    const finding = await only();
    change(made, { active: false });
    await expect(answer(finding, 'adopt')).rejects.toMatchObject({ code: 'drift_adoption_refused' });
  });
});

test('an archived or deleted object is not adopted', async () => {
  change(priceOf('base:monthly'), { active: false });
  await expect(answer(await only(), 'adopt')).rejects.toMatchObject({ status: 409, code: 'drift_adoption_refused' });
});

test.each(['adopt', 'ignore'] as const)(
  'a text that was edited stays after %s, until it is edited again',
  async (what) => {
    world.port.products.set(product().id, { ...product(), name: 'Golden' });
    await answer(await only(), what);
    expect(await check()).toEqual([]);
    expect(await status()).toBe('in_sync');
    expect(product().name).toBe('Golden');
    world.port.products.set(product().id, { ...product(), name: 'Goldish' });
    expect(await only()).toMatchObject({ problem: 'edited', differences: [{ field: 'name', found: 'Goldish' }] });
  },
);

test('other business on our product is counted, and no reason for alarm', async () => {
  const foreign = { ...priceOf('base:monthly'), id: 'price_theirs', lookupKey: null, metadata: {} };
  world.port.prices.set(foreign.id, foreign);
  expect(await check()).toEqual([]);
  expect(await world.catalog.drift.checks(platform)).toMatchObject([{ foreignObjects: 1 }]);
  expect(await status()).toBe('in_sync');
});

test('a finding is answered once, and only in its own scope', async () => {
  world.port.products.set(product().id, { ...product(), name: 'Golden' });
  const finding = await only();
  await expect(world.catalog.drift.answer(agency(ids.one), finding.id, 'restore')).rejects.toMatchObject({
    status: 404,
  });
  expect(await world.catalog.drift.findings(agency(ids.one), open, page)).toEqual([]);
  await answer(finding, 'restore');
  await expect(answer(finding, 'restore')).rejects.toMatchObject({ status: 409, code: 'drift_settled' });
});

test('an account that cannot be read says so in its check, and keeps its findings', async () => {
  world.port.products.set(product().id, { ...product(), name: 'Golden' });
  await only();
  world.port.interference = {
    before: () => {
      throw new ProviderError({ kind: 'auth', message: 'Stripe: no access' });
    },
  };
  expect(await world.catalog.drift.check(platform, undefined)).toMatchObject([{ failure: 'Stripe: no access' }]);
  expect(await world.catalog.drift.findings(platform, open, page)).toHaveLength(1);
});

test('the scheduled check reads an account once a day by the clock', async () => {
  const run = () => world.catalog.jobs['catalog.check_drift'].handle({});
  world.port.calls.length = 0;
  await run();
  const { length } = world.port.calls;
  expect(length).toBeGreaterThan(0);
  await run();
  expect(world.port.calls).toHaveLength(length);
  world.clock.advance(25 * 3_600_000);
  await run();
  expect(world.port.calls).toHaveLength(2 * length);
});

test('a price is compared by everything that a client would notice', () => {
  expect(Object.keys(priceFacts(priceOf('base:monthly')))).toEqual(
    expect.arrayContaining(['lookupKey', 'amount', 'currency', 'interval', 'taxBehavior', 'product']),
  );
});
