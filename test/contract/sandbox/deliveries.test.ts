import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultSwitch } from '../../../src/sandbox/faults.ts';
import { type Harness, startHarness, startReceiver, topUp, types, visa } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

async function paySession(): Promise<string> {
  const session = await harness.stripe.checkout.sessions.create(topUp());
  await harness.control('POST', `/sandbox/sessions/${session.id}/pay`, { card: visa });
  return session.id;
}

const setFaults = async (faults: unknown) => {
  expect((await harness.control('PUT', '/sandbox/faults', faults)).status).toBe(200);
};

const eventIds = () => harness.receiver.arrivals.map(({ event }) => event.id);

describe('deliveries', () => {
  test('are repeated, backing off by the clock, until they are answered with 2xx', async () => {
    harness.receiver.answer(500);
    const customer = await harness.stripe.customers.create({ name: 'Patient' });
    await harness.sandbox.settled();
    expect(harness.receiver.arrivals).toHaveLength(0);
    const [pending] = (await harness.stripe.events.list({ delivery_success: false })).data;
    expect(pending).toMatchObject({ pending_webhooks: 1, data: { object: { id: customer.id } } });
    harness.receiver.answer(200);
    await harness.control('POST', '/sandbox/clock', { advance: '1h' });
    expect(eventIds()).toEqual([pending?.id]);
    expect((await harness.stripe.events.list({ delivery_success: false })).data).toHaveLength(0);
    expect((await harness.stripe.events.retrieve(String(pending?.id))).pending_webhooks).toBe(0);
  });

  test('are given up after three days', async () => {
    harness.receiver.answer(500);
    await harness.stripe.customers.create({ name: 'Lost' });
    for (let day = 0; day < 4; day += 1) await harness.control('POST', '/sandbox/clock', { advance: '1d' });
    harness.receiver.answer(200);
    await harness.control('POST', '/sandbox/clock', { advance: '1d' });
    expect(harness.receiver.arrivals).toHaveLength(0);
    expect((await harness.control('GET', '/sandbox/deliveries')).body).toMatchObject({ counts: { failed: 1 } });
  });

  test('go only to endpoints that asked for the type', async () => {
    const picky = await startReceiver(harness.clock, 'whsec_picky');
    try {
      await harness.sandbox.ensureWebhookEndpoint({
        url: picky.url,
        secret: 'whsec_picky',
        enabledEvents: ['checkout.session.completed'],
      });
      await paySession();
      await harness.sandbox.settled();
      expect(types(picky)).toEqual(['checkout.session.completed']);
      expect(types(harness.receiver)).toHaveLength(4);
    } finally {
      await picky.close();
    }
  });

  test("of a connected account go to the platform's Connect endpoint and name the account", async () => {
    const connect = await startReceiver(harness.clock, 'whsec_connect');
    try {
      await harness.sandbox.ensureWebhookEndpoint({
        url: connect.url,
        secret: 'whsec_connect',
        enabledEvents: ['*'],
        connect: true,
      });
      const account = await harness.stripe.accounts.create({ country: 'AE', type: 'standard' });
      await harness.stripe.customers.create({ name: 'Agency client' }, { stripeAccount: account.id });
      await harness.stripe.customers.create({ name: 'Platform client' });
      await harness.sandbox.settled();
      expect(connect.arrivals.map(({ event }) => event.account)).toEqual([account.id]);
      expect(harness.receiver.arrivals).toHaveLength(1);
    } finally {
      await connect.close();
    }
  });

  test('are signed with the secret that the creation of an endpoint showed, once', async () => {
    const made = await harness.stripe.webhookEndpoints.create({
      url: 'http://127.0.0.1:9/hook',
      enabled_events: ['customer.created'],
      api_version: '2026-10-28.endive',
    });
    expect(made.secret).toMatch(/^whsec_/);
    const read = await harness.stripe.webhookEndpoints.retrieve(made.id);
    expect(read.secret).toBeUndefined();
    const own = await startReceiver(harness.clock, made.secret);
    try {
      await harness.stripe.webhookEndpoints.update(made.id, { url: own.url });
      await harness.stripe.customers.create({ name: 'Signed' });
      await harness.sandbox.settled();
      expect(types(own)).toEqual(['customer.created']);
      await harness.stripe.webhookEndpoints.update(made.id, { disabled: true });
      await harness.stripe.customers.create({ name: 'Unheard' });
      await harness.sandbox.settled();
      expect(own.arrivals).toHaveLength(1);
      expect(await harness.stripe.webhookEndpoints.del(made.id)).toMatchObject({ deleted: true });
    } finally {
      await own.close();
    }
  });

  test('registering an endpoint again changes it and adds none', async () => {
    await harness.sandbox.ensureWebhookEndpoint({
      url: harness.receiver.url,
      secret: 'whsec_known',
      enabledEvents: ['product.created'],
    });
    const { data } = await harness.stripe.webhookEndpoints.list();
    expect(data.map((endpoint) => endpoint.enabled_events)).toEqual([['product.created']]);
  });
});

