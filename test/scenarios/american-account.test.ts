import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { catalogStatus, created, quoteAnswer } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ SANDBOX_COUNTRY: 'US' });
});
afterAll(() => service.stop());

it('quotes and charges in USD, and says why, where the account cannot charge OMR', async () => {
  const { api } = await service.agency('Quotes');
  const customer = await service.customer(api);
  const body = { customerId: customer, amount: { amount: '5.00', currency: 'USD' } };
  const quote = await api.send('POST', '/v1/quotes', quoteAnswer, { body });
  expect(quote.charged.toString()).toBe('5.00 USD');
  expect(quote.rounding.isZero).toBe(true);
  expect(quote.rate).toBe('1');
  expect(quote.currencyNotice).toMatch(/OMR/);

  const { orderId, sessionId } = await service.startTopUp(customer);
  await service.sandbox.pay(sessionId, { card: cards.visa });
  await service.idle();
  expect((await service.order(orderId)).charged.toString()).toBe('5.00 USD');
  expect(await service.balance(customer)).toBe('5.00');
});

it('publishes plans in USD where the accounts cannot charge OMR', async () => {
  const { api } = await service.agency('Plans');
  const plan = {
    name: 'gold',
    displayName: 'Gold',
    type: 'usage_based',
    pricingModel: 'fixed',
    cycles: { monthly: '49.00' },
    currency: 'USD',
    publish: true,
  };
  const { id } = await api.send('POST', '/v1/plans', created, { body: plan });
  await service.idle();
  expect(await api.all(`/v1/catalog/status?planId=${id}`, catalogStatus)).toMatchObject([
    { status: 'in_sync' },
    { status: 'in_sync' },
  ]);
  const prices = z.object({ data: z.array(z.object({ currency: z.string(), unit_amount: z.number() })) });
  expect((await service.sandbox.provider(`/v1/prices?product=baisa_${id}`, prices)).data).toEqual([
    { currency: 'usd', unit_amount: 4900 },
  ]);
});
