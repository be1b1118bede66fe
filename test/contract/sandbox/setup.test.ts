import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, type Harness, startHarness, topUp, types, visa } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.sandbox.settled();
  harness.receiver.arrivals.length = 0;
});

const challenged = '4000002760003184';

const pay = (sessionId: string, body: unknown) => harness.control('POST', `/sandbox/sessions/${sessionId}/pay`, body);

const newCustomer = async () => (await stripe.customers.create({ email: 'client@example.com' })).id;

const saving = (customer: string): Stripe.Checkout.SessionCreateParams => ({
  mode: 'setup',
  currency: 'omr',
  customer,
  success_url: 'https://shop.example/saved?session={CHECKOUT_SESSION_ID}',
  cancel_url: 'https://shop.example/back',
  metadata: { setup: 'set_1' },
  setup_intent_data: { description: 'Card of a client', metadata: { setup: 'set_1' } },
});

const openSetup = async () => {
  const customer = await newCustomer();
  const session = await stripe.checkout.sessions.create(saving(customer));
  return { customer, session, setupId: String(session.setup_intent) };
};

const saved = async (customer: string) => (await stripe.customers.listPaymentMethods(customer)).data;

/** Lets the deliveries so far arrive and forgets them. */
const forget = async () => {
  await harness.sandbox.settled();
  harness.receiver.arrivals.length = 0;
};

describe('a session that saves a card', () => {
  test('has its setup from the start and takes no payment', async () => {
    const { session, customer, setupId } = await openSetup();
    expect(session).toMatchObject({
      mode: 'setup',
      status: 'open',
      payment_status: 'no_payment_required',
      amount_total: null,
      currency: 'omr',
      payment_intent: null,
    });
    expect(await stripe.setupIntents.retrieve(setupId)).toMatchObject({
      status: 'requires_payment_method',
      usage: 'off_session',
      customer,
      metadata: { setup: 'set_1' },
      description: 'Card of a client',
    });
  });

  test('gives the card to its customer and tells so in order, without a payment or a charge', async () => {
    const { session, customer, setupId } = await openSetup();
    await forget();
    expect((await pay(session.id, { card: visa })).body).toEqual({
      status: 'complete',
      paymentStatus: 'no_payment_required',
      redirect: `https://shop.example/saved?session=${session.id}`,
    });
    await harness.sandbox.settled();
    expect(types(harness.receiver)).toEqual([
      'payment_method.attached',
      'setup_intent.succeeded',
      'checkout.session.completed',
    ]);
    const [card] = await saved(customer);
    expect(card).toMatchObject({
      customer,
      allow_redisplay: 'limited',
      card: { brand: 'visa', last4: '4242', funding: 'credit', country: 'AE', fingerprint: expect.any(String) },
    });
    const expanded = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent.payment_method'] });
    expect(expanded.setup_intent).toMatchObject({ id: setupId, status: 'succeeded', payment_method: { id: card?.id } });
    expect((await stripe.charges.list({ customer })).data).toEqual([]);
  });

  test('stays open after a refusal and takes another card', async () => {
    const { session, setupId } = await openSetup();
    await forget();
    expect((await pay(session.id, { card: '4000000000009987' })).body).toMatchObject({
      status: 'open',
      error: { code: 'card_declined', declineCode: 'lost_card' },
    });
    await harness.sandbox.settled();
    expect(types(harness.receiver)).toEqual(['setup_intent.setup_failed']);
    expect(await stripe.setupIntents.retrieve(setupId)).toMatchObject({
      status: 'requires_payment_method',
      last_setup_error: { type: 'card_error', decline_code: 'lost_card', advice_code: 'do_not_try_again' },
    });
    expect((await pay(session.id, { card: visa })).body).toMatchObject({ status: 'complete' });
  });

  test('asks for authentication and goes on by the answer', async () => {
    const { session, customer } = await openSetup();
    expect((await pay(session.id, { card: challenged })).body).toMatchObject({ nextAction: 'authenticate' });
    expect((await pay(session.id, { authenticate: 'fail' })).body).toMatchObject({
      status: 'open',
      error: { code: 'setup_intent_authentication_failure' },
    });
    expect(await saved(customer)).toEqual([]);
    expect((await pay(session.id, { card: challenged, authenticate: 'complete' })).body).toMatchObject({
      status: 'complete',
    });
    expect(await saved(customer)).toHaveLength(1);
  });

  test('cancels its setup when it expires', async () => {
    const { session, setupId } = await openSetup();
    await stripe.checkout.sessions.expire(session.id);
    await harness.sandbox.settled();
    expect(types(harness.receiver)).toEqual(
      expect.arrayContaining(['setup_intent.canceled', 'checkout.session.expired']),
    );
    expect((await stripe.setupIntents.retrieve(setupId)).status).toBe('canceled');
  });

  test('leads its setup alone', async () => {
    const { setupId } = await openSetup();
    expect(await failureOf(stripe.setupIntents.cancel(setupId))).toMatchObject({ statusCode: 400 });
    expect(await failureOf(stripe.setupIntents.confirm(setupId, { payment_method: 'pm_card_visa' }))).toMatchObject({
      statusCode: 400,
    });
  });

  test.each<[Partial<Stripe.Checkout.SessionCreateParams>, string]>([
    [{ line_items: topUp().line_items ?? [] }, 'line_items'],
    [{ payment_intent_data: { description: 'x' } }, 'payment_intent_data'],
    [{ currency: 'xyz' }, 'currency'],
  ])('refuses %o', async (more, param) => {
    const customer = await newCustomer();
    expect(await failureOf(stripe.checkout.sessions.create({ ...saving(customer), ...more }))).toMatchObject({
      statusCode: 400,
      param,
    });
  });

  test('wants a currency unless it names its payment methods', async () => {
    const { currency: _, ...without } = saving(await newCustomer());
    expect(await failureOf(stripe.checkout.sessions.create(without))).toMatchObject({
      code: 'parameter_missing',
      param: 'currency',
    });
    const named = await stripe.checkout.sessions.create({ ...without, allowed_payment_method_types: ['card'] });
    expect(named.currency).toBeNull();
  });

  test('has a page that says that nothing is charged, and names no amount', async () => {
    const { session } = await openSetup();
    const url = String(session.url);
    const html = await (await fetch(url)).text();
    expect(html).toContain('Nothing is charged now');
    expect(html).toContain('Save a card');
    expect(html).not.toContain('OMR');
    await pay(session.id, { card: visa });
    expect(await (await fetch(url)).text()).toContain('Your card is saved.');
  });
});

