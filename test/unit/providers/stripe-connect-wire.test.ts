import nock from 'nock';
import { afterEach, describe, expect, test } from 'vitest';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { apiKey, failureOf } from './stripe-support.ts';

const options = { apiKey, maxNetworkRetries: 0 };
const { accounts } = createStripeProvider(options);
const withClientId = createStripeProvider({ ...options, clientId: 'ca_123' }).accounts;
const connect = accounts.connect;
if (!connect) throw new Error('Stripe connects accounts');

const api = () => nock('https://api.stripe.com');
const account = {
  id: 'acct_1',
  object: 'account',
  country: 'AE',
  default_currency: 'aed',
  charges_enabled: false,
  payouts_enabled: false,
  details_submitted: false,
  metadata: { baisa_merchant_account: 'macc_1' },
};
const spec = { id: 'AE', object: 'country_spec', supported_payment_currencies: ['aed', 'omr'] };
const outOfReach = {
  error: { type: 'invalid_request_error', code: 'account_invalid', message: 'This key has no access to acct_1.' },
};

withoutNetwork();
afterEach(() => nock.cleanAll());

describe('on the wire', () => {
  test('a connected account is made with controller properties, under our key, and names its agency', async () => {
    let sent: Record<string, unknown> = {};
    api()
      .post('/v1/accounts', (body: Record<string, unknown>) => {
        sent = body;
        return true;
      })
      .matchHeader('idempotency-key', 'merchant_account:macc_1:1')
      .reply(200, account);
    api().get('/v1/country_specs/AE').reply(200, spec);
    const wanted = {
      merchantAccountId: 'macc_1',
      agencyId: 'agc_1',
      name: 'Muscat',
      email: 'm@m.example',
      country: 'AE',
    };
    const made = await connect.create(wanted, { idempotencyKey: 'merchant_account:macc_1:1' });
    expect(made).toMatchObject({ id: 'acct_1', chargesEnabled: false, chargeableCurrencies: ['AED', 'OMR'] });
    // All of it: a `type` beside the controller would be refused.
    expect(sent).toEqual({
      country: 'AE',
      email: 'm@m.example',
      'business_profile[name]': 'Muscat',
      'capabilities[card_payments][requested]': 'true',
      'capabilities[transfers][requested]': 'true',
      'controller[fees][payer]': 'account',
      'controller[losses][payments]': 'stripe',
      'controller[requirement_collection]': 'stripe',
      'controller[stripe_dashboard][type]': 'full',
      'metadata[baisa_agency]': 'agc_1',
      'metadata[baisa_merchant_account]': 'macc_1',
    });
  });

  test('an account link is for onboarding, with both addresses', async () => {
    let sent = {};
    api()
      .post('/v1/account_links', (body: Record<string, unknown>) => {
        sent = body;
        return true;
      })
      .reply(200, {
        object: 'account_link',
        url: 'https://connect.stripe.com/x',
        created: 1,
        expires_at: 1_800_000_000,
      });
    const addresses = { refreshUrl: 'https://b.example/refresh', returnUrl: 'https://b.example/return' };
    expect(await connect.createOnboardingLink('acct_1', addresses)).toEqual({
      url: 'https://connect.stripe.com/x',
      expiresAt: new Date(1_800_000_000_000),
    });
    expect(sent).toEqual({
      account: 'acct_1',
      type: 'account_onboarding',
      refresh_url: 'https://b.example/refresh',
      return_url: 'https://b.example/return',
    });
  });

  test('a lost account is found by our id in its metadata, among all pages', async () => {
    const others = Array.from({ length: 2 }, (_, index) => ({ ...account, id: `acct_o${index}`, metadata: {} }));
    api()
      .get('/v1/accounts')
      .query({ limit: 100 })
      .reply(200, { object: 'list', data: others, has_more: true, url: '/v1/accounts' });
    api()
      .get('/v1/accounts')
      .query({ limit: 100, starting_after: 'acct_o1' })
      .reply(200, { object: 'list', data: [account], has_more: false, url: '/v1/accounts' });
    api().get('/v1/country_specs/AE').reply(200, spec);
    expect((await connect.find('macc_1'))?.id).toBe('acct_1');
  });

  test('an account that took our access back is null; a wrong key is an error', async () => {
    api().get('/v1/accounts/acct_1').reply(403, outOfReach);
    expect(await accounts.retrieve('acct_1')).toBeNull();
    api()
      .get('/v1/accounts/acct_1')
      .reply(401, { error: { type: 'invalid_request_error', message: 'Invalid API Key provided.' } });
    expect((await failureOf(accounts.retrieve('acct_1'))).kind).toBe('auth');
    api()
      .get('/v1/accounts/acct_1')
      .reply(503, { error: { type: 'api_error', message: 'Away.' } });
    expect((await failureOf(accounts.retrieve('acct_1'))).kind).toBe('unavailable');
  });

  test('disconnecting names the platform’s client id, and an account that is gone already is disconnected', async () => {
    const invalidClient = { error: 'invalid_client', error_description: 'This application is not connected.' };
    const disconnect = withClientId.connect?.disconnect;
    if (!disconnect) throw new Error('with a client id accounts can be disconnected');
    const asked: unknown[] = [];
    const oauth = () =>
      nock('https://connect.stripe.com').post('/oauth/deauthorize', (body: unknown) => {
        asked.push(body);
        return true;
      });
    oauth().reply(200, { stripe_user_id: 'acct_1' });
    await disconnect('acct_1');
    expect(asked).toEqual([{ client_id: 'ca_123', stripe_user_id: 'acct_1' }]);

    oauth().reply(401, invalidClient);
    api().get('/v1/accounts/acct_1').reply(403, outOfReach);
    await disconnect('acct_1');

    oauth().reply(401, invalidClient);
    api().get('/v1/accounts/acct_1').reply(200, account);
    api().get('/v1/country_specs/AE').reply(200, spec);
    expect((await failureOf(disconnect('acct_1'))).kind).toBe('auth');
  });

  test('without a client id there is no disconnecting from our side', () => {
    expect(connect.disconnect).toBeUndefined();
  });
});
