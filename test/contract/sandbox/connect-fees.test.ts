import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ConnectHarness, failuresOf, startConnectHarness } from './connect-harness.ts';
import { failureOf, topUp, types, visa } from './harness.ts';

let harness: ConnectHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startConnectHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.sandbox.settled();
  harness.connect.arrivals.length = 0;
  harness.receiver.arrivals.length = 0;
});

const withFee = (fee: number, amount = 1930, currency = 'omr') => ({
  ...topUp(amount, currency),
  payment_intent_data: { application_fee_amount: fee, metadata: { order: 'ord_1' } },
});

const intentOf = async (sessionId: string, options: Stripe.RequestOptions, expand: string[] = []) => {
  const session = await stripe.checkout.sessions.retrieve(sessionId, {}, options);
  return stripe.paymentIntents.retrieve(String(session.payment_intent), { expand }, options);
};

test('a paid session with a fee leaves the fee on the platform, in the currency that it settles in', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'US' });
  const options = { stripeAccount: account };
  const session = await stripe.checkout.sessions.create(withFee(100, 1000, 'usd'), options);
  await harness.client.pay(session.id, { card: visa });

  const intent = await intentOf(session.id, options, ['latest_charge.balance_transaction']);
  const charge = intent.latest_charge;
  if (charge === null || typeof charge === 'string') throw new Error('latest_charge was not expanded');
  const application = harness.sandbox.clientId;
  expect(intent).toMatchObject({ application, application_fee_amount: 100 });
  expect(charge).toMatchObject({ application, application_fee_amount: 100, balance_transaction: { amount: 1000 } });
  const paid = charge.balance_transaction;
  if (paid === null || typeof paid === 'string') throw new Error('balance_transaction was not expanded');
  expect(paid.fee_details.at(-1)).toMatchObject({ type: 'application_fee', amount: 100, currency: 'usd', application });

  const fee = await stripe.applicationFees.retrieve(String(charge.application_fee), {
    expand: ['balance_transaction.source'],
  });
  expect(fee).toMatchObject({
    object: 'application_fee',
    account,
    amount: 100,
    amount_refunded: 0,
    application,
    charge: charge.id,
    currency: 'usd',
    fee_source: { type: 'charge', charge: charge.id },
    originating_transaction: null,
    refunded: false,
    refunds: { data: [] },
  });
  // 1.00 USD at the sandbox's 3.6725: 3.67 AED, of which nothing is taken.
  expect(fee.balance_transaction).toMatchObject({
    type: 'application_fee',
    reporting_category: 'platform_earning',
    amount: 367,
    fee: 0,
    net: 367,
    currency: 'aed',
    exchange_rate: 3.6725,
    source: { id: fee.id },
  });
  const ofPlatform = await stripe.balanceTransactions.list({ type: 'application_fee' });
  expect(ofPlatform.data.map(({ source }) => source)).toEqual([fee.id]);
  expect((await stripe.balanceTransactions.list({ type: 'application_fee' }, options)).data).toEqual([]);
});

test('the fee is told to the platform, the payment to whoever listens to the account', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'AE' });
  const session = await stripe.checkout.sessions.create(withFee(190), { stripeAccount: account });
  await harness.client.pay(session.id, { card: visa });
  await harness.sandbox.settled();
  expect(types(harness.receiver)).toEqual(['application_fee.created']);
  expect(harness.receiver.arrivals[0]?.event).toMatchObject({ data: { object: { account, amount: 190 } } });
  expect(harness.receiver.arrivals[0]?.event).not.toHaveProperty('account');
  expect(types(harness.connect)).toContain('checkout.session.completed');
  expect(types(harness.connect)).not.toContain('application_fee.created');
  const { latest_charge: charge } = await intentOf(session.id, { stripeAccount: account });
  const found = await stripe.applicationFees.list({ charge: String(charge) });
  expect(found.data.map(({ amount, currency }) => [amount, currency])).toEqual([[190, 'omr']]);
});

test('a declined attempt takes no fee, a bank debit takes it when it settles', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'AE' });
  const options = { stripeAccount: account };
  const session = await stripe.checkout.sessions.create(withFee(190), options);
  await harness.client.pay(session.id, { card: '4000000000000002' });
  await harness.client.pay(session.id, { bank_debit: 'succeed' });
  const feesOfAccount = async () =>
    (await stripe.applicationFees.list({ limit: 100 })).data.filter((fee) => fee.account === account);
  expect(await feesOfAccount()).toEqual([]);
  await harness.client.settle(session.id, 'succeed');
  expect(await feesOfAccount()).toMatchObject([{ amount: 190 }]);
});

test('a payment without a fee leaves none', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'AE' });
  const options = { stripeAccount: account };
  const intent = await stripe.paymentIntents.create(
    { amount: 500, currency: 'usd', confirm: true, payment_method: 'pm_card_visa' },
    options,
  );
  const charge = await stripe.charges.retrieve(String(intent.latest_charge), {}, options);
  expect(charge).toMatchObject({ application_fee: null, application_fee_amount: null });
  expect((await stripe.applicationFees.list({ charge: charge.id })).data).toEqual([]);
  expect(await failureOf(stripe.applicationFees.retrieve('fee_unknown'))).toMatchObject({ statusCode: 404 });
});

test('a fee is refused on the platform itself, above the amount, and with a last digit that cannot be charged', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'AE' });
  const options = { stripeAccount: account };
  const param = 'payment_intent_data[application_fee_amount]';
  const failures = await failuresOf(
    stripe.checkout.sessions.create(withFee(190)),
    stripe.checkout.sessions.create(withFee(1940), options),
    stripe.checkout.sessions.create(withFee(193), options),
  );
  for (const failure of failures) expect(failure).toMatchObject({ statusCode: 400, param });
  expect(
    await failureOf(
      stripe.paymentIntents.create({ amount: 1930, currency: 'omr', application_fee_amount: 193 }, options),
    ),
  ).toMatchObject({ statusCode: 400, param: 'application_fee_amount' });
  expect((await stripe.checkout.sessions.create(withFee(193, 1930, 'usd'), options)).status).toBe('open');
});

test('an open session of an account that is restricted meanwhile cannot be paid', async () => {
  const { id: account } = await stripe.accounts.create({ country: 'AE' });
  const session = await stripe.checkout.sessions.create(withFee(190), { stripeAccount: account });
  await harness.client.restrict(account, { currentlyDue: ['company.tax_id'] });
  await expect(harness.client.pay(session.id, { card: visa })).rejects.toThrow('cannot currently make charges');
  await harness.client.enable(account);
  expect(await harness.client.pay(session.id, { card: visa })).toMatchObject({ paymentStatus: 'paid' });
});
