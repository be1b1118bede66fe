import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, type Harness, startHarness, topUp, types, visa } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.sandbox.settled();
  harness.receiver.arrivals.length = 0;
});

const pay = (sessionId: string, body: unknown) => harness.control('POST', `/sandbox/sessions/${sessionId}/pay`, body);

describe('a card payment', () => {
  test('tells its four events in order, signed, with the session paid and the metadata on every object', async () => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', amount_total: 1930, currency: 'omr' });
    const answer = await pay(session.id, { card: visa });
    expect(answer.body).toEqual({
      status: 'complete',
      paymentStatus: 'paid',
      redirect: `https://shop.example/paid?session=${session.id}`,
    });
    await harness.sandbox.settled();
    expect(types(harness.receiver)).toEqual([
      'payment_intent.created',
      'payment_intent.succeeded',
      'charge.succeeded',
      'checkout.session.completed',
    ]);
    const last = harness.receiver.arrivals.at(-1)?.event;
    expect(last).toMatchObject({
      api_version: '2026-10-28.endive',
      livemode: false,
      data: { object: { id: session.id, payment_status: 'paid', metadata: { order: 'ord_1' } } },
    });
    expect(last?.account).toBeUndefined();
    const paid = await harness.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge.balance_transaction', 'line_items'],
    });
    expect(paid.line_items?.data).toHaveLength(1);
    expect(paid.payment_intent).toMatchObject({
      status: 'succeeded',
      amount_received: 1930,
      metadata: { order: 'ord_1' },
      latest_charge: { paid: true, balance_transaction: { currency: 'aed', exchange_rate: expect.any(Number) } },
    });
  });

  test.each([
    [visa, 'visa', 'credit'],
    ['4000 0566 5566 5556', 'visa', 'debit'],
    ['5555555555554444', 'mastercard', 'credit'],
    ['5200828282828210', 'mastercard', 'debit'],
    ['378282246310005', 'amex', 'credit'],
  ])('succeeds with %s and says %s %s', async (card, brand, funding) => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    await pay(session.id, { card });
    const paid = await harness.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge'],
    });
    expect(paid).toMatchObject({
      payment_intent: { latest_charge: { payment_method_details: { card: { brand, funding } } } },
    });
  });

  test.each([
    ['4000000000000002', 'card_declined', 'generic_decline'],
    ['4000000000009995', 'card_declined', 'insufficient_funds'],
    ['4000000000000069', 'expired_card', 'expired_card'],
    ['4000000000000127', 'incorrect_cvc', 'incorrect_cvc'],
  ])(
    'declines %s as %s / %s, leaves the session open, and a second card succeeds on it',
    async (card, code, declineCode) => {
      const session = await harness.stripe.checkout.sessions.create(topUp());
      const declined = await pay(session.id, { card });
      expect(declined.body).toMatchObject({ status: 'open', paymentStatus: 'unpaid', error: { code, declineCode } });
      await harness.sandbox.settled();
      expect(types(harness.receiver)).toEqual([
        'payment_intent.created',
        'payment_intent.payment_failed',
        'charge.failed',
      ]);
      expect((await pay(session.id, { card: visa })).body).toMatchObject({ paymentStatus: 'paid' });
      const { payment_intent: intent } = await harness.stripe.checkout.sessions.retrieve(session.id);
      const charges = await harness.stripe.charges.list({ payment_intent: String(intent) });
      expect(charges.data.map((charge) => charge.status)).toEqual(['succeeded', 'failed']);
    },
  );

  test.each(['4000002760003184', '4000002500003155'])(
    'asks %s for authentication and succeeds or fails by it',
    async (card) => {
      const failing = await harness.stripe.checkout.sessions.create(topUp());
      expect((await pay(failing.id, { card })).body).toMatchObject({ status: 'open', nextAction: 'authenticate' });
      expect((await pay(failing.id, { authenticate: 'fail' })).body).toMatchObject({
        status: 'open',
        error: { code: 'payment_intent_authentication_failure' },
      });
      expect((await pay(failing.id, { card, authenticate: 'complete' })).body).toMatchObject({ paymentStatus: 'paid' });
    },
  );

  test('refuses a mistyped number and any real-looking one', async () => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    expect(await pay(session.id, { card: '4242424242424241' })).toMatchObject({
      status: 400,
      body: { error: { code: 'incorrect_number' } },
    });
    expect(await pay(session.id, { card: '4111111111111111' })).toMatchObject({
      status: 400,
      body: { error: { code: 'testmode_charges_only' } },
    });
  });

  test('is taken once however often the page is sent', async () => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    const answers = await Promise.all([1, 2, 3].map(() => pay(session.id, { card: visa })));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    const { data } = await harness.stripe.charges.list({
      payment_intent: String((await harness.stripe.checkout.sessions.retrieve(session.id)).payment_intent),
    });
    expect(data).toHaveLength(1);
  });
});

