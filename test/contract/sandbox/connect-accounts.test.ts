import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  addresses,
  answer,
  type ConnectHarness,
  failuresOf,
  independent,
  startConnectHarness,
  visit,
} from './connect-harness.ts';
import { failureOf, topUp, types } from './harness.ts';

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

describe('an account made with controller properties', () => {
  test('cannot charge before it is onboarded, and says what it lacks', async () => {
    const { id } = await stripe.accounts.create(independent);
    const account = await stripe.accounts.retrieve(id);
    expect(account).toMatchObject({
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: false,
      capabilities: { card_payments: 'inactive', transfers: 'inactive' },
      controller: { type: 'application', is_controller: true, ...independent.controller },
      type: 'standard',
      country: 'AE',
      default_currency: 'aed',
      email: 'owner@agency.example',
      business_profile: { name: 'Agency <One>' },
      metadata: { agency: 'agc_1' },
      requirements: { disabled_reason: 'requirements.past_due', current_deadline: null, errors: [] },
    });
    expect(account.requirements?.currently_due).toContain('external_account');
    const capabilities = await stripe.accounts.listCapabilities(id);
    expect(capabilities.data.map(({ id: name, status, requested }) => [name, status, requested])).toEqual([
      ['card_payments', 'inactive', true],
      ['transfers', 'inactive', true],
    ]);
  });

  test('is refused a checkout and a payment until then', async () => {
    const { id } = await stripe.accounts.create(independent);
    const options = { stripeAccount: id };
    const failures = await failuresOf(
      stripe.checkout.sessions.create(topUp(), options),
      stripe.paymentIntents.create({ amount: 500, currency: 'usd' }, options),
    );
    for (const failure of failures) {
      expect(failure).toMatchObject({
        statusCode: 400,
        type: 'StripeInvalidRequestError',
        message: expect.stringContaining('cannot currently make charges'),
      });
    }
    expect((await stripe.products.create({ name: 'Before onboarding' }, options)).name).toBe('Before onboarding');
    await harness.client.onboard(id, 'complete');
    expect((await stripe.checkout.sessions.create(topUp(), options)).status).toBe('open');
  });

  test('takes changes of its description from the platform and tells them', async () => {
    const { id } = await stripe.accounts.create(independent);
    const updated = await stripe.accounts.update(id, {
      email: 'new@agency.example',
      metadata: { agency: '', note: 'moved' },
      business_profile: { url: 'https://agency.example' },
    });
    expect(updated).toMatchObject({
      email: 'new@agency.example',
      metadata: { note: 'moved' },
      business_profile: { name: 'Agency <One>', url: 'https://agency.example' },
      charges_enabled: false,
    });
    expect(updated.metadata).not.toHaveProperty('agency');
    await harness.sandbox.settled();
    expect(harness.accountEvents()).toMatchObject([{ type: 'account.updated', account: id, object: { id } }]);
  });

  test('is not made with both a type and a controller, nor without a platform', async () => {
    expect(await failureOf(stripe.accounts.create({ ...independent, type: 'standard' }))).toMatchObject({
      statusCode: 400,
      code: 'parameters_exclusive',
    });
    const { id } = await stripe.accounts.create(independent);
    expect(await failureOf(stripe.accounts.create(independent, { stripeAccount: id }))).toMatchObject({
      statusCode: 400,
    });
    expect(await failureOf(stripe.accounts.list({}, { stripeAccount: id }))).toMatchObject({ statusCode: 400 });
  });
});

test('connected accounts are listed in pages, newest first, without the platform', async () => {
  const made: string[] = [];
  for (let index = 0; index < 3; index += 1) made.unshift((await stripe.accounts.create(independent)).id);
  const page = await stripe.accounts.list({ limit: 2 });
  expect(page).toMatchObject({ object: 'list', has_more: true, url: '/v1/accounts' });
  expect(page.data.map(({ id }) => id)).toEqual(made.slice(0, 2));
  const all = await stripe.accounts.list({ limit: 2 }).autoPagingToArray({ limit: 1000 });
  expect(all.slice(0, 3).map(({ id }) => id)).toEqual(made);
  expect(all.map(({ id }) => id)).not.toContain(harness.sandbox.accountId);
});

