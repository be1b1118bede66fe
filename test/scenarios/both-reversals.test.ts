import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { moneyAnswer, sessionAnswer } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { until } from '../../src/commands/until.ts';
import { createWhopSandboxClient, type WhopSandboxClient } from '../../src/commands/whop-sandbox-client.ts';
import { reportSchema } from '../../src/reconciliation/finding.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type Played, playedProviders } from './both-providers.ts';

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

const amount = moneyAnswer.transform(String);
const refundAnswer = z.object({ id: z.string(), charged: amount });
const orderAnswer = z.object({
  status: z.string(),
  amountRefunded: amount,
  dispute: z.object({ status: z.string(), isInquiry: z.boolean() }).nullable(),
});
const runAnswer = z.object({
  id: z.string(),
  status: z.string(),
  error: z.string().nullable(),
  reports: z.array(reportSchema),
  found: z.array(z.object({ class: z.string(), status: z.string(), count: z.number() })),
});

interface Paid {
  readonly customerId: string;
  readonly orderId: string;
  readonly paymentId: string;
}

let keys = 0;
const newKey = (): string => `both reversed ${keys++}`;

async function paid({ provider, paymentOf }: Played): Promise<Paid> {
  const customerId = await service.customer((await service.agency('Reversed')).api);
  const { orderId, url } = await service.api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey: newKey(),
    body: { customerId, kind: 'top_up', provider, amount: { amount: '5.00', currency: 'USD' } },
  });
  const paymentId = await paymentOf(service, url, cards.visa);
  await service.idle();
  return { customerId, orderId, paymentId };
}

const ask = (orderId: string, part?: string, idempotencyKey = newKey()) =>
  service.api.call('POST', `/v1/transactions/${orderId}/refunds`, {
    idempotencyKey,
    body: part === undefined ? {} : { amount: { amount: part, currency: 'USD' } },
  });

async function refund(orderId: string, part?: string): Promise<string> {
  const answer = await ask(orderId, part);
  expect(answer.status).toBe(202);
  await service.idle();
  return refundAnswer.parse(answer.body).charged;
}

const shown = async ({ orderId, customerId }: Paid) => {
  const { status, amountRefunded, dispute } = await service.api.get(`/v1/orders/${orderId}`, orderAnswer);
  return [status, amountRefunded, dispute?.status ?? null, await service.balance(customerId)];
};

describe.each(playedProviders)('what goes back at $provider', (played) => {
  const { charged, parts, refundRoute, setFaults, refundInDashboard, dispute, moveDispute } = played;

  it('is refunded whole, once however often it is asked for under one key', async () => {
    const order = await paid(played);
    const oneKey = newKey();
    const [first, again] = [await ask(order.orderId, undefined, oneKey), await ask(order.orderId, undefined, oneKey)];
    expect(again.body).toEqual(first.body);
    await service.idle();
    expect(refundAnswer.parse(first.body).charged).toBe(charged);
    expect(await shown(order)).toEqual(['refunded', '5.00 USD', null, '0.00']);
    expect((await ask(order.orderId)).status).toBe(422);
  });

  it('is refunded in parts, the last of which takes what is left', async () => {
    const order = await paid(played);
    expect([await refund(order.orderId, '2.00'), await refund(order.orderId, '1.00')]).toEqual(parts.slice(0, 2));
    expect(await shown(order)).toEqual(['partially_refunded', '3.00 USD', null, '2.00']);
    expect(await refund(order.orderId)).toBe(parts[2]);
    expect(await shown(order)).toEqual(['refunded', '5.00 USD', null, '0.00']);
  });

  it('in the dashboard is booked once when its events come twice and the newest first', async () => {
    const order = await paid(played);
    await setFaults(service, { duplicateDeliveries: 1, reorderDeliveries: true });
    await refundInDashboard(service, order.paymentId, 'part');
    await refundInDashboard(service, order.paymentId, 'all');
    await service.idle();
    expect(await shown(order)).toEqual(['refunded', '5.00 USD', null, '0.00']);
  });

  it('is not given back twice when the answer to a refund is lost', async () => {
    const order = await paid(played);
    await setFaults(service, { api: { cut: 'after', route: refundRoute, method: 'POST', times: 1 } });
    await refund(order.orderId, '2.00');
    await setFaults(service, {});
    for (const _round of [1, 2]) {
      await service.sandbox.advanceClock('5m');
      expect(await shown(order)).toEqual(['partially_refunded', '2.00 USD', null, '3.00']);
    }
  });

  it('is off the balance while a refund is not made, and made once when the provider answers again', async () => {
    const order = await paid(played);
    await setFaults(service, { api: { status: 500, route: refundRoute, method: 'POST' } });
    await refund(order.orderId, '2.00');
    expect(await shown(order)).toEqual(['paid', '0.00 USD', null, '3.00']);
    await setFaults(service, {});
    for (const _round of [1, 2]) {
      await service.sandbox.advanceClock('5m');
      expect(await shown(order)).toEqual(['partially_refunded', '2.00 USD', null, '3.00']);
    }
  });

  it('to the client’s bank is off the balance, and back once the dispute is won', async () => {
    const order = await paid(played);
    const { id } = await dispute(service, order.paymentId, 'chargeback');
    await service.idle();
    expect((await shown(order)).slice(2)).toEqual(['needs_response', '0.00']);
    expect((await ask(order.orderId)).status).toBe(422);
    await moveDispute(service, id, 'win');
    await service.idle();
    expect((await shown(order)).slice(2)).toEqual(['won', '5.00']);
  });

  it('moves nothing while the bank only asks, and what is disputed once it takes it', async () => {
    const order = await paid(played);
    const { id } = await dispute(service, order.paymentId, 'inquiry');
    await service.idle();
    expect((await shown(order)).slice(2)).toEqual(['needs_response', '5.00']);
    await moveDispute(service, id, 'escalate');
    await service.idle();
    await moveDispute(service, id, 'lose');
    await service.idle();
    expect((await shown(order)).slice(2)).toEqual(['lost', '0.00']);
  });

  it('and was heard of by nobody is booked by the reconciliation, which then finds nothing', async () => {
    await reconcile();
    const [refunded, disputed] = [await paid(played), await paid(played)];
    await setFaults(service, { dropDeliveries: played.provider === 'whop' ? true : 1 });
    await refundInDashboard(service, refunded.paymentId, 'part');
    await dispute(service, disputed.paymentId, 'chargeback');
    await service.idle();
    await setFaults(service, {});
    const { found } = await reconcile();
    expect(found).toContainEqual({ class: 'missing_reversal', status: 'repaired', count: 2 });
    expect(await service.balance(disputed.customerId)).toBe('0.00');
    expect((await shown(refunded))[0]).toBe('partially_refunded');
    expect((await reconcile()).found).toEqual([]);
  });
});

