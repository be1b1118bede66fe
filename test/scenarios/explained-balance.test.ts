import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { Money } from '../../src/money/money.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';
import { reversalWorld } from './reversal-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
});
afterAll(async () => {
  await world.close();
  await service.stop();
});

const money = z.object({ amount: z.string(), currency: z.string() }).transform(({ amount }) => Money.of(amount, 'USD'));
const explanation = z.object({
  balance: money,
  parts: z.array(z.object({ code: z.string(), amount: money, lines: z.number() })),
  data: z.array(
    z.object({
      code: z.string(),
      amount: money,
      balanceAfter: money,
      source: z.string(),
      event: z.object({ eventId: z.string(), type: z.string() }).nullable(),
      orderId: z.string().nullable(),
      usage: z.array(z.object({ id: z.string(), cost: money })),
      postedAt: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

const sumOf = (amounts: readonly Money[]): string =>
  amounts.reduce((sum, amount) => sum.plus(amount), Money.zero('USD')).toDecimalString();

async function explain(api: ApiClient, customerId: string, query = '') {
  return api.get(`/v1/customers/${customerId}/balance/explanation?limit=100${query}`, explanation);
}

it('leads every cent of a balance to what caused it, at any moment', async () => {
  const { api } = await service.agency('Explained');
  const body = { ...payAsYouGoInput, publish: true };
  const { id: planId } = await api.send('POST', '/v1/plans', created, { body });
  const customerId = await service.customer(api);
  await api.send('POST', `/v1/customers/${customerId}/subscription`, created, { body: { planId } });
  const paid = await world.topUp(customerId, '20.00');
  const use = async (ids: readonly string[]) => {
    const occurredAt = (await service.sandbox.now()).toISOString();
    const events = ids.map((id) => ({ id, customerId, feature: 'call_minutes', quantity: '3', occurredAt }));
    await api.send('POST', '/v1/usage', z.unknown(), { body: events });
    await service.sandbox.advanceClock('1m');
  };
  await use(['one']);
  await use(['two', 'three']);
  await world.refund(paid.orderId, '5.00', api);
  await service.sandbox.advanceClock('1m');
  await service.sandbox.dispute(paid.paymentId, { kind: 'chargeback' });
  await service.idle();
  await service.sandbox.advanceClock('1m');
  await api.call('POST', `/v1/customers/${customerId}/adjustments`, {
    idempotencyKey: 'explained',
    body: { kind: 'correction', amount: { amount: '2.00', currency: 'USD' }, reason: 'goodwill' },
  });

  const now = await explain(api, customerId);
  expect(now.balance.toDecimalString()).toBe(await service.balance(customerId));
  expect(now.next).toBeNull();
  for (const { code, event, orderId, usage, source, amount } of now.data) {
    if (code === 'usage.draw') expect(sumOf(usage.map(({ cost }) => cost))).toBe(amount.negated().toDecimalString());
    else if (code.startsWith('adjustment.')) expect(source).toMatch(/^operator:key_.*: goodwill$/);
    else expect({ code, orderId }).toEqual({ code, orderId: paid.orderId });
    if (code === 'topup.settle' || code === 'dispute.withdraw') expect(event?.eventId).toMatch(/^evt_/);
  }
  expect(now.data.map(({ code }) => code)).toEqual([
    ...['adjustment.credit', 'dispute.withdraw', 'refund.reserve', 'usage.draw', 'usage.draw', 'topup.settle'],
  ]);

  // At the moment of any line, the balance was what it came to.
  for (const { postedAt, balanceAfter } of now.data) {
    const then = await explain(api, customerId, `&at=${postedAt}`);
    expect(then.balance.toDecimalString()).toBe(balanceAfter.toDecimalString());
    expect(sumOf(then.parts.map(({ amount }) => amount))).toBe(then.balance.toDecimalString());
    expect(sumOf(then.data.map(({ amount }) => amount))).toBe(then.balance.toDecimalString());
  }
  const { api: strange } = await service.agency('Other');
  expect(await strange.call('GET', `/v1/customers/${customerId}/balance/explanation`)).toMatchObject({ status: 404 });
});
