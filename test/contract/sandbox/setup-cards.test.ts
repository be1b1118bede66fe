import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, type Harness, startHarness, types } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeAll(async () => {
  harness = await startHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(async () => {
  await harness.sandbox.settled();
  harness.receiver.arrivals.length = 0;
});

const newCustomer = async () => (await stripe.customers.create({ email: 'client@example.com' })).id;

const saved = async (customer: string) => (await stripe.customers.listPaymentMethods(customer)).data;

describe('a saved card', () => {
  const attached = async (customer: string, name = 'pm_card_visa') =>
    (await stripe.paymentMethods.attach(name, { customer })).id;

  test('has one fingerprint per number and account', async () => {
    const customer = await newCustomer();
    for (const name of ['pm_card_visa', 'pm_card_visa', 'pm_card_mastercard']) await attached(customer, name);
    const account = await stripe.accounts.create({ country: 'AE', type: 'standard' });
    const options = { stripeAccount: account.id };
    const elsewhere = await stripe.customers.create({}, options);
    const other = await stripe.paymentMethods.attach('pm_card_visa', { customer: elsewhere.id }, options);
    const [mastercard, again, first] = (await saved(customer)).map((method) => method.card?.fingerprint);
    expect(first).toBe(again);
    expect(first).not.toBe(mastercard);
    expect(first).not.toBe(other.card?.fingerprint);
  });

  test('is listed by customer and type', async () => {
    const customer = await newCustomer();
    const id = await attached(customer);
    const listed = await stripe.paymentMethods.list({ customer, type: 'card' });
    expect(listed.data.map((method) => method.id)).toEqual([id]);
    expect((await stripe.paymentMethods.list({ customer, type: 'us_bank_account' })).data).toEqual([]);
    expect((await stripe.paymentMethods.list({ customer: await newCustomer() })).data).toEqual([]);
  });

  test('takes another expiry, name and metadata', async () => {
    const id = await attached(await newCustomer());
    const updated = await stripe.paymentMethods.update(id, {
      card: { exp_month: 3, exp_year: 2040 },
      billing_details: { name: 'A. Client' },
      metadata: { note: 'x' },
    });
    expect(updated).toMatchObject({
      card: { exp_month: 3, exp_year: 2040, last4: '4242' },
      billing_details: { name: 'A. Client' },
      metadata: { note: 'x' },
    });
    await harness.sandbox.settled();
    expect(types(harness.receiver)).toContain('payment_method.updated');
  });

  test('is refused at attaching where its bank refuses it, and can be attached where only charges fail', async () => {
    const customer = await newCustomer();
    expect(await failureOf(attached(customer, 'pm_card_visa_chargeDeclined'))).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
    });
    await attached(customer, 'pm_card_chargeCustomerFail');
    expect(await saved(customer)).toHaveLength(1);
  });

  test('becomes the default of its own customer only', async () => {
    const [customer, other] = [await newCustomer(), await newCustomer()];
    const id = await attached(customer);
    const invoice_settings = { default_payment_method: id };
    const updated = await stripe.customers.update(customer, { invoice_settings });
    expect(updated.invoice_settings.default_payment_method).toBe(id);
    expect(await failureOf(stripe.customers.update(other, { invoice_settings }))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'invoice_settings[default_payment_method]',
    });
    expect(await failureOf(attached(other, id))).toMatchObject({ statusCode: 400 });
  });

  test('can come with a new customer as the default', async () => {
    const customer = await stripe.customers.create({
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    const [card] = await saved(customer.id);
    expect(customer.invoice_settings.default_payment_method).toBe(card?.id);
    expect(
      await failureOf(
        stripe.customers.create({ payment_method: 'pm_card_visa_chargeDeclined', email: 'no@one.example' }),
      ),
    ).toMatchObject({ statusCode: 402 });
    expect((await stripe.customers.list({ email: 'no@one.example' })).data).toEqual([]);
  });

  test('is nobody’s default and good for nothing once it is detached, and says whose it was', async () => {
    const customer = await newCustomer();
    const id = await attached(customer);
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
    await harness.sandbox.settled();
    harness.receiver.arrivals.length = 0;
    expect((await stripe.paymentMethods.detach(id)).customer).toBeNull();
    const { invoice_settings: settings } = await stripe.customers.retrieve(customer).then((found) => {
      if (found.deleted) throw new Error('deleted');
      return found;
    });
    expect(settings.default_payment_method).toBeNull();
    await harness.sandbox.settled();
    expect(types(harness.receiver).sort()).toEqual(['customer.updated', 'payment_method.detached']);
    const told = harness.receiver.arrivals.find(({ event }) => event.type === 'payment_method.detached');
    expect(told?.event.data.previous_attributes).toEqual({ customer });
    expect(await failureOf(stripe.paymentMethods.detach(id))).toMatchObject({ statusCode: 400 });
    expect(await failureOf(attached(customer, id))).toMatchObject({ statusCode: 400 });
  });
});