describe('delivery faults', () => {
  test('duplicate every delivery', async () => {
    await setFaults({ duplicateDeliveries: 2 });
    await harness.stripe.customers.create({ name: 'Thrice' });
    await harness.sandbox.settled();
    expect(harness.receiver.arrivals).toHaveLength(3);
    expect(new Set(eventIds()).size).toBe(1);
  });

  test('reorder deliveries without losing any', async () => {
    await setFaults({ delayDeliveriesMs: 3_600_000, reorderDeliveries: true, seed: 7 });
    for (let index = 0; index < 5; index += 1) await paySession();
    await harness.sandbox.settled();
    expect(harness.receiver.arrivals).toHaveLength(0);
    await harness.control('POST', '/sandbox/clock', { advance: '2h' });
    const emitted = (await harness.stripe.events.list({ limit: 100 })).data.map(({ id }) => id).reverse();
    expect(eventIds()).toHaveLength(20);
    expect(eventIds().sort()).toEqual([...emitted].sort());
    const order = harness.receiver.arrivals.map(({ event }) => event.id);
    expect(order).not.toEqual(emitted);
  });

  test('drop deliveries for good, leaving them to be found by listing', async () => {
    await setFaults({ dropDeliveries: 1 });
    await paySession();
    await setFaults({});
    await harness.control('POST', '/sandbox/clock', { advance: '1d' });
    expect(harness.receiver.arrivals).toHaveLength(0);
    const missed = await harness.stripe.events.list({
      delivery_success: false,
      types: ['payment_intent.succeeded', 'checkout.session.completed'],
    });
    expect(missed.data).toHaveLength(2);
  });

  test('strike the same deliveries again under the same seed', () => {
    const strikes = (seed: number) => {
      const faults = new FaultSwitch();
      faults.set({ dropDeliveries: 0.5, seed });
      return Array.from({ length: 40 }, () => faults.dropsThisDelivery());
    };
    expect(strikes(3)).toEqual(strikes(3));
    expect(strikes(3)).not.toEqual(strikes(4));
    expect(new Set(strikes(3)).size).toBe(2);
  });

  test('that make no sense are refused', async () => {
    for (const faults of [
      { dropDeliveries: 2 },
      { api: {} },
      { api: { status: 429, delayMs: 5 } },
      { api: { status: 429, storeResult: true } },
      { x: 1 },
    ]) {
      expect((await harness.control('PUT', '/sandbox/faults', faults)).status).toBe(422);
    }
  });
});

describe('call faults', () => {
  const create = (idempotencyKey: string) => harness.stripe.customers.create({ name: 'Faulty' }, { idempotencyKey });
  const count = async () => (await harness.stripe.customers.list()).data.length;

  test('cut before the call: nothing happened, and the same key does it', async () => {
    await setFaults({ api: { cut: 'before', method: 'POST', times: 2 } });
    await expect(create('cut before')).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect(await count()).toBe(0);
    await setFaults({});
    await create('cut before');
    expect(await count()).toBe(1);
  });

  test('cut after the call: it happened, and the same key answers it', async () => {
    await setFaults({ api: { cut: 'after', method: 'POST', times: 2 } });
    await expect(create('cut after')).rejects.toMatchObject({ type: 'StripeConnectionError' });
    await setFaults({});
    const replayed = await create('cut after');
    expect(replayed.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(await count()).toBe(1);
  });

  test('429 once: the next call under the same key runs', async () => {
    await setFaults({ api: { status: 429, times: 1 } });
    await expect(create('limited')).rejects.toMatchObject({ statusCode: 429, code: 'rate_limit' });
    await create('limited');
    expect(await count()).toBe(1);
  });

  test('500 once, not stored: the same key runs afterwards', async () => {
    await setFaults({ api: { status: 500, times: 1, route: '/v1/customers' } });
    await expect(create('broken')).rejects.toMatchObject({ statusCode: 500 });
    await create('broken');
    expect(await count()).toBe(1);
  });

  test('500 once, stored: its key answers 500 for ever, another key runs', async () => {
    await setFaults({ api: { status: 500, times: 1, storeResult: true } });
    await expect(create('stored')).rejects.toMatchObject({ statusCode: 500 });
    await expect(create('stored')).rejects.toMatchObject({
      statusCode: 500,
      headers: { 'idempotent-replayed': 'true' },
    });
    await create('stored, second attempt');
    expect(await count()).toBe(1);
  });

  test('of one account leave the calls for others alone, and later than them where it is slow', async () => {
    const { id } = await harness.stripe.accounts.create({ country: 'AE' });
    const list = (stripeAccount?: string) => harness.stripe.customers.list({}, stripeAccount ? { stripeAccount } : {});
    await setFaults({ api: { status: 500, account: id } });
    await expect(list(id)).rejects.toMatchObject({ statusCode: 500 });
    await expect(list()).resolves.toMatchObject({ data: [] });

    await setFaults({ api: { delayMs: 1_000, account: id } });
    const slow = list(id).then(() => 'the slow account');
    const other = list().then(() => 'the other account');
    expect(await Promise.race([slow, other])).toBe('the other account');
    expect(await slow).toBe('the slow account');
  });
});
