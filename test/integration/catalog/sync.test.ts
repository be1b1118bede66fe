import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { planProgress } from '../../../src/catalog/status.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { FakeAccounts } from '../../unit/catalog/fake-accounts.ts';
import { addAccount, agency, createWorld, ids, platform, type World } from './world.ts';

let world: World;
let accounts: FakeAccounts;

beforeAll(async () => {
  const offline = createStripeProvider({ apiKey: 'sk_test_unused', apiBase: 'http://127.0.0.1:9' });
  accounts = new FakeAccounts();
  world = await createWorld({ remote: { provider: { ...offline, catalog: accounts }, accountId: 'acct_platform' } });
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const page = { limit: 100, before: undefined };
const standings = async (selection = {}) => (await world.catalog.status(platform, selection, page)).standings;
const portOf = (accountId: string) => accounts.of({ id: `acct_${accountId}` });
const small = { cycles: { monthly: '10.00' }, recurring: [], packs: [] };

const statusIn = async (merchantAccountId: string) =>
  new Set((await standings({ merchantAccountId })).map(({ status }) => status));

describe('many accounts', () => {
  test('one that is slow and one that fails do not hold the others back', async () => {
    const others = ['macc_a', 'macc_b', 'macc_c'];
    for (const id of [...others, 'macc_slow', 'macc_failing']) {
      await addAccount(world, { agencyId: ids.platform, id });
    }
    for (let plan = 0; plan < 20; plan += 1) await world.publishNew(platform, { ...small, name: `plan-${plan}` });

    const answersAgain = Promise.withResolvers<void>();
    portOf('macc_slow').interference = { before: () => answersAgain.promise };
    portOf('macc_failing').interference = {
      before: () => {
        throw new ProviderError({ kind: 'unavailable', message: 'nobody answers' });
      },
    };
    const syncing = world.catalog.sync(platform, { dryRun: false });
    syncing.catch(() => undefined);
    for (const id of [...others, ids.account]) {
      await vi.waitFor(async () => expect(await statusIn(id)).toEqual(new Set(['in_sync'])), { timeout: 30_000 });
      expect(await statusIn('macc_slow')).toEqual(new Set(['pending']));
    }

    answersAgain.resolve();
    await expect(syncing).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await statusIn('macc_slow')).toEqual(new Set(['in_sync']));
    expect(await statusIn('macc_failing')).toEqual(new Set(['pending']));
    expect(portOf('macc_failing').calls).toEqual([]);

    portOf('macc_failing').interference = {};
    await world.catalog.sync(platform, { dryRun: false });
    expect(await statusIn('macc_failing')).toEqual(new Set(['in_sync']));
    expect(portOf('macc_failing').livePrices).toHaveLength(20);
  });

  test('progress is seen while a synchronisation runs', async () => {
    await addAccount(world, { agencyId: ids.platform, id: 'macc_held' });
    const { id } = await world.publishNew(platform, { ...small, name: 'held' });
    const released = Promise.withResolvers<void>();
    portOf('macc_held').interference = { before: () => released.promise };
    const syncing = world.catalog.sync(platform, { dryRun: false });
    const half = { planId: id, accounts: 2, inSync: 1, pending: 1, drifted: 0, blocked: 0 };
    await vi.waitFor(async () => expect(planProgress(await standings())).toEqual([half]), { timeout: 30_000 });
    released.resolve();
    await syncing;
    expect(planProgress(await standings())).toEqual([{ ...half, inSync: 2, pending: 0 }]);
  });

  test('share a tax rate and a meter among the plans of an agency, one of each per account', async () => {
    await addAccount(world, { agencyId: ids.one, id: 'macc_shared' });
    const shared = {
      ...small,
      tax: { name: 'GST', percent: '5', inclusive: true },
      usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' as const }],
    };
    for (const name of ['first', 'second', 'third']) await world.publishNew(agency(ids.one), { ...shared, name });
    await world.catalog.sync(agency(ids.one), { dryRun: false });
    expect(portOf('macc_shared').taxes.size).toBe(1);
    expect(portOf('macc_shared').counters.size).toBe(1);
    expect(portOf('macc_shared').livePrices).toHaveLength(6);
  });
});

describe('an account carries', () => {
  test('a platform plan that the platform offers to its agency', async () => {
    await addAccount(world, { agencyId: ids.one, id: 'macc_reseller' });
    const { id } = await world.publishNew(platform, { ...small, name: 'resold' });
    const now = world.clock.now();
    await world.database.prisma.agencyOffer.create({ data: { agencyId: ids.one, planIds: [id], updatedAt: now } });
    await world.catalog.sync(platform, { dryRun: false });
    const found = (await standings()).map(({ merchantAccountId, status }) => [merchantAccountId, status]);
    expect(found).toEqual([
      [ids.account, 'in_sync'],
      ['macc_reseller', 'in_sync'],
    ]);
    expect(portOf('macc_reseller').products.has(`baisa_${id}`)).toBe(true);
  });

  test('nothing while its onboarding is not finished, and the status says so', async () => {
    await addAccount(world, { agencyId: ids.one, id: 'macc_new' });
    const setStatus = (status: string) =>
      world.database.prisma.merchantAccount.updateMany({ where: { id: 'macc_new' }, data: { status } });
    await setStatus('onboarding');
    await world.publishNew(agency(ids.one), { ...small, name: 'early' });
    await world.catalog.sync(platform, { dryRun: false });
    expect(await standings()).toMatchObject([
      { merchantAccountId: ids.account, status: 'in_sync' },
      { merchantAccountId: 'macc_new', status: 'blocked', reason: expect.stringMatching(/onboarding/) },
    ]);
    expect(portOf('macc_new').calls).toEqual([]);

    await setStatus('active');
    await world.catalog.sync(platform, { dryRun: false });
    expect(await standings()).toMatchObject([{ merchantAccountId: 'macc_new', status: 'in_sync' }]);
  });
});

test('a second synchronisation of many unchanged plans asks no provider', async () => {
  for (let plan = 0; plan < 10; plan += 1) await world.publishNew(platform, { name: `plan-${plan}` });
  await world.catalog.sync(platform, { dryRun: false });
  const { length } = portOf('platform').calls;
  expect(length).toBeGreaterThan(0);
  const again = await world.catalog.sync(platform, { dryRun: false });
  expect(again).toEqual({ operations: [], applied: true, blocked: [] });
  expect(portOf('platform').calls).toHaveLength(length);
});
