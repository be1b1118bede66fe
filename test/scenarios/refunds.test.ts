import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld } from './agency-world.ts';
import { anything, describeStories, stepsOf } from './reversal-stories.ts';
import { type PaidOrder, reversalWorld } from './reversal-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
});
afterEach(async () => {
  await service.sandbox.setFaults({});
  await service.sandbox.setRefunds(null);
});
afterAll(async () => {
  await world.close();
  await service.stop();
});

const expectBooksOfProvider = (providerAccountId?: string) => world.expectBooksOfProvider(providerAccountId);

const statusOf = async ({ orderId }: PaidOrder): Promise<string> => (await world.order(orderId)).status;

const minorUnitsOf = async (paid: PaidOrder): Promise<readonly number[]> =>
  (await world.refundsOf(paid)).map(({ amount }) => amount);

describe('a refund that is asked for', () => {
  it('gives all of a payment back where no amount is named', async () => {
    const paid = await world.paid();
    const answer = await world.ask(paid.orderId);
    expect(answer).toMatchObject({
      status: 202,
      body: { status: 'pending', origin: 'api', amount: { amount: '5.00' }, charged: { amount: '1.930' } },
    });
    // Set aside at once: nobody can spend it meanwhile.
    expect(await service.balance(paid.customerId)).toBe('0.00');
    await service.idle();
    expect(await world.order(paid.orderId)).toEqual({ status: 'refunded', amountRefunded: '5.00 USD', dispute: null });
    const [refund] = await world.refundsOf(paid);
    expect(refund?.metadata).toMatchObject({ baisa_order: paid.orderId });
    expect(await world.ask(paid.orderId)).toMatchObject({ status: 422, body: { code: 'already_refunded' } });
    await expectBooksOfProvider();
  });

  it('gives 5.00 USD back in three parts as 0.640, 0.650 and 0.640 rials: the last takes the remainder', async () => {
    const paid = await world.paid();
    for (const amount of ['1.67', '1.67', '1.66']) await world.refund(paid.orderId, amount);
    expect(await minorUnitsOf(paid)).toEqual([640, 650, 640]);
    expect(await world.order(paid.orderId)).toMatchObject({ status: 'refunded', amountRefunded: '5.00 USD' });
    expect(await service.balance(paid.customerId)).toBe('0.00');
    await expectBooksOfProvider();
  });

  it.each([
    ['0.01', 'USD', 'refund_too_small'],
    ['5.01', 'USD', 'refund_too_large'],
    ['1.005', 'USD', 'too_many_decimals'],
    ['1.000', 'OMR', 'refund_currency'],
  ])('of %s %s is refused, and changes nothing', async (amount, currency, code) => {
    const paid = await world.paid();
    expect(await world.ask(paid.orderId, amount, { currency })).toMatchObject({
      status: 422,
      body: { code },
    });
    expect(await service.balance(paid.customerId)).toBe('5.00');
    expect(await statusOf(paid)).toBe('paid');
  });

  it('of an order that was never paid is refused', async () => {
    const { api } = await service.agency('Unpaid');
    const { orderId } = await service.startTopUp(await service.customer(api));
    expect(await world.ask(orderId)).toMatchObject({ status: 409, body: { code: 'order_not_paid' } });
  });

  it('is one refund under one key, however often it is asked for', async () => {
    const paid = await world.paid();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => world.ask(paid.orderId, '2.00', { key: 'one refund' })),
    );
    for (const { status } of answers) expect([202, 409]).toContain(status);
    await service.idle();
    const again = await world.ask(paid.orderId, '2.00', { key: 'one refund' });
    expect(again.status).toBe(202);
    await service.idle();
    expect(await minorUnitsOf(paid)).toEqual([770]);
    expect(await service.balance(paid.customerId)).toBe('3.00');
  });

  it.each(['before', 'after'])('is made once when the connection is cut %s the provider made it', async (cut) => {
    const paid = await world.paid();
    await service.sandbox.setFaults({ api: { cut, route: '/v1/refunds', method: 'POST', times: 2 } });
    await world.refund(paid.orderId, '2.00');
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('5m');
    expect(await minorUnitsOf(paid)).toEqual([770]);
    expect(await world.order(paid.orderId)).toMatchObject({
      status: 'partially_refunded',
      amountRefunded: '2.00 USD',
    });
    await expectBooksOfProvider();
  });

  it('is off the balance while the provider does not answer, and not twice when it does', async () => {
    const paid = await world.paid();
    await service.sandbox.setFaults({ api: { status: 500, route: '/v1/refunds', method: 'POST' } });
    await world.refund(paid.orderId, '2.00');
    expect(await service.balance(paid.customerId)).toBe('3.00');
    expect(await statusOf(paid)).toBe('paid');
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('5m');
    expect(await minorUnitsOf(paid)).toEqual([770]);
    expect(await service.balance(paid.customerId)).toBe('3.00');
    expect(await statusOf(paid)).toBe('partially_refunded');
  });

  it('returns to the balance when the provider refuses it', async () => {
    const paid = await world.paid();
    await world.lost(
      () => service.sandbox.refundInDashboard(paid.paymentId, { amount: 1500 }),
      () => [],
    );
    const refund = await world.refund(paid.orderId, '2.00');
    expect(refund.status).toBe('pending');
    expect(await service.balance(paid.customerId)).toBe('5.00');
    expect(await statusOf(paid)).toBe('paid');
    await world.deliver(await world.untold());
    expect(await world.order(paid.orderId)).toMatchObject({
      status: 'partially_refunded',
      amountRefunded: '3.88601 USD',
    });
    await expectBooksOfProvider();
  });
});