test('a payment saves its card where it was asked to, and only there', async () => {
  const customer = await newCustomer();
  const plain = await stripe.checkout.sessions.create({ ...topUp(), customer });
  await pay(plain.id, { card: visa });
  expect(await saved(customer)).toEqual([]);
  const keeping = await stripe.checkout.sessions.create({
    ...topUp(),
    customer,
    payment_intent_data: { setup_future_usage: 'off_session' },
  });
  await pay(keeping.id, { card: visa });
  expect(await saved(customer)).toHaveLength(1);
});

describe('a setup made directly', () => {
  test('saves a card, and is found by its customer and by its card', async () => {
    const customer = await newCustomer();
    const setup = await stripe.setupIntents.create({ customer, confirm: true, payment_method: 'pm_card_visa' });
    expect(setup.status).toBe('succeeded');
    const byCustomer = await stripe.setupIntents.list({ customer });
    const byCard = await stripe.setupIntents.list({ payment_method: String(setup.payment_method) });
    expect([byCustomer, byCard].map(({ data }) => data.map(({ id }) => id))).toEqual([[setup.id], [setup.id]]);
  });

  test('goes from method to confirmation, and can be changed until then', async () => {
    const customer = await newCustomer();
    const setup = await stripe.setupIntents.create({ metadata: { a: '1' } });
    expect(setup.status).toBe('requires_payment_method');
    const chosen = await stripe.setupIntents.update(setup.id, {
      customer,
      payment_method: 'pm_card_visa',
      metadata: { b: '2' },
    });
    expect(chosen).toMatchObject({ status: 'requires_confirmation', customer, metadata: { a: '1', b: '2' } });
    expect((await stripe.setupIntents.confirm(setup.id)).status).toBe('succeeded');
    expect(await failureOf(stripe.setupIntents.cancel(setup.id))).toMatchObject({
      code: 'setup_intent_unexpected_state',
    });
  });

  test('answers a refusal with 402 and itself, and keeps it', async () => {
    const failure = await failureOf(
      stripe.setupIntents.create({ confirm: true, payment_method: 'pm_card_visa_chargeDeclinedStolenCard' }),
    );
    expect(failure).toMatchObject({ statusCode: 402, decline_code: 'stolen_card', advice_code: 'do_not_try_again' });
    expect(await stripe.setupIntents.retrieve(String(failure.setup_intent?.id))).toMatchObject({
      status: 'requires_payment_method',
      last_setup_error: { decline_code: 'stolen_card' },
    });
  });

  test.each([
    ['complete', 'succeeded', 'succeeded', 1],
    ['fail', 'requires_payment_method', 'failed', 0],
  ])('sends the owner to a page, and when they %s there, back as %s', async (answer, status, how, cards) => {
    const customer = await newCustomer();
    const setup = await stripe.setupIntents.create({
      customer,
      confirm: true,
      payment_method: 'pm_card_authenticationRequired',
      return_url: 'https://shop.example/back?from=bank',
    });
    expect(setup).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } });
    const url = String(setup.next_action?.redirect_to_url?.url);
    const response = await fetch(url);
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self' https://shop.example");
    expect(await response.text()).toContain('Nothing is charged.');
    const body = new URLSearchParams({ authenticate: answer });
    const answered = await fetch(url, { method: 'POST', body, redirect: 'manual' });
    expect(answered.status).toBe(303);
    const back = new URL(String(answered.headers.get('location')));
    expect(Object.fromEntries(back.searchParams)).toEqual({
      from: 'bank',
      setup_intent: setup.id,
      setup_intent_client_secret: setup.client_secret,
      redirect_status: how,
    });
    expect((await stripe.setupIntents.retrieve(setup.id)).status).toBe(status);
    expect(await saved(customer)).toHaveLength(cards);
    expect((await fetch(url, { method: 'POST', body, redirect: 'manual' })).status).toBe(400);
    expect(await (await fetch(url)).text()).toContain('Nothing is asked of you here.');
  });
});
