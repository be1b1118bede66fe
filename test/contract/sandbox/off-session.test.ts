import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandboxClient } from '../../../src/commands/sandbox-client.ts';
import { failureOf, type Harness, startHarness, types } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.control('PUT', '/sandbox/faults', {});
  await harness.sandbox.settled();
  harness.receiver.arrivals.length = 0;
});

interface Saved {
  readonly customer: string;
  readonly card: string;
}

/** Saves a card through a hosted session, its owner being there. */
const save = async (number: string): Promise<Saved> => {
  const customer = (await stripe.customers.create({})).id;
  const session = await stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'omr',
    customer,
    success_url: 'https://shop.example/saved',
  });
  await harness.control('POST', `/sandbox/sessions/${session.id}/pay`, { card: number, authenticate: 'complete' });
  const [method] = (await stripe.paymentMethods.list({ customer, type: 'card' })).data;
  if (!method) throw new Error('nothing was saved');
  return { customer, card: method.id };
};

const charge = ({ customer, card }: Saved, options?: Stripe.RequestOptions) =>
  stripe.paymentIntents.create(
    {
      amount: 9630,
      currency: 'omr',
      customer,
      payment_method: card,
      off_session: true,
      confirm: true,
      metadata: { refill: 'ref_1' },
    },
    options,
  );

const switchCard = (id: string, outcome: string | null) => harness.control('PUT', `/sandbox/cards/${id}`, { outcome });

const fingerprintOf = async (card: string) => String((await stripe.paymentMethods.retrieve(card)).card?.fingerprint);

const visa = '4242424242424242';
const alwaysAsks = '4000002760003184';

const heard = async () => {
  await harness.sandbox.settled();
  return types(harness.receiver);
};

describe('a charge without the owner', () => {
  test('is paid with a saved card', async () => {
    const saved = await save(visa);
    expect(await charge(saved)).toMatchObject({
      status: 'succeeded',
      amount_received: 9630,
      customer: saved.customer,
      payment_method: saved.card,
      metadata: { refill: 'ref_1' },
    });
  });

  test('leaves a declined payment with its reason, in the answer, in the object and in the events', async () => {
    const saved = await save('4000000000000341');
    await harness.sandbox.settled();
    harness.receiver.arrivals.length = 0;
    const failure = await failureOf(charge(saved));
    expect(failure).toMatchObject({
      statusCode: 402,
      rawType: 'card_error',
      code: 'card_declined',
      decline_code: 'generic_decline',
      advice_code: 'try_again_later',
      charge: expect.stringMatching(/^ch_/),
      payment_intent: { status: 'requires_payment_method', metadata: { refill: 'ref_1' } },
      payment_method: { id: saved.card },
    });
    expect(await heard()).toEqual(['payment_intent.created', 'payment_intent.payment_failed', 'charge.failed']);
    const intent = await stripe.paymentIntents.retrieve(String(failure.payment_intent?.id), {
      expand: ['latest_charge'],
    });
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      payment_method: null,
      last_payment_error: { decline_code: 'generic_decline', advice_code: 'try_again_later' },
      latest_charge: { paid: false, outcome: { advice_code: 'try_again_later', type: 'issuer_declined' } },
    });
    expect(await stripe.paymentMethods.retrieve(saved.card)).toMatchObject({ customer: saved.customer });
  });

  test('is declined for want of authentication, and paid later by its owner on the same payment', async () => {
    const saved = await save(alwaysAsks);
    const failure = await failureOf(charge(saved));
    expect(failure).toMatchObject({
      statusCode: 402,
      code: 'authentication_required',
      decline_code: 'authentication_required',
    });
    const id = String(failure.payment_intent?.id);
    const asking = await stripe.paymentIntents.confirm(id, {
      payment_method: saved.card,
      return_url: 'https://shop.example/paid',
    });
    expect(asking).toMatchObject({
      status: 'requires_action',
      next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: 'https://shop.example/paid' } },
    });
    const answer = await createSandboxClient(harness.sandbox.url).authenticate(id, 'complete');
    expect(answer.status).toBe('succeeded');
    expect(answer.redirect).toContain('redirect_status=succeeded');
    expect((await stripe.paymentIntents.retrieve(id)).status).toBe('succeeded');
    const charges = await stripe.charges.list({ payment_intent: id });
    expect(charges.data.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
  });

  test('stays unpaid when its owner fails the authentication', async () => {
    const saved = await save(alwaysAsks);
    const { payment_intent: intent } = await failureOf(charge(saved));
    const id = String(intent?.id);
    await stripe.paymentIntents.confirm(id, { payment_method: saved.card, return_url: 'https://shop.example/paid' });
    expect(await createSandboxClient(harness.sandbox.url).authenticate(id, 'fail')).toMatchObject({
      status: 'requires_payment_method',
      redirect: expect.stringContaining('redirect_status=failed'),
    });
    expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
  });

  test('needs no authentication with a card that its owner saved, and needs it where it was only attached', async () => {
    const asksUntilSaved = '4000002500003155';
    expect((await charge(await save(asksUntilSaved))).status).toBe('succeeded');
    const customer = (await stripe.customers.create({})).id;
    const attached = await stripe.paymentMethods.attach('pm_card_authenticationRequiredOnSetup', { customer });
    expect(await failureOf(charge({ customer, card: attached.id }))).toMatchObject({ code: 'authentication_required' });
  });

  test('refuses a card of another customer, and one that was detached', async () => {
    const [one, other] = [await save(visa), await save(visa)];
    expect(await failureOf(charge({ customer: one.customer, card: other.card }))).toMatchObject({
      statusCode: 400,
      param: 'payment_method',
    });
    await stripe.paymentMethods.detach(one.card);
    expect(await failureOf(charge(one))).toMatchObject({ statusCode: 400, param: 'payment_method' });
  });

  test('comes with a confirmation only', async () => {
    const params = { amount: 500, currency: 'usd', off_session: true };
    expect(await failureOf(stripe.paymentIntents.create(params))).toMatchObject({ param: 'off_session' });
  });

  test('is declined instead of asking where the caller wants no question', async () => {
    const failure = await failureOf(
      stripe.paymentIntents.create({
        amount: 500,
        currency: 'usd',
        confirm: true,
        error_on_requires_action: true,
        payment_method: 'pm_card_authenticationRequired',
      }),
    );
    expect(failure).toMatchObject({ statusCode: 402, code: 'authentication_required' });
  });
});

