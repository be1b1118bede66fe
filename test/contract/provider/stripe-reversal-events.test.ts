import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AccountRef, PaymentProvider } from '../../../src/providers/port.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { type ReversalHint, readReversal } from '../../../webhooks/read-reversals.ts';
import type { Translator } from '../../../webhooks/stripe/event.ts';
import { applicationFeeRefunded } from '../../../webhooks/stripe/translators/application_fee.refunded.ts';
import { chargeDisputeClosed } from '../../../webhooks/stripe/translators/charge.dispute.closed.ts';
import { chargeDisputeCreated } from '../../../webhooks/stripe/translators/charge.dispute.created.ts';
import { chargeDisputeFundsReinstated } from '../../../webhooks/stripe/translators/charge.dispute.funds_reinstated.ts';
import { chargeDisputeFundsWithdrawn } from '../../../webhooks/stripe/translators/charge.dispute.funds_withdrawn.ts';
import { chargeDisputeUpdated } from '../../../webhooks/stripe/translators/charge.dispute.updated.ts';
import { chargeFailed } from '../../../webhooks/stripe/translators/charge.failed.ts';
import { chargeRefundUpdated } from '../../../webhooks/stripe/translators/charge.refund.updated.ts';
import { chargeRefunded } from '../../../webhooks/stripe/translators/charge.refunded.ts';
import { refundCreated } from '../../../webhooks/stripe/translators/refund.created.ts';
import { refundFailed } from '../../../webhooks/stripe/translators/refund.failed.ts';
import { refundUpdated } from '../../../webhooks/stripe/translators/refund.updated.ts';
import type { Translation } from '../../../webhooks/translation.ts';
import { secretKey, topUp } from '../sandbox/harness.ts';
import { type ReversalHarness, startReversalHarness } from '../sandbox/reversal-harness.ts';

const translators: ReadonlyMap<string, Translator> = new Map([
  ['application_fee.refunded', applicationFeeRefunded],
  ['charge.dispute.closed', chargeDisputeClosed],
  ['charge.dispute.created', chargeDisputeCreated],
  ['charge.dispute.funds_reinstated', chargeDisputeFundsReinstated],
  ['charge.dispute.funds_withdrawn', chargeDisputeFundsWithdrawn],
  ['charge.dispute.updated', chargeDisputeUpdated],
  ['charge.failed', chargeFailed],
  ['charge.refund.updated', chargeRefundUpdated],
  ['charge.refunded', chargeRefunded],
  ['refund.created', refundCreated],
  ['refund.failed', refundFailed],
  ['refund.updated', refundUpdated],
]);

let harness: ReversalHarness;
let provider: PaymentProvider;
let account: AccountRef;
let options: Stripe.RequestOptions;
beforeAll(async () => {
  harness = await startReversalHarness();
  provider = createStripeProvider({ apiKey: secretKey, apiBase: harness.sandbox.url, maxNetworkRetries: 0 });
  const { id } = await harness.stripe.accounts.create({ country: 'AE' });
  account = { id, platform: false };
  options = { stripeAccount: id };
});
afterAll(() => harness.close());
beforeEach(() => harness.reset());

const isReversal = (translation: Translation): translation is ReversalHint =>
  ['refund_hint', 'late_failure_hint', 'dispute_hint', 'fee_return_hint'].includes(translation.kind);

/** What each delivered event that is heard means by now, by its type. */
async function meanings(): Promise<ReadonlyMap<string, unknown>> {
  await harness.sandbox.settled();
  const platform = { id: harness.sandbox.accountId, platform: true };
  const found = new Map<string, unknown>();
  for (const [arrivals, from] of [
    [harness.receiver.arrivals, platform],
    [harness.connect.arrivals, account],
  ] as const) {
    for (const { event } of arrivals) {
      const translate = translators.get(event.type);
      if (!translate) continue;
      const translation = translate(event, { accountId: from.id, apiVersion: provider.apiVersion });
      const meaning = isReversal(translation)
        ? await readReversal(provider, platform.id, from, translation)
        : translation;
      found.set(event.type, meaning);
    }
  }
  return found;
}