describe('never more goes back than was paid', () => {
  it('when twenty refunds are asked for at once', async () => {
    const paid = await world.paid();
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.ask(paid.orderId, '1.00')));
    const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
    expect([count(202), count(422)]).toEqual([5, 15]);
    await service.idle();
    const amounts = await minorUnitsOf(paid);
    expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(1930);
    for (const amount of amounts) expect(amount % 10).toBe(0);
    expect(await service.balance(paid.customerId)).toBe('0.00');
    expect(await statusOf(paid)).toBe('refunded');
    await expectBooksOfProvider();
  });

  it('when the dashboard refunds at the same time', async () => {
    const paid = await world.paid();
    const inDashboard = () =>
      service.sandbox.refundInDashboard(paid.paymentId, { amount: 500 }).then(
        () => undefined,
        () => undefined,
      );
    await Promise.all([
      ...Array.from({ length: 6 }, () => world.ask(paid.orderId, '1.00')),
      ...Array.from({ length: 3 }, inDashboard),
    ]);
    await service.idle();
    const total = (await minorUnitsOf(paid)).reduce((sum, amount) => sum + amount, 0);
    expect(total).toBeLessThanOrEqual(1930);
    const books = await world.books(paid.customerId);
    expect(books['clearing OMR'] ?? '0').toBe('0');
    expect(books['refunds_pending USD'] ?? '0').toBe('0');
    // Refunds asked for in USD beside others in OMR may leave what one step of 0.010 OMR is worth, and never more.
    expect(Math.abs(Number(books['losses USD'] ?? '0'))).toBeLessThan(0.026);
    await expectBooksOfProvider();
  });
});

describe('a client that has spent what it had back', () => {
  it('owes it: the balance is below zero, the service pauses, and a payment lets it go on', async () => {
    const paid = await world.paid();
    await service.api.call('POST', `/v1/customers/${paid.customerId}/adjustments`, {
      idempotencyKey: 'spent',
      body: { kind: 'correction', amount: { amount: '-4.00', currency: 'USD' }, reason: 'calls' },
    });
    await world.refund(paid.orderId);
    expect(await service.api.call('GET', `/v1/customers/${paid.customerId}/balance`)).toMatchObject({
      body: { balance: { amount: '-4.00' }, status: 'paused' },
    });
    await world.topUp(paid.customerId, '5.00');
    expect(await service.api.call('GET', `/v1/customers/${paid.customerId}/balance`)).toMatchObject({
      body: { balance: { amount: '1.00' }, status: 'active' },
    });
  });
});

