import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MerchantAccount } from '../../../src/merchant-accounts/merchant-account.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { type AccountWorld, accountWorld, platformScope } from './world.ts';

let world: AccountWorld;
beforeAll(async () => {
  world = await accountWorld();
});
afterAll(() => world.stop());

interface Of {
  readonly id: string;
  readonly scope: Scope;
}

const connect = ({ id, scope }: Of, wanted: object = {}) =>
  world.accounts.connect(scope, { agencyId: id, provider: 'stripe', requestId: undefined, ...wanted });

const keyOf = ({ agencyId, id }: MerchantAccount) => ({ agencyId, accountId: id });

/** An agency with an account that takes payments. */
async function connected(): Promise<{ readonly agency: Of; readonly account: MerchantAccount }> {
  const agency = await world.agency();
  const { account } = await connect(agency);
  world.finishForm(account.providerAccountId);
  world.clock.advance(1_000);
  const active = await world.hear(account.providerAccountId);
  if (active?.status !== 'active') throw new Error('the account is not active');
  return { agency, account: active };
}

test('an account that an event says is active stays so while a request that began earlier takes it up again', async () => {
  const { agency, account } = await connected();
  const { providerAccountId } = account;
  const there = world.held.get(providerAccountId);
  if (!there) throw new Error('the provider lost the account');
  world.held.delete(providerAccountId);
  world.clock.advance(1_000);
  expect(await world.hear(providerAccountId)).toMatchObject({ status: 'disconnected', disconnectedBy: 'provider' });

  world.held.set(providerAccountId, there);
  world.clock.advance(1_000);
  world.hooks.onRetrieve = async () => {
    world.clock.advance(1_000);
    await world.hear(providerAccountId);
  };
  const resumed = await connect(agency, { providerAccountId });
  world.hooks.onRetrieve = async () => undefined;
  expect(resumed.account.status).toBe('active');
  expect(await world.accounts.get(agency.scope, keyOf(account))).toMatchObject({
    status: 'active',
    disconnectedAt: null,
    disconnectedBy: null,
  });
});

test('what its operator disconnected is active again once it is connected on purpose, and not before', async () => {
  const { agency, account } = await connected();
  await world.accounts.disconnect(agency.scope, keyOf(account));
  world.clock.advance(1_000);
  expect(await world.hear(account.providerAccountId)).toMatchObject({ status: 'disconnected' });
  world.clock.advance(1_000);
  const resumed = await connect(agency, { providerAccountId: account.providerAccountId });
  expect(resumed).toMatchObject({ made: false, account: { id: account.id, status: 'active', disconnectedBy: null } });
});

test('two requests at once make one account', async () => {
  const agency = await world.agency();
  const [one, two] = await Promise.all([connect(agency), connect(agency)]);
  expect(two.account.id).toBe(one.account.id);
  expect(await world.accounts.list(agency.scope, agency.id)).toHaveLength(1);
});

test('a request that another one overtakes answers the account of that one, and makes none', async () => {
  const agency = await world.agency();
  const before = world.made.length;
  const overtaken = world.accountsThat(() => connect(agency));
  const answer = await overtaken.connect(agency.scope, {
    agencyId: agency.id,
    provider: 'stripe',
    requestId: undefined,
  });
  const [only, ...others] = await world.accounts.list(agency.scope, agency.id);
  expect(others).toEqual([]);
  expect(answer).toMatchObject({ made: false, account: { id: only?.id } });
  expect(world.made.slice(before)).toEqual([only?.providerAccountId]);
});

test('an account is not taken up again beside one that was made meanwhile', async () => {
  const { agency, account } = await connected();
  await world.accounts.disconnect(agency.scope, keyOf(account));
  world.clock.advance(1_000);
  const overtaken = world.accountsThat(() => connect(agency));
  const { providerAccountId } = account;
  await expect(
    overtaken.connect(agency.scope, {
      agencyId: agency.id,
      provider: 'stripe',
      requestId: undefined,
      providerAccountId,
    }),
  ).rejects.toMatchObject({ status: 409, code: 'merchant_account_exists' });
  const listed = await world.accounts.list(agency.scope, agency.id);
  expect(listed.map(({ status }) => status)).toEqual(['disconnected', 'onboarding']);
});

test('an account that comes back takes no sales from the one that took its place', async () => {
  const { agency, account: old } = await connected();
  await world.accounts.disconnect(agency.scope, keyOf(old));
  world.clock.advance(1_000);
  const { account: made } = await connect(agency);
  world.finishForm(made.providerAccountId);
  world.clock.advance(1_000);
  await world.hear(made.providerAccountId);
  await world.database.pool.query(
    `UPDATE merchant_accounts SET status = 'active', disconnected_by = NULL WHERE agency_id = $1 AND id = $2`,
    [agency.id, old.id],
  );
  expect((await world.merchantAccounts.forNewCheckout(agency.id)).id).toBe(made.id);
});

test('a rate that the platform set is the account’s again when its agency leaves the currency and comes back', async () => {
  const { agency, account } = await connected();
  const change = (scope: Scope, wanted: object) => world.accounts.changeTerms(scope, keyOf(account), wanted);
  await change(platformScope, { usdRate: '0.4' });
  await change(agency.scope, { chargeCurrency: 'USD' });
  const back = await change(agency.scope, { chargeCurrency: 'OMR' });
  expect(back.usdRate.value.toFixed()).toBe('0.4');
  await change(agency.scope, { chargeCurrency: 'USD' });
  await change(platformScope, { chargeCurrency: 'OMR', usdRate: '0.41' });
  await change(agency.scope, { chargeCurrency: 'USD' });
  expect((await change(agency.scope, { chargeCurrency: 'OMR' })).usdRate.value.toFixed()).toBe('0.41');
});

test('the terms of a request hold for an account that is there already, finished or taken up again', async () => {
  const agency = await world.agency();
  const { account } = await connect(agency);
  expect(account.chargeCurrency).toBe('OMR');
  const unfinished = await connect(agency, { chargeCurrency: 'USD' });
  expect(unfinished).toMatchObject({ made: false, account: { id: account.id, chargeCurrency: 'USD' } });

  await world.accounts.disconnect(agency.scope, keyOf(account));
  world.clock.advance(1_000);
  const { providerAccountId } = account;
  const byPlatform = { ...agency, scope: platformScope };
  const resumed = await connect(byPlatform, { providerAccountId, chargeCurrency: 'OMR', usdRate: '0.4' });
  expect(resumed).toMatchObject({ made: false, account: { id: account.id, chargeCurrency: 'OMR' } });
  const stored = await world.accounts.get(agency.scope, keyOf(account));
  expect(stored).toMatchObject({ chargeCurrency: 'OMR', effectiveCurrency: 'OMR' });
  expect(stored.usdRate.value.toFixed()).toBe('0.4');
  await expect(connect(agency, { usdRate: '0.5' })).rejects.toMatchObject({ status: 403, code: 'platform_only' });
});
