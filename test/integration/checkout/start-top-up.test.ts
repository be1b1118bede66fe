import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountRefOf } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { type CheckoutWorld, checkoutWorld, failing } from './checkout-world.ts';

let world: CheckoutWorld;

beforeEach(async () => {
  world = await checkoutWorld();
});
afterEach(() => world.stop());

describe('a checkout', () => {
  beforeEach(async () => {
    await world.probe();
  });

  test.each([
    ['amount_too_small', 'amount.amount'],
    ['amount_too_large', 'amount.amount'],
    ['email_invalid', 'customerId'],
  ])('that the provider refuses with %s is a 422 naming %s, and the corrected one succeeds', async (code, path) => {
    const { create } = world.answers;
    world.answers.create = failing('invalid', code);
    await expect(world.start('request 1')).rejects.toMatchObject({ status: 422, code, errors: [{ path }] });
    world.answers.create = create;
    expect(await world.start('request 2')).toMatchObject({ status: 'open' });
  });

  test('that is resumed after its account was disconnected is refused, and nothing is made there', async () => {
    world.answers.create = failing('unavailable', 'away');
    await expect(world.start('request 1')).rejects.toThrow('away');
    await world.database.prisma.merchantAccount.updateMany({ data: { status: 'disconnected' } });
    let calls = 0;
    world.answers.create = async () => {
      calls += 1;
      return world.session('cs_on_the_old_account');
    };
    await expect(world.start('request 1')).rejects.toMatchObject({ status: 409, code: 'merchant_account_inactive' });
    expect(calls).toBe(0);
  });
});

describe('the platform’s account', () => {
  test('is the one that the key belongs to now; an earlier one is reached by its name', async () => {
    const first = (await world.probe()).account;
    const { account } = world.answers;
    world.answers.account = async () => ({ ...(await account()), id: 'acct_of_a_new_key' });
    const accounts = world.newAccounts();
    const second = (await world.probe(accounts)).account;
    const refs = await Promise.all([first.id, second.id].map((id) => accounts.byId(id)));
    expect(refs.map((found) => found && accountRefOf(found))).toEqual([
      { id: 'acct_platform', platform: false },
      { id: 'acct_of_a_new_key', platform: true },
    ]);
  });

  test.each(['unavailable', 'rate_limited', 'indeterminate'] as const)(
    'serves as it was stored while the provider is away (%s)',
    async (kind) => {
      const { account } = await world.probe();
      world.answers.account = failing(kind, 'away');
      expect(await world.probe(world.newAccounts())).toEqual({ account, notAsked: 'the provider says away' });
    },
  );

  test('is not guessed at the first start, nor from one of the other mode', async () => {
    const { account } = world.answers;
    world.answers.account = failing('unavailable', 'away');
    await expect(world.probe()).rejects.toThrow(/^[^\n]*STRIPE_SECRET_KEY[^\n]*first start[^\n]*\.$/);
    await expect(world.probe(undefined, false, 'STRIPE_API_BASE')).rejects.toThrow(/^STRIPE_API_BASE [^\n]*\.$/);
    world.answers.account = account;
    await world.probe();
    world.answers.account = failing('unavailable', 'away');
    await expect(world.probe(world.newAccounts(), true)).rejects.toThrow(/STRIPE_SECRET_KEY/);
  });

  test('does not serve from the store under a key that is refused', async () => {
    await world.probe();
    world.answers.account = failing('auth', 'invalid_api_key');
    await expect(world.probe(world.newAccounts())).rejects.toThrow(/^STRIPE_SECRET_KEY is not accepted [^\n]*\.$/);
  });
});
