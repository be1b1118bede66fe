import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { anything, describeStories, stepsOf } from './reversal-stories.ts';
import { reversalWorld } from './reversal-world.ts';

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

const { inDashboard, byApi, disputed, moved } = stepsOf(() => ({ service, world }));

const refundsAndDisputes = { ...anything, oneOfAll: false };
const needsNews = { ...refundsAndDisputes, allAtOnce: false };

describeStories(() => ({ service, world }), {
  'a payment that is charged back': {
    steps: [disputed('chargeback')],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'needs_response', balance: '0.00' },
  },
  'a card whose every payment is charged back': {
    payment: { card: cards.chargedBack },
    steps: [],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'needs_response', balance: '0.00' },
  },
  'an inquiry that comes to nothing': {
    payment: { card: cards.inquired },
    steps: [moved('review_inquiry'), moved('close_inquiry')],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'closed', balance: '5.00' },
  },
  'an inquiry that becomes a chargeback': {
    steps: [disputed('inquiry'), moved('escalate')],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'needs_response', balance: '0.00' },
  },
  'a chargeback that is lost': {
    steps: [disputed('chargeback'), moved('review'), moved('lose')],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'lost', balance: '0.00' },
  },
  'a chargeback that is won': {
    steps: [disputed('chargeback'), moved('review'), moved('win')],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'won', balance: '5.00' },
  },
  'a chargeback of a part that is won in part': {
    steps: [disputed('chargeback', 960), moved('win', 480)],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'won', balance: '3.756477' },
  },
  'a chargeback that is won, and then the payment is refunded': {
    steps: [disputed('chargeback'), moved('win'), byApi()],
    survives: needsNews,
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: 'won', balance: '0.00' },
  },
  'a chargeback that is won, and then the payment is refunded in the dashboard': {
    steps: [disputed('chargeback'), moved('win'), inDashboard()],
    survives: refundsAndDisputes,
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: 'won', balance: '0.00' },
  },
  'a part refunded, and the rest charged back': {
    steps: [byApi('2.00'), disputed('chargeback')],
    survives: refundsAndDisputes,
    ends: { status: 'partially_refunded', amountRefunded: '2.00 USD', dispute: 'needs_response', balance: '0.00' },
  },
  'a part refunded, and all of it charged back': {
    steps: [byApi('2.00'), disputed('chargeback', 1930), moved('lose')],
    survives: refundsAndDisputes,
    ends: { status: 'partially_refunded', amountRefunded: '2.00 USD', dispute: 'lost', balance: '0.00' },
  },
  'a part refunded, all of it charged back, and won': {
    steps: [byApi('2.00'), disputed('chargeback', 1930), moved('win')],
    survives: refundsAndDisputes,
    ends: { status: 'partially_refunded', amountRefunded: '2.00 USD', dispute: 'won', balance: '3.00' },
  },
  'refunded in the dashboard and charged back': {
    steps: [inDashboard(), disputed('chargeback', 1930)],
    survives: refundsAndDisputes,
    ends: { status: 'refunded', amountRefunded: '5.00 USD', dispute: 'needs_response', balance: '0.00' },
  },
  'two chargebacks, one after the other, both won': {
    steps: [disputed('chargeback', 960), moved('win'), disputed('chargeback'), moved('win')],
    survives: anything,
    ends: { status: 'paid', amountRefunded: '0.00 USD', dispute: 'won', balance: '5.00' },
  },
});

describe('what a bank takes', () => {
  it('is no client’s beyond what the payment credited: the rest is lost', async () => {
    const paid = await world.paid();
    await world.refund(paid.orderId, '2.00');
    await service.sandbox.dispute(paid.paymentId, { kind: 'chargeback', amount: 1930 });
    await service.idle();
    const books = await world.books(paid.customerId);
    expect(books['prepaid USD']).toBeUndefined();
    expect(Number(books['losses USD'])).toBeCloseTo(1.994819, 6);
  });

  it('is charged a fee that is back where the dispute is won', async () => {
    const paid = await world.paid();
    const { id } = await service.sandbox.dispute(paid.paymentId, { kind: 'chargeback' });
    await service.idle();
    expect((await world.books(paid.customerId))['dispute_fees AED']).toBe('55.09');
    await service.sandbox.moveDispute(id, 'win');
    await service.idle();
    expect(await world.books(paid.customerId)).not.toHaveProperty('dispute_fees AED');
  });

  it('cannot be refunded: what is left is asked for, refused by the provider, and on the balance again', async () => {
    const paid = await world.paid();
    await service.sandbox.dispute(paid.paymentId, { kind: 'chargeback', amount: 960 });
    await service.idle();
    const before = await service.balance(paid.customerId);
    await world.refund(paid.orderId);
    expect(await service.balance(paid.customerId)).toBe(before);
    await world.expectBooksOfProvider();
  });

  it('pauses the service of a client that had spent it, until it is won', async () => {
    const paid = await world.paid();
    await service.api.call('POST', `/v1/customers/${paid.customerId}/adjustments`, {
      idempotencyKey: 'spent',
      body: { kind: 'correction', amount: { amount: '-4.00', currency: 'USD' }, reason: 'calls' },
    });
    const { id } = await service.sandbox.dispute(paid.paymentId, { kind: 'chargeback' });
    await service.idle();
    const path = `/v1/customers/${paid.customerId}/balance`;
    expect(await service.api.call('GET', path)).toMatchObject({
      body: { balance: { amount: '-4.00' }, status: 'paused' },
    });
    await service.sandbox.moveDispute(id, 'win');
    await service.idle();
    expect(await service.api.call('GET', path)).toMatchObject({
      body: { balance: { amount: '1.00' }, status: 'active' },
    });
  });
});