describe('a delayed payment', () => {
  test.each([
    ['succeed', 'checkout.session.async_payment_succeeded', 'paid'],
    ['fail', 'checkout.session.async_payment_failed', 'unpaid'],
  ])('completes unpaid and will %s when the clock has moved a day', async (outcome, event, paymentStatus) => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    expect((await pay(session.id, { bank_debit: outcome })).body).toMatchObject({
      status: 'complete',
      paymentStatus: 'unpaid',
    });
    expect((await harness.control('POST', '/sandbox/clock', { advance: '1d' })).status).toBe(200);
    expect(types(harness.receiver).slice(0, 3)).toEqual([
      'payment_intent.created',
      'payment_intent.processing',
      'checkout.session.completed',
    ]);
    expect(types(harness.receiver).at(-1)).toBe(event);
    expect((await harness.stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe(paymentStatus);
  });

  test('is refused where the session allows cards only', async () => {
    const session = await harness.stripe.checkout.sessions.create({
      ...topUp(),
      allowed_payment_method_types: ['card'],
    });
    expect((await pay(session.id, { bank_debit: 'succeed' })).status).toBe(400);
  });
});

describe('a payment intent made directly', () => {
  test('is paid by a test payment method', async () => {
    const intent = await harness.stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa',
    });
    expect(intent).toMatchObject({ status: 'succeeded', amount_received: 500 });
  });

  test('answers a decline with 402, keeps the failed intent, and replays the same answer under its key', async () => {
    const create = () =>
      harness.stripe.paymentIntents.create(
        { amount: 500, currency: 'usd', confirm: true, payment_method: 'pm_card_visa_chargeDeclined' },
        { idempotencyKey: 'declined once' },
      );
    const first = await failureOf(create());
    expect(first).toMatchObject({ statusCode: 402, rawType: 'card_error', code: 'card_declined' });
    const second = await failureOf(create());
    expect(second.payment_intent?.id).toBe(first.payment_intent?.id);
    const kept = await harness.stripe.paymentIntents.retrieve(String(first.payment_intent?.id));
    expect(kept).toMatchObject({ status: 'requires_payment_method', last_payment_error: { code: 'card_declined' } });
  });

  test('is declined for want of authentication when nobody is there to give it', async () => {
    const failure = await failureOf(
      harness.stripe.paymentIntents.create({
        amount: 500,
        currency: 'usd',
        confirm: true,
        off_session: true,
        payment_method: 'pm_card_authenticationRequired',
      }),
    );
    expect(failure).toMatchObject({ statusCode: 402, code: 'authentication_required' });
  });
});

describe('a session', () => {
  test('expires by the clock, says so, and can no longer be paid', async () => {
    const expiresAt = Math.floor(harness.clock.now().getTime() / 1000) + 3600;
    const session = await harness.stripe.checkout.sessions.create({ ...topUp(), expires_at: expiresAt });
    await harness.control('POST', '/sandbox/clock', { advance: 'PT1H1M' });
    expect(types(harness.receiver)).toEqual(['checkout.session.expired']);
    expect(await harness.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired', url: null });
    expect((await pay(session.id, { card: visa })).status).toBe(400);
  });

  test('can be expired by a call, once', async () => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    expect((await harness.stripe.checkout.sessions.expire(session.id)).status).toBe('expired');
    expect(await failureOf(harness.stripe.checkout.sessions.expire(session.id))).toMatchObject({ statusCode: 400 });
  });

  test('may live from 30 minutes to 24 hours', async () => {
    const now = Math.floor(harness.clock.now().getTime() / 1000);
    for (const seconds of [60, 25 * 3600]) {
      const failure = await failureOf(
        harness.stripe.checkout.sessions.create({ ...topUp(), expires_at: now + seconds }),
      );
      expect(failure).toMatchObject({ statusCode: 400, param: 'expires_at' });
    }
  });

  test('is found by its customer and by its payment', async () => {
    const customer = await harness.stripe.customers.create({ email: 'a@example.com' });
    const session = await harness.stripe.checkout.sessions.create({ ...topUp(), customer: customer.id });
    await pay(session.id, { card: visa });
    const byCustomer = await harness.stripe.checkout.sessions.list({ customer: customer.id });
    expect(byCustomer.data.map(({ id }) => id)).toEqual([session.id]);
    const intent = String(byCustomer.data[0]?.payment_intent);
    const byPayment = await harness.stripe.checkout.sessions.list({ payment_intent: intent });
    expect(byPayment.data.map(({ id }) => id)).toEqual([session.id]);
  });
});

describe('the clock', () => {
  test('refuses to move back', async () => {
    for (const body of [{ advance: -1 }, { to: '2001-01-01T00:00:00Z' }, { advance: 'soon' }, {}]) {
      expect((await harness.control('POST', '/sandbox/clock', body)).status).toBe(422);
    }
  });

  test('calls its listeners after what fell due was delivered', async () => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    await pay(session.id, { bank_debit: 'succeed' });
    const seen: string[][] = [];
    harness.sandbox.onClockMoved(async () => {
      seen.push(types(harness.receiver));
    });
    await harness.control('POST', '/sandbox/clock', { advance: '2d' });
    expect(seen[0]).toContain('checkout.session.async_payment_succeeded');
  });
});
