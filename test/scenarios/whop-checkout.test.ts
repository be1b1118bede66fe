import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sessionAnswer } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import {
  createWhopSandboxClient,
  type WhopSandboxClient,
  whopCheckoutOf,
} from '../../src/commands/whop-sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { playedProviders } from './both-providers.ts';

let service: TestService;
let whop: WhopSandboxClient;

beforeAll(async () => {
  service = await startTestService();
  whop = createWhopSandboxClient(service.sandbox.url);
});
afterEach(async () => {
  await service.sandbox.setFaults({});
  await whop.setFaults({});
});
afterAll(() => service.stop());

const newCustomer = async (): Promise<string> => service.customer((await service.agency('Both')).api);

let requests = 0;

const requestTopUp = (customerId: string, provider: string, key?: string) => {
  requests += 1;
  return service.api.call('POST', '/v1/checkout-sessions', {
    idempotencyKey: key ?? `both ${requests}`,
    body: { customerId, kind: 'top_up', provider, amount: { amount: '5.00', currency: 'USD' } },
  });
};

async function startTopUp(customerId: string, provider: string) {
  const answer = await requestTopUp(customerId, provider);
  expect(answer.status).toBe(201);
  return sessionAnswer.parse(answer.body);
}

describe.each(playedProviders)('a top-up at $provider', ({ provider, charged, pay, setFaults, route }) => {
  it('is quoted, paid on the hosted page and credited', async () => {
    const customerId = await newCustomer();
    const { orderId, url } = await startTopUp(customerId, provider);
    await pay(service, url, cards.visa);
    await service.idle();
    const order = await service.order(orderId);
    expect([order.status, order.charged.toString(), order.credited.toString()]).toEqual(['paid', charged, '5.00 USD']);
    expect(await service.balance(customerId)).toBe('5.00');
    const [line] = await service.ledger(customerId);
    expect(line?.reference).toMatch(new RegExp(`^${provider}:\\w+:\\w+:settled$`));
  });

  it('stays open after a declined card, and is credited when another card pays', async () => {
    const customerId = await newCustomer();
    const { orderId, url } = await startTopUp(customerId, provider);
    await pay(service, url, cards.declined);
    await service.idle();
    expect(await service.order(orderId)).toMatchObject({ status: 'checkout', attempts: [{ outcome: 'declined' }] });
    await pay(service, url, cards.visa);
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customerId)).toBe('5.00');
  });

  it('is credited once when each of its events is delivered three times, out of order', async () => {
    const customerId = await newCustomer();
    const { url } = await startTopUp(customerId, provider);
    await setFaults(service, { duplicateDeliveries: 2, reorderDeliveries: true });
    await pay(service, url, cards.visa);
    await service.idle();
    expect(await service.balance(customerId)).toBe('5.00');
    expect(await service.ledger(customerId)).toHaveLength(1);
  });

  it('expires in its time and credits nothing', async () => {
    const customerId = await newCustomer();
    const { orderId } = await startTopUp(customerId, provider);
    await service.sandbox.advanceClock('1d');
    expect((await service.order(orderId)).status).toBe('expired');
    expect(await service.balance(customerId)).toBe('0.00');
  });

  it.each(['before', 'after'])('has one page when its call is cut %s the provider made it', async (cut) => {
    const customerId = await newCustomer();
    const key = `cut ${provider} ${cut}`;
    await setFaults(service, { api: { cut, route, method: 'POST' } });
    expect((await requestTopUp(customerId, provider, key)).status).toBe(503);
    await setFaults(service, {});
    const answer = await requestTopUp(customerId, provider, key);
    expect(answer.status).toBe(201);
    const { orderId, url } = sessionAnswer.parse(answer.body);
    await pay(service, url, cards.visa);
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customerId)).toBe('5.00');
  });
});

describe('a client of both providers', () => {
  it('has one balance and one statement', async () => {
    const customerId = await newCustomer();
    for (const { provider, pay } of [...playedProviders, ...playedProviders]) {
      const { url } = await startTopUp(customerId, provider);
      await pay(service, url, cards.visa);
      await service.idle();
    }
    expect(await service.balance(customerId)).toBe('20.00');
    const lines = await service.ledger(customerId);
    expect(lines.map(({ balanceAfter }) => balanceAfter.toString())).toEqual([
      '20.00 USD',
      '15.00 USD',
      '10.00 USD',
      '5.00 USD',
    ]);
    expect(lines.map(({ reference }) => reference.split(':')[0])).toEqual(['whop', 'stripe', 'whop', 'stripe']);
  });

  it('is quoted at Stripe before Whop, unless the request names one, and told why the currencies differ', async () => {
    const customerId = await newCustomer();
    const quote = z.object({
      charged: z.object({ amount: z.string(), currency: z.string() }),
      currencyNotice: z.string().nullable(),
    });
    const quoted = (provider?: string) =>
      service.api.send('POST', '/v1/quotes', quote, {
        body: { customerId, amount: { amount: '5.00', currency: 'USD' }, ...(provider ? { provider } : {}) },
      });
    expect(await quoted()).toEqual({ charged: { amount: '1.930', currency: 'OMR' }, currencyNotice: null });
    expect(await quoted('whop')).toEqual({
      charged: { amount: '5.00', currency: 'USD' },
      currencyNotice: expect.stringContaining('cannot charge OMR'),
    });
  });
});

describe('at Whop', () => {
  it('the tax that Whop adds is nobody’s balance', async () => {
    const customerId = await newCustomer();
    const { orderId, url } = await startTopUp(customerId, 'whop');
    await whop.pay(whopCheckoutOf(url), { card: cards.visa, tax: '0.25' });
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customerId)).toBe('5.00');
  });

  it('a payment that was told of while the service was deaf is told of again for a minute', async () => {
    const customerId = await newCustomer();
    const { url } = await startTopUp(customerId, 'whop');
    await whop.setFaults({ delayDeliveriesMs: 60_000 });
    await whop.pay(whopCheckoutOf(url), { card: cards.visa });
    await service.idle();
    expect(await service.balance(customerId)).toBe('0.00');
    await service.sandbox.advanceClock('2m');
    expect(await service.balance(customerId)).toBe('5.00');
  });

  it('a checkout that is paid twice is credited twice, and raised', async () => {
    const customerId = await newCustomer();
    const { url } = await startTopUp(customerId, 'whop');
    for (const _ of [1, 2]) {
      await whop.pay(whopCheckoutOf(url), { card: cards.visa });
      await service.idle();
    }
    expect(await service.balance(customerId)).toBe('10.00');
    expect(await service.metric('baisa_alerts_open', { kind: 'second_payment' })).toBe(1);
  });

  it('no card can be saved, and the client is told so in plain words', async () => {
    const customerId = await newCustomer();
    const answer = await service.api.call('POST', '/v1/checkout-sessions', {
      idempotencyKey: 'a card at Whop',
      body: { customerId, kind: 'card', provider: 'whop' },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'cards_not_available' } });
  });
});