test('the sandbox shows how each connected account stands', async () => {
  const [fresh, limited, left] = await Promise.all([
    stripe.accounts.create(independent),
    stripe.accounts.create({ country: 'AE' }),
    stripe.accounts.create({ country: 'AE' }),
  ]);
  const shown = async () => (await fetch(`${harness.sandbox.url}/sandbox`)).text();
  expect(await shown()).toContain(`${left.id}</th><td>can charge<`);
  await harness.client.restrict(limited.id, { currentlyDue: ['company.tax_id'] });
  await harness.client.deauthorize(left.id);
  const html = await shown();
  expect(html).toContain(`${fresh.id}</th><td>not onboarded: business_profile.mcc`);
  expect(html).toContain(`${limited.id}</th><td>restricted, requirements.past_due: company.tax_id<`);
  expect(html).toContain(`${left.id}</th><td>deauthorized<`);
});

describe('an account link', () => {
  test('leads to a page that completes onboarding, returns, and tells the platform', async () => {
    const { id } = await stripe.accounts.create(independent);
    const link = await harness.newLink(id);
    expect(link).toMatchObject({ object: 'account_link', expires_at: link.created + 300 });
    const shown = await visit(link.url);
    const html = await shown.text();
    expect(shown.status).toBe(200);
    expect(html).toContain('not Stripe');
    expect(html).toContain('Onboard Agency &lt;One&gt;');
    expect(html).not.toContain('<script');
    const policy = shown.headers.get('content-security-policy');
    expect(policy).toContain("form-action 'self' https://back.example https://baisa.example;");

    const done = await answer(link.url, 'complete');
    expect(done.status).toBe(303);
    expect(done.headers.get('location')).toBe(addresses.return_url);
    expect(await stripe.accounts.retrieve(id)).toMatchObject({
      charges_enabled: true,
      payouts_enabled: true,
      details_submitted: true,
      capabilities: { card_payments: 'active', transfers: 'active' },
      requirements: { currently_due: [], past_due: [], disabled_reason: null },
    });
    await harness.sandbox.settled();
    expect(harness.accountEvents()).toMatchObject([
      { type: 'account.updated', account: id, object: { id, charges_enabled: true } },
      { type: 'capability.updated', account: id, object: { id: 'card_payments', account: id, status: 'active' } },
      { type: 'capability.updated', account: id, object: { id: 'transfers', status: 'active' } },
    ]);
    expect(types(harness.receiver)).not.toContain('account.updated');
  });

  test('is good for one visit: the next is sent to the refresh address', async () => {
    const { id } = await stripe.accounts.create(independent);
    const link = await harness.newLink(id);
    expect((await visit(link.url)).status).toBe(200);
    const again = await visit(link.url);
    expect(again.status).toBe(303);
    expect(again.headers.get('location')).toBe(addresses.refresh_url);
    expect((await answer(link.url, 'unfinished')).headers.get('location')).toBe(addresses.return_url);
    expect((await answer(link.url, 'complete')).headers.get('location')).toBe(addresses.refresh_url);
    expect((await stripe.accounts.retrieve(id)).charges_enabled).toBe(false);
  });

  test('that was not followed in five minutes of the clock is sent to the refresh address', async () => {
    const { id } = await stripe.accounts.create(independent);
    const [late, begun] = [await harness.newLink(id), await harness.newLink(id)];
    await visit(begun.url);
    await harness.client.advanceClock('PT6M');
    expect((await visit(late.url)).headers.get('location')).toBe(addresses.refresh_url);
    expect((await answer(late.url, 'complete')).headers.get('location')).toBe(addresses.refresh_url);
    expect((await stripe.accounts.retrieve(id)).charges_enabled).toBe(false);
    expect((await answer(begun.url, 'complete')).headers.get('location')).toBe(addresses.return_url);
    expect((await stripe.accounts.retrieve(id)).charges_enabled).toBe(true);
  });

  test('can be left with details missing, or end in a refusal with a deadline', async () => {
    const { id } = await stripe.accounts.create(independent);
    await answer((await harness.newLink(id)).url, 'unfinished');
    expect(await stripe.accounts.retrieve(id)).toMatchObject({
      charges_enabled: false,
      details_submitted: false,
      requirements: { currently_due: ['external_account', 'tos_acceptance.date', 'tos_acceptance.ip'] },
    });
    await answer((await harness.newLink(id)).url, 'refuse');
    const refused = await stripe.accounts.retrieve(id);
    expect(refused).toMatchObject({
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: true,
      requirements: {
        disabled_reason: 'requirements.past_due',
        past_due: ['company.verification.document', 'representative.verification.document'],
        errors: [{ requirement: 'company.verification.document' }, { code: 'verification_document_failed_other' }],
      },
    });
    const now = Math.floor(harness.clock.now().getTime() / 1000);
    expect(refused.requirements?.current_deadline).toBeGreaterThan(now);
    await answer((await harness.newLink(id)).url, 'unfinished');
    expect((await stripe.accounts.retrieve(id)).details_submitted).toBe(true);
  });

  test('is refused for updates where Stripe collects, for the platform itself and for strangers', async () => {
    const { id } = await stripe.accounts.create(independent);
    const update = stripe.accountLinks.create({ account: id, type: 'account_update', ...addresses });
    expect(await failureOf(update)).toMatchObject({ statusCode: 400, param: 'type' });
    for (const account of [harness.sandbox.accountId, 'acct_stranger']) {
      expect(await failureOf(harness.newLink(account))).toMatchObject({ statusCode: 403, code: 'account_invalid' });
    }
    expect((await visit(`${harness.sandbox.url}/connect/onboarding/unknown`)).status).toBe(404);
    expect((await answer((await harness.newLink(id)).url, 'nonsense')).status).toBe(400);
  });

  test('cannot be answered by a page of another origin', async () => {
    const { id } = await stripe.accounts.create(independent);
    const { url } = await harness.newLink(id);
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ outcome: 'complete' }),
      headers: { origin: 'https://elsewhere.example' },
    });
    expect(response.status).toBe(403);
    expect((await stripe.accounts.retrieve(id)).charges_enabled).toBe(false);
  });
});