describe('the platform’s part of a payment', () => {
  it('goes back in proportion on an agency’s own account, and the books follow what was returned', async () => {
    const agencies = agencyWorld(service);
    const agency = await agencies.connect('Returning', { country: 'US' });
    const planId = await agencies.platformPlan('shared and refunded', [agency]);
    const customerId = await agencies.subscriber(agency, planId);
    const account = agency.account.providerAccountId;
    const paid = await world.topUp(customerId, '20.00', { card: cards.visa }, account);
    await world.refund(paid.orderId, '5.00', agency.api);
    await world.refund(paid.orderId, '15.00', agency.api);
    const fees = await world.stripe().applicationFees.list({ limit: 100 });
    const [fee] = fees.data.filter((each) => each.account === account);
    expect(fee?.amount).toBeGreaterThan(0);
    expect(fee?.refunds.data.map(({ amount }) => amount).toReversed()).toEqual([
      Math.round((fee?.amount ?? 0) / 4),
      (fee?.amount ?? 0) - Math.round((fee?.amount ?? 0) / 4),
    ]);
    await service.sandbox.advanceClock('2s');
    await expectBooksOfProvider(account);
    await expectBooksOfProvider();
    const books = await world.books(customerId);
    expect(books).not.toHaveProperty('platform_revenue USD');
    expect(books).not.toHaveProperty('agency_fee_expense USD');
    const { body } = await agency.api.call('GET', `/v1/agencies/${agency.id}/revenue`);
    expect(body).toMatchObject({
      totals: [
        {
          gross: { amount: '20.00' },
          refunds: { amount: '20.00' },
          disputes: { amount: '0.00' },
          platformShare: { amount: '0.00' },
          agencyShare: { amount: '0.00' },
        },
      ],
    });
  });

  it('is less by its share where the platform’s account sold', async () => {
    const agencies = agencyWorld(service);
    const agency = await service.agency('Owed');
    const planId = await agencies.platformPlan('owed and refunded', [agency]);
    const customerId = await agencies.subscriber(agency, planId);
    const paid = await world.topUp(customerId, '5.00');
    await world.refund(paid.orderId, '2.00', agency.api);
    await world.refund(paid.orderId, undefined, agency.api);
    await service.sandbox.advanceClock('2s');
    const books = await world.books(customerId);
    expect(books).not.toHaveProperty('platform_revenue OMR');
    expect(books).not.toHaveProperty('payable_to_agency OMR');
    expect(books).not.toHaveProperty('receivable_from_platform OMR');
    await expectBooksOfProvider();
  });
});

const { inDashboard, byApi, aDayLater, refundsNow, failsLate } = stepsOf(() => ({ service, world }));

describeStories(() => ({ service, world }), {
  'a refund in the dashboard, in two parts': {
    steps: [inDashboard(960), inDashboard()],
    survives: anything,
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: null, balance: '0.00' },
  },
  'a part by us, and the rest in the dashboard': {
    steps: [byApi('1.67'), inDashboard()],
    survives: anything,
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: null, balance: '0.00' },
  },
  'a part in the dashboard, and the rest by us': {
    steps: [inDashboard(640), byApi()],
    survives: { ...anything, allAtOnce: false },
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: null, balance: '0.00' },
  },
  'a refund that fails a day after it succeeded': {
    payment: { card: cards.refundsFail },
    steps: [byApi('2.00'), aDayLater],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: null, balance: '5.00' },
  },
  'a refund in the dashboard that fails a day later, and one by us instead': {
    payment: { card: cards.refundsFail },
    steps: [inDashboard(1930), aDayLater, refundsNow('succeed'), byApi('3.00')],
    survives: anything,
    ends: { status: 'partially_refunded', amountRefunded: '3.00 USD', dispute: null, balance: '2.00' },
  },
  'a refund that is pending for a day': {
    payment: { card: cards.refundsPend },
    steps: [byApi(), aDayLater],
    survives: anything,
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: null, balance: '0.00' },
  },
  'a pending refund that fails': {
    steps: [refundsNow('fail'), byApi(), aDayLater],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: null, balance: '5.00' },
  },
  'a debit that comes back after it had paid': {
    payment: { bank_debit: 'succeed' },
    steps: [failsLate],
    survives: { ...anything, oneOfStep: false, oneOfAll: false },
    ends: { status: 'failed', amountRefunded: '0.00 USD', dispute: null, balance: '0.00' },
  },
});
