import { expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { AccountRef, PaymentSettlement } from '../../../src/providers/port.ts';
import { expectRequest, recordRequests, session, stripe, wire } from './stripe-recorder.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

recordRequests();

const topUp = {
  orderId: 'ord_1',
  metadata: { baisa_order: 'ord_1' },
  providerCustomerId: 'cus_1',
  amount: Money.of('1.930', 'OMR'),
  description: 'Top-up: 5.00 USD of balance',
  successUrl: 'https://baisa.example/done',
  cancelUrl: 'https://baisa.example/back',
  expiresAt: new Date(1_793_500_000_000),
};

const startedWith = (applicationFee?: Money) =>
  wire(session, () =>
    stripe().checkout.createTopUpSession(
      connected,
      { ...topUp, ...(applicationFee ? { applicationFee } : {}) },
      { idempotencyKey: 'op:1' },
    ),
  );

it('asks for the platform’s part in minor units, on the agency’s own account', async () => {
  const { headers, form } = await startedWith(Money.of('0.550', 'OMR'));
  expect(headers['stripe-account']).toBe('acct_agency');
  expect(form).toMatchObject({
    'payment_intent_data[application_fee_amount]': '550',
    'payment_intent_data[metadata][baisa_order]': 'ord_1',
  });
});

it('asks for no fee where there is none', async () => {
  const { form } = await startedWith();
  expect(Object.keys(form).filter((name) => name.includes('fee'))).toEqual([]);
});

it('refuses a fee that the currency cannot be charged in, rather than round it', async () => {
  const call = stripe().checkout.createTopUpSession(
    connected,
    { ...topUp, applicationFee: Money.of('0.555', 'OMR') },
    { idempotencyKey: 'op:1' },
  );
  expect((await failureOf(call)).detail).toMatchObject({ kind: 'invalid', code: 'amount_not_chargeable' });
});

const stripeFee = { amount: 154, application: null, currency: 'aed', description: 'Stripe', type: 'stripe_fee' };
const transaction = {
  id: 'txn_1',
  object: 'balance_transaction',
  amount: 1842,
  currency: 'aed',
  exchange_rate: 9.5439,
  fee: 154,
  fee_details: [stripeFee],
  net: 1688,
};
const charge = {
  id: 'ch_1',
  object: 'charge',
  status: 'succeeded',
  application_fee: null,
  balance_transaction: transaction,
  payment_method_details: { type: 'card', card: { brand: 'visa', last4: '4242' } },
};
const intentWith = (latestCharge: object | string | null) => ({
  id: 'pi_1',
  object: 'payment_intent',
  latest_charge: latestCharge,
});

/** Fails the test, not the type: Stripe tells what it settled. */
function settlement(account: AccountRef): Promise<PaymentSettlement | null> {
  const { payments } = stripe();
  if (!payments.settlement) throw new Error('the adapter reads no settlements');
  return payments.settlement(account, 'pi_1');
}

it('reads what a payment brought from the balance transaction of its last charge', async () => {
  const sent = await wire(intentWith(charge), () => settlement(connected));
  expect(sent).toMatchObject({ method: 'GET', path: '/v1/payment_intents/pi_1' });
  expect(sent.form).toEqual({ 'expand[0]': 'latest_charge.balance_transaction' });
  expect(sent.headers['stripe-account']).toBe('acct_agency');
  expect(sent.result).toEqual({
    gross: Money.of('18.42', 'AED'),
    fees: Money.of('1.54', 'AED'),
    net: Money.of('16.88', 'AED'),
    exchangeRate: '9.5439',
    applicationFee: null,
    card: { brand: 'visa', last4: '4242' },
  });
});

const feeTaken = { amount: 525, application: 'ca_1', currency: 'aed', description: null, type: 'application_fee' };
const chargeWithFee = {
  ...charge,
  application_fee: 'fee_1',
  balance_transaction: { ...transaction, fee: 679, fee_details: [stripeFee, feeTaken], net: 1163 },
};
const fee = {
  id: 'fee_1',
  object: 'application_fee',
  amount: 550,
  currency: 'omr',
  balance_transaction: {
    id: 'txn_2',
    object: 'balance_transaction',
    amount: 525,
    currency: 'aed',
    exchange_rate: null,
    fee: 0,
    fee_details: [],
    net: 525,
  },
};

it('tells the platform’s part from the provider’s fees, and reads the fee on the platform itself', async () => {
  const first = expectRequest(intentWith(chargeWithFee));
  const second = expectRequest(fee);
  const result = await settlement(connected);
  expect((await first).headers['stripe-account']).toBe('acct_agency');
  const asked = await second;
  expect(asked).toMatchObject({
    path: '/v1/application_fees/fee_1',
    form: { 'expand[0]': 'balance_transaction' },
  });
  expect(asked.headers).not.toHaveProperty('stripe-account');
  const arrived = Money.of('5.25', 'AED');
  expect(result).toEqual({
    gross: Money.of('18.42', 'AED'),
    fees: Money.of('1.54', 'AED'),
    net: Money.of('11.63', 'AED'),
    exchangeRate: '9.5439',
    card: { brand: 'visa', last4: '4242' },
    applicationFee: {
      id: 'fee_1',
      amount: Money.of('0.550', 'OMR'),
      taken: arrived,
      arrival: { gross: arrived, fees: Money.zero('AED'), net: arrived, exchangeRate: null },
    },
  });
});

it('waits for the fee to be on the platform’s balance', async () => {
  void expectRequest(intentWith(chargeWithFee));
  void expectRequest({ ...fee, balance_transaction: null });
  await expect(settlement(connected)).resolves.toBeNull();
});

it('reads what a charge brought that failed after it had succeeded', async () => {
  const failed = { ...charge, status: 'failed', failure_balance_transaction: 'txn_failure' };
  const { result } = await wire(intentWith(failed), () => settlement(platform));
  expect(result).toEqual((await wire(intentWith(charge), () => settlement(platform))).result);
  expect(result).not.toBeNull();
});

it.each([
  ['no charge', null],
  ['a failed charge', { ...charge, status: 'failed', balance_transaction: null, failure_balance_transaction: null }],
  ['no balance transaction', { ...charge, balance_transaction: null }],
])('says that nothing is settled while there is %s', async (_what, latest) => {
  const { result } = await wire(intentWith(latest), () => settlement(platform));
  expect(result).toBeNull();
});

it('refuses a settlement in a currency that it does not know', async () => {
  void expectRequest(intentWith({ ...charge, balance_transaction: { ...transaction, currency: 'xxx' } }));
  expect((await failureOf(settlement(platform))).detail).toMatchObject({ kind: 'invalid', code: 'unknown_currency' });
});