async function reconcile() {
  const { id } = await service.api.send('POST', '/v1/reconciliations', runAnswer, { body: {} });
  const run = await until(
    'a reconciliation that is over',
    () => service.api.get(`/v1/reconciliations/${id}`, runAnswer),
    ({ status }) => status === 'done' || status === 'failed',
  );
  expect(run.error).toBeNull();
  for (const { unexplained } of run.reports) expect(Number(unexplained)).toBe(0);
  return run;
}

describe('what only Whop does', () => {
  const atWhop = playedProviders.filter(({ provider }) => provider === 'whop');

  it.each(atWhop)(
    'the report of an account says that its payments are compared, and not its balance',
    async (played) => {
      await paid(played);
      const { reports } = await reconcile();
      expect(new Set(reports.map(({ basis }) => basis))).toEqual(new Set(['balance', 'payments']));
      const report = reports.find(({ basis }) => basis === 'payments');
      expect(report).toMatchObject({ currency: 'USD', events: 0, difference: '0.00' });
      expect(report?.provider).toBe(report?.books);
    },
  );

  it.each(atWhop)('a refund that waited and failed is back on the balance', async (played) => {
    const order = await paid(played);
    const { id } = await whop.refundInDashboard(order.paymentId, { amount: 2, status: 'pending' });
    await service.idle();
    expect(await service.balance(order.customerId)).toBe('3.00');
    await whop.settleRefund(id, 'failed');
    await service.idle();
    expect(await shown(order)).toEqual(['paid', '0.00 USD', null, '5.00']);
  });

  it.each(atWhop)('its own tax goes back with what is given back, and is none of ours', async ({ provider }) => {
    const customerId = await service.customer((await service.agency('Taxed')).api);
    const { orderId, url } = await service.api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
      idempotencyKey: newKey(),
      body: { customerId, kind: 'top_up', provider, amount: { amount: '5.00', currency: 'USD' } },
    });
    const checkoutId = (url ?? '').split('/').at(-1) ?? '';
    const { paymentId } = await whop.pay(checkoutId, { card: cards.visa, tax: '0.25' });
    await service.idle();
    const order = { customerId, orderId, paymentId: paymentId ?? 'none' };
    expect([await refund(orderId, '1.67'), await refund(orderId, '1.67')]).toEqual(['1.67 USD', '1.67 USD']);
    expect(await refund(orderId)).toBe('1.66 USD');
    expect(await shown(order)).toEqual(['refunded', '5.00 USD', null, '0.00']);
    await expect(whop.refundInDashboard(order.paymentId)).rejects.toThrow('not refundable');
  });

  it.each(atWhop)('two refunds of one amount are two, whichever answer is lost', async (played) => {
    const order = await paid(played);
    await whop.setFaults({ api: { cut: 'after', route: '/payments/', method: 'POST', times: 1 } });
    await Promise.all([ask(order.orderId, '2.00'), ask(order.orderId, '2.00')]);
    await service.idle();
    await whop.setFaults({});
    for (const _round of [1, 2, 3]) await service.sandbox.advanceClock('5m');
    expect(await shown(order)).toEqual(['partially_refunded', '4.00 USD', null, '1.00']);
  });
});