describe('declines', () => {
  test.each([
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline', 'try_again_later'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds', 'try_again_later'],
    ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card', 'do_not_try_again'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card', 'do_not_try_again'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card', 'confirm_card_data'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc', 'confirm_card_data'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error', 'try_again_later'],
    ['pm_card_visa_chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded', 'try_again_later'],
  ])('%s: %s / %s, advice %s', async (name, code, declineCode, advice) => {
    const failure = await failureOf(
      stripe.paymentIntents.create({ amount: 500, currency: 'usd', confirm: true, payment_method: name }),
    );
    expect(failure).toMatchObject({ statusCode: 402, code, decline_code: declineCode, advice_code: advice });
  });
});

describe('a switched card', () => {
  test.each([
    ['insufficient_funds', 'card_declined', 'insufficient_funds', 'try_again_later'],
    ['lost_card', 'card_declined', 'lost_card', 'do_not_try_again'],
    ['do_not_honor', 'card_declined', 'do_not_honor', 'try_again_later'],
    ['do_not_try_again', 'card_declined', 'generic_decline', 'do_not_try_again'],
    ['try_again_later', 'card_declined', 'generic_decline', 'try_again_later'],
    ['confirm_card_data', 'card_declined', 'generic_decline', 'confirm_card_data'],
    ['authentication_required', 'authentication_required', 'authentication_required', undefined],
  ])('dies of %s and revives', async (outcome, code, declineCode, advice) => {
    const saved = await save(visa);
    expect(await switchCard(saved.card, outcome)).toMatchObject({ status: 200, body: { outcome } });
    const failure = await failureOf(charge(saved));
    expect(failure).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    expect(failure.advice_code).toBe(advice);
    await switchCard(saved.card, 'succeed');
    expect((await charge(saved)).status).toBe('succeeded');
  });

  test('carries what its network advises', async () => {
    const saved = await save(visa);
    await switchCard(saved.card, 'do_not_try_again');
    expect((await failureOf(charge(saved))).network_advice_code).toBe('03');
  });

  test('is one client’s by its id, every client’s of that number by its fingerprint, and the id stands first', async () => {
    const [one, other] = [await save(visa), await save(visa)];
    await switchCard(one.card, 'lost_card');
    expect((await charge(other)).status).toBe('succeeded');
    const fingerprint = await fingerprintOf(one.card);
    await switchCard(fingerprint, 'insufficient_funds');
    expect((await failureOf(charge(one))).decline_code).toBe('lost_card');
    expect((await failureOf(charge(other))).decline_code).toBe('insufficient_funds');
    for (const id of [one.card, fingerprint]) await switchCard(id, null);
    expect((await charge(one)).status).toBe('succeeded');
    expect((await charge(other)).status).toBe('succeeded');
  });

  test('is named by its outcome, and unknown ones are refused', async () => {
    const saved = await save(visa);
    const client = createSandboxClient(harness.sandbox.url);
    await client.setCard(saved.card, 'stolen_card');
    const shown = await harness.control('GET', `/sandbox/cards/${saved.card}`);
    expect(shown.body).toEqual({ id: saved.card, outcome: 'stolen_card' });
    expect((await switchCard(saved.card, 'melted')).status).toBe(422);
    expect((await switchCard('pm_unknown', 'succeed')).status).toBe(404);
  });
});

