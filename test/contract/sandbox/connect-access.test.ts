import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addresses, type ConnectHarness, failuresOf, startConnectHarness, visit } from './connect-harness.ts';
import { failureOf, types } from './harness.ts';

let harness: ConnectHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startConnectHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.sandbox.settled();
  harness.connect.arrivals.length = 0;
});

describe('deauthorization', () => {
  const refusedAfterwards = async (id: string) => {
    const failures = await failuresOf(
      stripe.accounts.retrieve(id),
      stripe.accounts.update(id, { metadata: { a: 'b' } }),
      stripe.accounts.listCapabilities(id),
      stripe.customers.create({ name: 'Too late' }, { stripeAccount: id }),
      stripe.accounts.retrieveCurrent({}, { stripeAccount: id }),
      harness.newLink(id),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(Stripe.errors.StripePermissionError);
      expect(failure).toMatchObject({ statusCode: 403, code: 'account_invalid', rawType: 'invalid_request_error' });
    }
    expect((await stripe.accounts.list({ limit: 100 })).data.map((account) => account.id)).not.toContain(id);
  };

  test('by the owner is the last that the platform hears of an account, and ends every call for it', async () => {
    const { id } = await stripe.accounts.create({ country: 'AE' });
    const key = { stripeAccount: id, idempotencyKey: 'made before' };
    await stripe.customers.create({ name: 'Before' }, key);
    const link = await harness.newLink(id);
    await harness.client.deauthorize(id);
    await harness.client.restrict(id, { currentlyDue: ['company.tax_id'] });
    await harness.sandbox.settled();
    expect(harness.accountEvents()).toMatchObject([
      { type: 'customer.created' },
      {
        type: 'account.application.deauthorized',
        account: id,
        object: { object: 'application', id: harness.sandbox.clientId },
      },
    ]);
    expect(harness.connect.arrivals).toHaveLength(2);
    await refusedAfterwards(id);
    expect(await failureOf(stripe.customers.create({ name: 'Before' }, key))).toMatchObject({ statusCode: 403 });
    expect((await visit(link.url)).headers.get('location')).toBe(addresses.refresh_url);
    await expect(harness.client.deauthorize(id)).rejects.toThrow('is not connected');
  });

  test('by the platform goes through the OAuth call, once, and only for its own application', async () => {
    const { id } = await stripe.accounts.create({ country: 'AE' });
    const deauthorize = (clientId: string, account: string) =>
      stripe.oauth.deauthorize({ client_id: clientId, stripe_user_id: account });
    const { clientId } = harness.sandbox;
    expect((await harness.client.access()).clientId).toBe(clientId);
    for (const failure of await failuresOf(deauthorize('ca_other', id), deauthorize(clientId, 'acct_stranger'))) {
      expect(failure).toMatchObject({ type: 'StripeInvalidClientError', statusCode: 401 });
    }
    expect((await stripe.accounts.retrieve(id)).id).toBe(id);
    expect(await deauthorize(clientId, id)).toMatchObject({ stripe_user_id: id });
    await refusedAfterwards(id);
    await harness.sandbox.settled();
    expect(types(harness.connect)).toEqual(['account.application.deauthorized']);
    expect(await failureOf(deauthorize(clientId, id))).toMatchObject({ type: 'StripeInvalidClientError' });
  });

  test('leaves the account what it had, for when it is authorized again', async () => {
    const { id } = await stripe.accounts.create({ country: 'AE', metadata: { agency: 'agc_2' } });
    const customer = await stripe.customers.create({ name: 'Kept' }, { stripeAccount: id });
    await harness.client.deauthorize(id);
    await harness.client.authorize(id);
    await harness.sandbox.settled();
    expect(types(harness.connect)).toEqual([
      'customer.created',
      'account.application.deauthorized',
      'account.application.authorized',
      'account.updated',
    ]);
    expect(await stripe.accounts.retrieve(id)).toMatchObject({ charges_enabled: true, metadata: { agency: 'agc_2' } });
    expect((await stripe.customers.retrieve(customer.id, {}, { stripeAccount: id })).id).toBe(customer.id);
    await expect(harness.client.authorize(id)).rejects.toThrow('is connected');
  });

  test('is nothing that the platform can do to itself', async () => {
    await expect(harness.client.deauthorize(harness.sandbox.accountId)).rejects.toThrow('answered 404');
    expect((await stripe.accounts.retrieveCurrent()).id).toBe(harness.sandbox.accountId);
  });
});
