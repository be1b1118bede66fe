import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { AccountRef, PaymentProvider } from '../../../src/providers/port.ts';
import type { BalanceMovement, Page, ProviderFeeReturn } from '../../../src/providers/refund-ports.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { secretKey, topUp } from '../sandbox/harness.ts';
import { type ReversalHarness, startReversalHarness } from '../sandbox/reversal-harness.ts';
import { need } from './contract-run.ts';

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

const aed = (amount: string) => Money.of(amount, 'AED');

const netOf = (movements: readonly BalanceMovement[]): string =>
  movements.reduce((sum, { settled }) => (settled ? sum.plus(settled.net) : sum), aed('0')).toString();

const amountsOf = (returns: readonly ProviderFeeReturn[]): string[] => returns.map(({ amount }) => amount.toString());

test('a refund in parts with the platform’s part: what the account gets back is what the platform gives', async () => {
  const refunds = need(provider.refunds, 'refunds');
  const fees = need(provider.fees, 'fees');
  const payment = await harness.pay({ application_fee_amount: 550 }, options);
  for (const [index, amount] of ['0.640', '0.650', '0.640'].entries()) {
    const request = {
      refundId: `rf_${index}`,
      paymentId: payment.id,
      amount: Money.of(amount, 'OMR'),
      applicationFeeReturned: true,
      reason: null,
      metadata: {},
    };
    await refunds.create(account, request, { idempotencyKey: `${payment.id}:${index}` });
  }
  const returns = await fees.returnsOfPayment(account, payment.id);
  expect(amountsOf(returns)).toEqual(['0.180 OMR', '0.190 OMR', '0.180 OMR']);
  const given = returns.map(({ settled }) => settled?.gross.toString());
  const made = await refunds.listOfPayment(account, payment.id);
  const got = made.flatMap(({ movements }) => movements.map(({ feeReturned }) => feeReturned.negated().toString()));
  expect(given).toEqual(got);
  const [first] = returns;
  await expect(fees.paymentOf(String(first?.feeId))).resolves.toEqual({ accountId: account.id, paymentId: payment.id });
});

test('a refund that fails after it succeeded nets to nothing', async () => {
  const refunds = need(provider.refunds, 'refunds');
  const payment = await harness.pay({}, options);
  const { id } = await harness.client.refundInDashboard(payment.id, { amount: 930 });
  await harness.client.settleRefund(id, 'fail');
  const failed = await refunds.retrieve(account, id);
  expect(failed).toMatchObject({ status: 'failed', refundId: null, failure: 'lost_or_stolen_card' });
  expect(failed?.movements.map(({ kind }) => kind)).toEqual(['withdrawn', 'reinstated']);
  expect(netOf(failed?.movements ?? [])).toBe('0.00 AED');
});

test('a dispute that is won in part says which part of the charge came back', async () => {
  const disputes = need(provider.disputes, 'disputes');
  const payment = await harness.pay({}, options);
  const { id } = await harness.client.dispute(payment.id, { kind: 'chargeback' });
  await harness.client.moveDispute(id, 'win', 930);
  const dispute = await disputes.retrieve(account, id);
  expect(dispute).toMatchObject({ status: 'won', isInquiry: false, paymentId: payment.id });
  expect(dispute.movements.map(({ kind, charged }) => [kind, charged.toString()])).toEqual([
    ['withdrawn', '1.930 OMR'],
    ['reinstated', '0.930 OMR'],
  ]);
});

test('a debit that fails late is read as what it took back, with the platform’s part', async () => {
  const session = await harness.stripe.checkout.sessions.create(
    { ...topUp(), payment_intent_data: { application_fee_amount: 550 } },
    options,
  );
  await harness.client.pay(session.id, { bank_debit: 'succeed' });
  await harness.client.settle(session.id, 'succeed');
  const { payment_intent: id } = await harness.stripe.checkout.sessions.retrieve(session.id, {}, options);
  const refunds = need(provider.refunds, 'refunds');
  await expect(refunds.lateFailures(account, String(id))).resolves.toEqual([]);
  await harness.client.failPayment(String(id));
  await expect(refunds.lateFailures(account, String(id))).resolves.toMatchObject([
    {
      amount: Money.of('1.930', 'OMR'),
      code: 'payment_method_bank_debit_returned',
      movement: { kind: 'withdrawn', settled: { gross: aed('-18.43') }, feeReturned: aed('5.25') },
    },
  ]);
  const returns = await need(provider.fees, 'fees').returnsOfPayment(account, String(id));
  expect(amountsOf(returns)).toEqual(['0.550 OMR']);
});

test('a hold that was let go of is no refund, however it shows', async () => {
  const refunds = need(provider.refunds, 'refunds');
  await harness.client.setFaults({ holdReleaseSurfacesAsRefund: true });
  const held = await harness.pay({ capture_method: 'manual' }, options);
  await harness.stripe.paymentIntents.cancel(held.id, {}, options);
  const { data } = await harness.stripe.refunds.list({ payment_intent: held.id }, options);
  expect(data).toHaveLength(1);
  await expect(refunds.listOfPayment(account, held.id)).resolves.toEqual([]);
  await expect(refunds.retrieve(account, String(data[0]?.id))).resolves.toBeNull();
});

test('books of more than a page are read whole, each payment once', async () => {
  const { id } = await harness.stripe.accounts.create({ country: 'AE' });
  const many = { id, platform: false };
  const since = harness.clock.now();
  const payments = await Promise.all(Array.from({ length: 105 }, () => harness.pay({}, { stripeAccount: id })));
  const balance = need(provider.balance, 'balance');
  const paid = new Set<string | null>();
  const sizes: number[] = [];
  let after: string | null = null;
  do {
    const page: Page<{ readonly paymentId: string | null }> = await balance.listEntries(many, { since, after });
    for (const { paymentId } of page.rows) paid.add(paymentId);
    sizes.push(page.rows.length);
    after = page.next;
  } while (after !== null);
  expect(sizes).toEqual([100, 5]);
  expect(paid).toEqual(new Set(payments.map((payment) => payment.id)));
});