describe('a lost answer', () => {
  test('of a charge that took effect leaves the payment, its events and its stored result', async () => {
    const saved = await save(visa);
    await harness.sandbox.settled();
    harness.receiver.arrivals.length = 0;
    const options = { idempotencyKey: `refill ${saved.card}` };
    await harness.control('PUT', '/sandbox/faults', { api: { cut: 'after', route: '/v1/payment_intents' } });
    expect((await failureOf(charge(saved, options))).type).toBe('StripeConnectionError');
    expect(await heard()).toEqual(['payment_intent.created', 'payment_intent.succeeded', 'charge.succeeded']);
    await harness.control('PUT', '/sandbox/faults', {});
    const found = await stripe.paymentIntents.list({ customer: saved.customer });
    expect(found.data).toMatchObject([{ status: 'succeeded', metadata: { refill: 'ref_1' } }]);
    expect((await charge(saved, options)).id).toBe(found.data[0]?.id);
    expect((await stripe.paymentIntents.list({ customer: saved.customer })).data).toHaveLength(1);
  });

  test('of a charge that never ran leaves nothing', async () => {
    const saved = await save(visa);
    await harness.control('PUT', '/sandbox/faults', { api: { cut: 'before', route: '/v1/payment_intents' } });
    expect((await failureOf(charge(saved))).type).toBe('StripeConnectionError');
    await harness.control('PUT', '/sandbox/faults', {});
    expect((await stripe.paymentIntents.list({ customer: saved.customer })).data).toEqual([]);
  });

  test.each<[string, (saved: Saved) => Promise<unknown>]>([
    ['setup_intents', ({ customer }) => stripe.setupIntents.create({ customer })],
    ['payment_methods', ({ card }) => stripe.paymentMethods.detach(card)],
  ])('meets /v1/%s, too', async (route, write) => {
    const saved = await save(visa);
    await harness.control('PUT', '/sandbox/faults', { api: { status: 429, route: `/v1/${route}`, times: 1 } });
    expect(await failureOf(write(saved))).toMatchObject({ statusCode: 429 });
    await write(saved);
  });
});

test('a declined charge is replayed under its key, even when the card has revived', async () => {
  const saved = await save(visa);
  await switchCard(saved.card, 'insufficient_funds');
  const options = { idempotencyKey: `replayed ${saved.card}` };
  const first = await failureOf(charge(saved, options));
  await switchCard(saved.card, null);
  const second = await failureOf(charge(saved, options));
  expect(second).toMatchObject({ statusCode: 402, decline_code: 'insufficient_funds' });
  expect(second.payment_intent?.id).toBe(first.payment_intent?.id);
  expect(second.headers?.['idempotent-replayed']).toBe('true');
  expect((await stripe.paymentIntents.list({ customer: saved.customer })).data).toHaveLength(1);
});