const paid = () =>
  harness.pay({ application_fee_amount: 550, metadata: { baisa_order: 'ord_1', baisa_agency: 'agc_1' } }, options);

test('every event of a refund tells the same: all that went back, as it is now', async () => {
  const payment = await paid();
  const params = { payment_intent: payment.id, amount: 640, refund_application_fee: true };
  const { id } = await harness.stripe.refunds.create(params, options);
  await harness.client.refundInDashboard(payment.id, { amount: 650 });
  await harness.client.settleRefund(id, 'fail');
  const heard = await meanings();
  expect([...heard.keys()].sort()).toEqual([
    'application_fee.refunded',
    'charge.refund.updated',
    'charge.refunded',
    'refund.created',
    'refund.failed',
    'refund.updated',
  ]);
  const [first, ...others] = heard.values();
  expect(first).toMatchObject({
    kind: 'refund',
    event: {
      type: 'payment.refunds',
      providerAccountId: account.id,
      payment: { id: payment.id, order: { orderId: 'ord_1', agencyId: 'agc_1' } },
      refunds: [
        { id, status: 'failed' },
        { refundId: null, status: 'succeeded' },
      ],
      feeReturns: [{ feeId: expect.stringMatching(/^fee_/) }],
    },
  });
  for (const other of others) expect(other).toEqual(first);
});

test('every event of a dispute tells the same, and a declined charge tells nothing', async () => {
  const payment = await paid();
  const { id } = await harness.client.dispute(payment.id, { kind: 'inquiry' });
  await harness.client.moveDispute(id, 'escalate');
  await harness.client.moveDispute(id, 'win');
  const session = await harness.stripe.checkout.sessions.create(topUp(), options);
  await harness.client.pay(session.id, { card: '4000000000000002' });
  const heard = new Map(await meanings());
  expect(heard.get('charge.failed')).toMatchObject({ kind: 'ignored' });
  heard.delete('charge.failed');
  expect([...heard.keys()].sort()).toEqual([
    'charge.dispute.closed',
    'charge.dispute.created',
    'charge.dispute.funds_reinstated',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.updated',
  ]);
  const [first, ...others] = heard.values();
  expect(first).toMatchObject({
    kind: 'dispute',
    event: { disputes: [{ id, status: 'won', movements: [{ kind: 'withdrawn' }, { kind: 'reinstated' }] }] },
  });
  for (const other of others) expect(other).toEqual(first);
});

test('a debit that fails late tells of itself, and of the platform’s part with it', async () => {
  const session = await harness.stripe.checkout.sessions.create(
    { ...topUp(), payment_intent_data: { application_fee_amount: 550 } },
    options,
  );
  await harness.client.pay(session.id, { bank_debit: 'succeed' });
  await harness.client.settle(session.id, 'succeed');
  const { payment_intent: id } = await harness.stripe.checkout.sessions.retrieve(session.id, {}, options);
  await harness.client.failPayment(String(id));
  const heard = await meanings();
  expect(heard.get('charge.failed')).toMatchObject({
    kind: 'refund',
    event: { type: 'payment.failed_late', payment: { id }, failures: [{}], feeReturns: [{}] },
  });
  expect(heard.get('application_fee.refunded')).toMatchObject({
    kind: 'refund',
    event: { type: 'payment.refunds', refunds: [], feeReturns: [{}] },
  });
});

test('the release of a hold that verifies a card means nothing, however it shows', async () => {
  await harness.client.setFaults({ holdReleaseSurfacesAsRefund: true });
  const metadata = { baisa_purpose: 'verification' };
  const held = await harness.pay({ capture_method: 'manual', metadata }, options);
  await harness.stripe.paymentIntents.cancel(held.id, {}, options);
  const heard = await meanings();
  expect([...heard.keys()].sort()).toEqual(['charge.refunded', 'refund.created']);
  for (const meaning of heard.values()) expect(meaning).toMatchObject({ kind: 'ignored' });
});