test('an account is restricted with what is due and enabled again, each told to the platform', async () => {
  const { id } = await stripe.accounts.create({ country: 'AE' });
  const deadline = new Date('2031-01-01T00:00:00Z');
  const currentlyDue = ['company.tax_id'];
  expect(await harness.client.restrict(id, { currentlyDue, deadline, reason: 'rejected.fraud' })).toEqual({
    id,
    chargesEnabled: false,
    payoutsEnabled: false,
    detailsSubmitted: true,
    currentlyDue,
    disabledReason: 'rejected.fraud',
  });
  expect((await stripe.accounts.retrieve(id)).requirements).toMatchObject({
    currently_due: currentlyDue,
    current_deadline: deadline.getTime() / 1000,
    disabled_reason: 'rejected.fraud',
  });
  expect(await harness.client.enable(id)).toMatchObject({
    chargesEnabled: true,
    currentlyDue: [],
    disabledReason: null,
  });
  await harness.sandbox.settled();
  const updates = harness.accountEvents().filter(({ type }) => type === 'account.updated');
  expect(updates).toMatchObject([{ object: { charges_enabled: false } }, { object: { charges_enabled: true } }]);
  expect((await harness.control('POST', `/sandbox/accounts/${id}/restrict`, { currentlyDue: [] })).status).toBe(422);
  await expect(harness.client.enable('acct_stranger')).rejects.toMatchObject({ code: 'account_invalid' });
});
