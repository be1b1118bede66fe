import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Whop from '@whop/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWhopSandboxClient, type WhopSandboxClient } from '../../../src/commands/whop-sandbox-client.ts';
import { type Harness, startHarness } from './harness.ts';

const apiKey = 'apik_sandbox_test';
const secret = 'ws_0123456789abcdef';

const clientFor = (harness: Harness, key = apiKey, version = '2026-07-20'): Whop =>
  new Whop({
    apiKey: key,
    version,
    baseURL: `${harness.sandbox.whop.apiBase()}/api/v1`,
    maxRetries: 0,
    logLevel: 'off',
    webhookKey: Buffer.from(secret, 'utf8').toString('base64'),
  });

interface Receiver {
  readonly url: string;
  /** What Whop's own SDK made of each delivery that it found well signed. */
  readonly events: ReturnType<Whop['webhooks']['unwrap']>[];
  readonly ids: string[];
  refuse(refuses: boolean): void;
  close(): Promise<void>;
}

async function startReceiver(whop: Whop): Promise<Receiver> {
  const events: Receiver['events'] = [];
  const ids: string[] = [];
  let refuses = false;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const headers = Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(request.headers[name])]),
    );
    try {
      const event = whop.webhooks.unwrap(body, { headers });
      ids.push(headers['webhook-id'] ?? '');
      if (!refuses) events.push(event);
      response.writeHead(refuses ? 503 : 200).end();
    } catch {
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    events,
    ids,
    refuse: (next) => {
      refuses = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

let harness: Harness;
let whop: Whop;
let control: WhopSandboxClient;
let receiver: Receiver;
let companyId: string;

beforeEach(async () => {
  harness = await startHarness({ whopApiKey: apiKey });
  whop = clientFor(harness);
  control = createWhopSandboxClient(harness.sandbox.url);
  companyId = harness.sandbox.whop.companyId;
  receiver = await startReceiver(whop);
  const events = ['payment.succeeded', 'payment.failed'];
  await harness.sandbox.whop.ensureWebhook({ url: receiver.url, secret, events });
});
afterEach(async () => {
  await receiver.close();
  await harness.close();
});

const checkout = (more: Partial<Whop.CheckoutConfigurationCreateParams> = {}, client = whop) =>
  client.checkoutConfigurations.create({
    account_id: companyId,
    mode: 'payment',
    plan: { plan_type: 'one_time', currency: 'usd', initial_price: 12.3, force_create_new_plan: true },
    metadata: { order: 'ord_1' },
    redirect_url: 'https://shop.example/done',
    ...more,
  });

const visa = '4242424242424242';
const declined = '4000000000000002';

describe('the API', () => {
  it('refuses a wrong key, another version, and a parameter that it does not know', async () => {
    await expect(clientFor(harness, 'wrong').accounts.me()).rejects.toMatchObject({ status: 401 });
    await expect(clientFor(harness, apiKey, '2025-01-01').accounts.me()).rejects.toMatchObject({ status: 400 });
    await expect(checkout({ affiliate_code: 'x' })).rejects.toMatchObject({ status: 400 });
  });

  it('shows a company to its own key and its parent’s, and to no other', async () => {
    const child = await whop.accounts.create({ title: 'Child', email: 'c@c.example', country: 'om' });
    const other = await control.company('Other');
    const stranger = clientFor(harness, other.apiKey);
    expect(await whop.accounts.retrieve(child.id)).toMatchObject({ id: child.id, parent_account_id: companyId });
    expect((await stranger.accounts.me()).id).toBe(other.id);
    await expect(stranger.accounts.retrieve(child.id)).rejects.toMatchObject({ status: 404 });
    await expect(stranger.products.list({ account_id: companyId })).rejects.toMatchObject({ status: 403 });
    const { id } = await checkout();
    await expect(stranger.checkoutConfigurations.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  it('keeps its own pages and switches from other origins and other names', async () => {
    const { url } = harness.sandbox;
    const { id } = await checkout();
    for (const path of [`/whop/pay/${id}`, '/sandbox/whop/access', '/sandbox/whop/faults']) {
      const foreign = await fetch(`${url}${path}`, { headers: { origin: 'https://elsewhere.example' } });
      expect([path, foreign.status]).toEqual([path, 403]);
    }
  });

  it('makes one account for one e-mail and external id', async () => {
    const wanted = { title: 'Child', email: 'c@c.example', metadata: { external_id: 'macc_1' } };
    const first = await whop.accounts.create(wanted);
    expect((await whop.accounts.create(wanted)).id).toBe(first.id);
    expect((await whop.accounts.create({ ...wanted, metadata: { external_id: 'macc_2' } })).id).not.toBe(first.id);
  });

  it('executes a key once, refuses it for another request, and forgets it after a day', async () => {
    const headers = { 'Idempotency-Key': 'once' };
    const product = { account_id: companyId, title: 'Gold' };
    const first = await whop.products.create(product, { headers });
    expect((await whop.products.create(product, { headers })).id).toBe(first.id);
    await expect(whop.products.create({ ...product, title: 'Silver' }, { headers })).rejects.toMatchObject({
      status: 409,
    });
    harness.clock.advance(24 * 3_600_000);
    expect((await whop.products.create(product, { headers })).id).not.toBe(first.id);
  });

  it('cannot change what kind a plan is, and leaves descriptions out of a list of products', async () => {
    const product = await whop.products.create({ account_id: companyId, title: 'Gold', description: 'For teams' });
    const plan = await whop.plans.create({
      account_id: companyId,
      product_id: product.id,
      plan_type: 'renewal',
      currency: 'usd',
      renewal_price: 49,
      billing_period: 30,
    });
    const answer = await fetch(`${harness.sandbox.whop.apiBase()}/api/v1/plans/${plan.id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'api-version-date': '2026-07-20',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ plan_type: 'one_time' }),
    });
    expect(answer.status).toBe(400);
    const listed = await whop.products.list({ account_id: companyId });
    expect(listed.data[0]).not.toHaveProperty('description');
    expect(await whop.products.retrieve(product.id)).toMatchObject({ description: 'For teams' });
  });

  it('pages lists by a cursor, and filters payments by checkout and time', async () => {
    const first = await checkout();
    const second = await checkout();
    for (const { id } of [first, second, second]) await control.pay(id, { card: visa });
    const ids: string[] = [];
    for await (const payment of whop.payments.list({ company_id: companyId, first: 1 })) ids.push(payment.id);
    expect(new Set(ids).size).toBe(3);
    const of = await whop.payments.list({ company_id: companyId, checkout_configuration_ids: [second.id] });
    expect(of.data).toHaveLength(2);
    const since = new Date(harness.clock.now().getTime() + 1_000).toISOString();
    expect((await whop.payments.list({ company_id: companyId, updated_after: since })).data).toEqual([]);
  });

  it('takes a fee for the platform only on a company under it that is onboarded', async () => {
    const child = await whop.accounts.create({ title: 'Child', email: 'c@c.example' });
    const plan = {
      plan_type: 'one_time',
      currency: 'usd',
      initial_price: 12.3,
      force_create_new_plan: true,
      application_fee_amount: 3,
    };
    await expect(checkout({ account_id: child.id, plan })).rejects.toMatchObject({ status: 400 });
    await control.onboard(child.id, 'complete');
    const { id } = await checkout({ account_id: child.id, plan });
    const { paymentId } = await control.pay(id, { card: visa });
    expect(await whop.payments.retrieve(paymentId ?? '')).toMatchObject({ application_fee: { amount: 3 } });
    await expect(checkout({ plan })).rejects.toMatchObject({ status: 400 });
  });
});

describe('a checkout', () => {
  it('leads from its page back to the shop, and tells of the payment with its metadata', async () => {
    const { id, purchase_url: url } = await checkout();
    const shown = await fetch(url ?? '');
    expect(await shown.text()).toMatch(/not Whop[\s\S]*12\.30 USD/);
    const form = { method: 'POST', body: `card=${visa}`, redirect: 'manual' } as const;
    const paid = await fetch(url ?? '', { ...form, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([paid.status, paid.headers.get('location')]).toEqual([303, 'https://shop.example/done']);
    await harness.sandbox.settled();
    expect(receiver.events).toMatchObject([
      {
        type: 'payment.succeeded',
        company_id: companyId,
        data: { status: 'paid', subtotal: 12.3, checkout_configuration_id: id, metadata: { order: 'ord_1' } },
      },
    ]);
  });

  it('adds a tax to the total and leaves the subtotal', async () => {
    const { id } = await checkout();
    const { paymentId } = await control.pay(id, { card: visa, tax: '0.62' });
    expect(await whop.payments.retrieve(paymentId ?? '')).toMatchObject({
      subtotal: 12.3,
      tax_amount: 0.62,
      total: 12.92,
    });
  });

  it('tells of a declined card, and takes no real one', async () => {
    const { id } = await checkout();
    expect(await control.pay(id, { card: declined })).toMatchObject({ status: 'declined' });
    expect(await control.pay(id, { card: '4111111111111111' })).toMatchObject({ status: 'declined', paymentId: null });
    await harness.sandbox.settled();
    expect(receiver.events).toMatchObject([
      { type: 'payment.failed', data: { status: 'open', failure_message: expect.any(String) } },
    ]);
  });

  it('that was removed cannot be paid', async () => {
    const { id, purchase_url: url } = await checkout();
    await whop.checkoutConfigurations.delete(id);
    expect((await fetch(url ?? '')).status).toBe(404);
    await expect(control.pay(id, { card: visa })).rejects.toThrow('404');
  });
});

describe('deliveries', () => {
  it('are tried again after 10, 20 and 40 seconds, and then never', async () => {
    receiver.refuse(true);
    const { id } = await checkout();
    await control.pay(id, { card: visa });
    await harness.sandbox.settled();
    const tries: number[] = [receiver.ids.length];
    for (const seconds of [10, 20, 40]) {
      harness.clock.advance(seconds * 1_000);
      await harness.sandbox.settled();
      tries.push(receiver.ids.length);
    }
    expect(tries).toEqual([1, 2, 3, 4]);
    expect(new Set(receiver.ids).size).toBe(1);
    receiver.refuse(false);
    harness.clock.advance(3_600_000);
    await harness.sandbox.settled();
    expect(receiver.events).toEqual([]);
    expect(await control.deliveries()).toMatchObject([{ status: 'dropped', attempts: 4 }]);
  });

  it.each([
    [{ dropDeliveries: true }, 0],
    [{ duplicateDeliveries: 2 }, 3],
    [{ delayDeliveriesMs: 60_000 }, 0],
  ])('with %j arrive %i times', async (faults, arrivals) => {
    await control.setFaults(faults);
    const { id } = await checkout();
    await control.pay(id, { card: visa });
    await harness.sandbox.settled();
    expect(receiver.events).toHaveLength(arrivals);
  });
});

describe('faults of the API', () => {
  it.each([
    [{ status: 429 }, 0],
    [{ status: 500 }, 0],
    [{ cut: 'before' }, 0],
    [{ cut: 'after' }, 1],
  ])('%j fails the call and leaves %i checkouts', async (fault, made) => {
    await control.setFaults({ api: { ...fault, route: '/checkout_configurations', method: 'POST', times: 1 } });
    await expect(checkout()).rejects.toThrow();
    const { data } = await whop.checkoutConfigurations.list({ account_id: companyId });
    expect(data).toHaveLength(made);
    await checkout();
  });
});
