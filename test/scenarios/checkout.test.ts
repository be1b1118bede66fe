import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sessionAnswer } from '../../src/commands/api-answers.ts';
import { cards, providerSessionOf } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventOf, eventsOf, forge, sessionsOf, withLostDeliveries } from './provider-events.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(() => service.stop());

const newCustomer = async (): Promise<string> => service.customer((await service.agency('Checkout')).api);

describe('an order', () => {
  it('stays open after a declined card, and is credited when another card pays', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    const declined = await service.sandbox.pay(sessionId, { card: cards.insufficientFunds });
    expect(declined).toMatchObject({ status: 'open', error: { declineCode: 'insufficient_funds' } });
    await service.idle();
    expect(await service.order(orderId)).toMatchObject({
      status: 'checkout',
      attempts: [{ outcome: 'declined', code: 'card_declined', declineCode: 'insufficient_funds' }],
    });
    expect(await service.balance(customer)).toBe('0.00');

    await service.sandbox.pay(sessionId, { card: cards.mastercard });
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customer)).toBe('5.00');
  });

  it('says that nothing of it was refunded or disputed', async () => {
    const { orderId } = await service.startTopUp(await newCustomer());
    expect((await service.api.call('GET', `/v1/orders/${orderId}`)).body).toMatchObject({
      amountRefunded: { amount: '0.00', currency: 'USD' },
      dispute: null,
    });
  });

  it('expires when its session was never made and nobody asked again', async () => {
    const agency = await service.agency('Lost');
    const customer = await service.customer(agency.api);
    await service.sandbox.setFaults({ api: { cut: 'before', route: '/v1/checkout/sessions', method: 'POST' } });
    expect((await service.requestTopUp(customer, '5.00', 'lost for ever')).status).toBe(503);
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('1d');

    const again = await service.requestTopUp(customer, '5.00', 'lost for ever');
    expect(again).toMatchObject({ status: 201, body: { status: 'expired', url: null } });
    const { orderId } = sessionAnswer.parse(again.body);
    expect((await service.order(orderId)).status).toBe('expired');
    expect(await sessionsOf(service, customer)).toBe(0);
  });

  it('expires with its session and credits nothing', async () => {
    const customer = await newCustomer();
    const { orderId } = await service.startTopUp(customer);
    await service.sandbox.advanceClock('1d');
    expect((await service.order(orderId)).status).toBe('expired');
    expect(await service.balance(customer)).toBe('0.00');
  });

  it('is credited when its payment is heard of after its expiry', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await withLostDeliveries(service, () => service.sandbox.pay(sessionId, { card: cards.visa }));
    const completed = await eventOf(service, orderId, 'checkout.session.completed');
    const expired = forge(completed, {
      event: { type: 'checkout.session.expired' },
      object: { status: 'expired', payment_status: 'unpaid' },
    });
    await service.deliver(expired.body);
    await service.idle();
    expect((await service.order(orderId)).status).toBe('expired');

    for (const event of await eventsOf(service, orderId)) await service.deliver(JSON.stringify(event));
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customer)).toBe('5.00');
  });

  it('is credited by a delayed method only when the money arrives', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { bank_debit: 'succeed' });
    await service.idle();
    expect((await service.order(orderId)).status).toBe('checkout');
    expect(await service.balance(customer)).toBe('0.00');

    await service.sandbox.advanceClock('1d');
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customer)).toBe('5.00');
  });

  it('fails, uncredited, when a delayed method does not pay', async () => {
    const customer = await newCustomer();
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { bank_debit: 'fail' });
    await service.sandbox.advanceClock('1d');
    expect((await service.order(orderId)).status).toBe('failed');
    expect(await service.balance(customer)).toBe('0.00');
  });
});

describe('one Idempotency-Key makes one session', () => {
  it.each(['before', 'after'])('when the connection is cut %s the provider made it', async (cut) => {
    const customer = await newCustomer();
    await service.sandbox.setFaults({ api: { cut, route: '/v1/checkout/sessions', method: 'POST' } });
    const lost = await service.requestTopUp(customer, '5.00', `cut ${cut}`);
    expect(lost.status).toBe(503);
    await service.sandbox.setFaults({});

    const answer = await service.requestTopUp(customer, '5.00', `cut ${cut}`);
    expect(answer.status).toBe(201);
    const { orderId, url } = sessionAnswer.parse(answer.body);
    expect(await sessionsOf(service, customer)).toBe(1);
    await service.sandbox.pay(providerSessionOf(url), { card: cards.visa });
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customer)).toBe('5.00');
  });

  it('when two requests with it arrive at once', async () => {
    const customer = await newCustomer();
    const answers = await Promise.all([1, 2].map(() => service.requestTopUp(customer, '5.00', 'at once')));
    for (const { status } of answers) expect([201, 409]).toContain(status);
    const first = sessionAnswer.parse((await service.requestTopUp(customer, '5.00', 'at once')).body);
    for (const { status, body } of answers) {
      if (status === 201) expect(sessionAnswer.parse(body).orderId).toBe(first.orderId);
    }
    expect(answers.some(({ status }) => status === 201)).toBe(true);
    expect(await sessionsOf(service, customer)).toBe(1);
  });

  it('and another request under it is refused', async () => {
    const customer = await newCustomer();
    await service.requestTopUp(customer, '5.00', 'mine');
    const other = await service.requestTopUp(customer, '6.00', 'mine');
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    expect(await sessionsOf(service, customer)).toBe(1);
  });
});
