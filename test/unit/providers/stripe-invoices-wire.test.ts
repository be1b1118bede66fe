import { describe, expect, test } from 'vitest';
import { need } from '../../contract/provider/contract-run.ts';
import { answering, listOf, nockedStripe, refusal } from './stripe-nock.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

const invoices = need(nockedStripe().invoices, 'invoices');

const onAccount = { 'stripe-account': 'acct_agency', 'stripe-version': '2026-10-28.endive' };
const at = 1_793_500_000;
const month = 2_592_000;

interface LineTax {
  readonly amount: number;
  readonly behavior: 'inclusive' | 'exclusive';
}

const lineOf = (id: string, amount: number, taxes: readonly LineTax[] = [], more: object = {}) => ({
  id,
  object: 'line_item',
  amount,
  currency: 'usd',
  discount_amounts: [],
  period: { start: at, end: at + month },
  pricing: { type: 'price_details', price_details: { price: 'price_base', product: 'prod_1' } },
  taxes: taxes.map((tax) => ({ amount: tax.amount, tax_behavior: tax.behavior, type: 'tax_rate_details' })),
  ...more,
});

interface Payment {
  readonly id: string | undefined;
  readonly status: 'open' | 'paid' | 'canceled';
  readonly is_default?: boolean;
}

const payments = (...given: readonly Payment[]) =>
  listOf(
    ...given.map(({ id, status, is_default = false }) => ({
      object: 'invoice_payment',
      status,
      is_default,
      payment: id === undefined ? { type: 'charge', charge: 'ch_1' } : { type: 'payment_intent', payment_intent: id },
    })),
  );

const paid = {
  id: 'in_1',
  object: 'invoice',
  number: 'A-0001',
  status: 'paid',
  currency: 'usd',
  billing_reason: 'subscription_cycle',
  parent: {
    type: 'subscription_details',
    subscription_details: { subscription: 'sub_stripe_1', metadata: { baisa_subscription: 'sub_1' } },
  },
  total: 2100,
  total_taxes: [{ amount: 100 }],
  amount_due: 2100,
  amount_paid: 2100,
  starting_balance: 0,
  ending_balance: 0,
  lines: listOf(lineOf('il_1', 2000, [{ amount: 100, behavior: 'exclusive' }])),
  payments: payments({ id: 'pi_1', status: 'paid', is_default: true }),
  hosted_invoice_url: 'https://invoice.stripe.com/i/1',
  attempt_count: 1,
  next_payment_attempt: null,
  period_start: at - month,
  period_end: at,
  created: at,
  status_transitions: { paid_at: at + 3600 },
};

const path = '/v1/invoices/in_1';
const read = async (more: object) => {
  answering('GET', path, { ...paid, ...more });
  return invoices.retrieve(connected, 'in_1');
};
const lineAmounts = async (line: object): Promise<readonly string[]> => {
  const [first] = (await read({ lines: listOf(line) })).lines;
  return [first?.net, first?.tax].map(String);
};

describe('an invoice that is read', () => {
  test('asks for its payments too, and says what was sold, taxed and paid', async () => {
    const sent = answering('GET', path, paid);
    const invoice = await invoices.retrieve(connected, 'in_1');
    expect(sent[0]?.form).toEqual({ 'expand[0]': 'payments' });
    expect(sent[0]?.headers).toMatchObject(onAccount);
    expect(invoice).toMatchObject({
      id: 'in_1',
      number: 'A-0001',
      status: 'paid',
      subscriptionId: 'sub_stripe_1',
      metadata: { baisa_subscription: 'sub_1' },
      billingReason: 'subscription_cycle',
      paymentIds: ['pi_1'],
      hostedUrl: 'https://invoice.stripe.com/i/1',
      attemptCount: 1,
      nextAttemptAt: null,
      periodStart: new Date((at - month) * 1000),
      periodEnd: new Date(at * 1000),
      createdAt: new Date(at * 1000),
      paidAt: new Date((at + 3600) * 1000),
      lines: [{ priceId: 'price_base', periodStart: new Date(at * 1000), periodEnd: new Date((at + month) * 1000) }],
    });
    const { total, tax, amountDue, amountPaid, credit } = invoice;
    expect([total, tax, amountDue, amountPaid, credit].map(String)).toEqual([
      '21.00 USD',
      '1.00 USD',
      '21.00 USD',
      '21.00 USD',
      '0.00 USD',
    ]);
  });

  test('names no account on the platform’s own', async () => {
    const sent = answering('GET', path, paid);
    await invoices.retrieve(platform, 'in_1');
    expect(sent[0]?.headers).not.toHaveProperty('stripe-account');
  });

  test('has a tax beside a line’s amount where it is exclusive, and in it where it is inclusive', async () => {
    const exclusive = lineOf('il_1', 2000, [{ amount: 100, behavior: 'exclusive' }]);
    expect(await lineAmounts(exclusive)).toEqual(['20.00 USD', '1.00 USD']);
    const inclusive = lineOf('il_1', 2100, [{ amount: 100, behavior: 'inclusive' }]);
    expect(await lineAmounts(inclusive)).toEqual(['20.00 USD', '1.00 USD']);
    const both = lineOf('il_1', 2100, [
      { amount: 100, behavior: 'inclusive' },
      { amount: 40, behavior: 'exclusive' },
    ]);
    expect(await lineAmounts(both)).toEqual(['20.00 USD', '1.40 USD']);
  });

  test('takes discounts off a line, and knows that some lines have no price', async () => {
    const line = lineOf('il_1', 2000, [], { discount_amounts: [{ amount: 500, discount: 'di_1' }], pricing: null });
    expect(await lineAmounts(line)).toEqual(['15.00 USD', '0.00 USD']);
    expect((await read({ lines: listOf(line) })).lines[0]?.priceId).toBeNull();
  });

  test('has the three decimals of its currency', async () => {
    const line = lineOf('il_1', 7700, [], { currency: 'omr' });
    const invoice = await read({
      ...{ currency: 'omr', total: 7700, total_taxes: null, amount_due: 7700, amount_paid: 7700, lines: listOf(line) },
    });
    expect([invoice.total, invoice.tax, invoice.lines[0]?.net].map(String)).toEqual([
      '7.700 OMR',
      '0.000 OMR',
      '7.700 OMR',
    ]);
  });

  test.each([
    // A credit of 5.00 bore 5.00 of it, one of 30.00 bore all of it and 9.00 are left.
    ['5.00 USD', { starting_balance: -500, ending_balance: 0, amount_due: 1600, amount_paid: 1600 }],
    ['21.00 USD', { starting_balance: -3000, ending_balance: -900, amount_due: 0, amount_paid: 0 }],
    // What was too little to be charged before is charged with this one.
    ['-0.30 USD', { starting_balance: 30, ending_balance: 0, amount_due: 2130, amount_paid: 2130 }],
    // Nobody knows yet what credit a draft takes.
    ['0.00 USD', { starting_balance: -500, ending_balance: null, amount_due: 1600, amount_paid: 0, status: 'draft' }],
  ] as const)('says what credit bore of it: %s', async (credit, more) => {
    expect(String((await read(more)).credit)).toBe(credit);
  });

  test.each([
    ['draft', 'draft'],
    ['open', 'open'],
    ['paid', 'paid'],
    ['void', 'void'],
    ['uncollectible', 'uncollectible'],
    // Neither owed nor paid: what nobody knows, and what is not said.
    ['draft', 'frozen'],
    ['draft', null],
  ] as const)('is %s where Stripe says %s', async (status, said) => {
    expect((await read({ status: said })).status).toBe(status);
  });

  test('of no subscription names none', async () => {
    expect(await read({ parent: null })).toMatchObject({ subscriptionId: null, metadata: {} });
  });

  test('that is tried again says when', async () => {
    const invoice = await read({
      ...{ status: 'open', amount_paid: 0, attempt_count: 2, next_payment_attempt: at + 86_400 },
      status_transitions: { paid_at: null },
    });
    expect(invoice).toMatchObject({
      attemptCount: 2,
      nextAttemptAt: new Date((at + 86_400) * 1000),
      paidAt: null,
    });
  });

  const tried = payments(
    { id: 'pi_0', status: 'canceled' },
    { id: 'pi_1', status: 'open', is_default: true },
    { id: 'pi_2', status: 'paid' },
    { id: undefined, status: 'paid' },
    { id: 'pi_3', status: 'open' },
  );

  test('that is paid names the payments of intents that paid it, and none that was tried beside them', async () => {
    expect((await read({ payments: tried })).paymentIds).toEqual(['pi_2']);
    expect((await read({ payments: undefined })).paymentIds).toEqual([]);
  });

  test('that is open names those that are to pay it, Stripe’s own before what somebody added', async () => {
    const added = payments({ id: 'pi_3', status: 'open' }, { id: 'pi_1', status: 'open', is_default: true });
    expect((await read({ status: 'open', payments: added })).paymentIds).toEqual(['pi_1', 'pi_3']);
    expect((await read({ status: 'open', payments: tried })).paymentIds).toEqual(['pi_1', 'pi_3']);
  });

  test('is refused when it is not there', async () => {
    answering('GET', path, refusal('resource_missing'), 404);
    expect((await failureOf(invoices.retrieve(connected, 'in_1'))).detail).toMatchObject({
      kind: 'invalid',
      status: 404,
    });
  });
});

describe('lines beyond the first page', () => {
  const first = [lineOf('il_1', 1000), lineOf('il_2', 500)];
  const long = { ...paid, lines: { ...listOf(...first), has_more: true } };

  test('are listed, page by page', async () => {
    answering('GET', path, long);
    const pages = [
      answering('GET', `${path}/lines`, { ...listOf(...first), has_more: true }),
      answering('GET', `${path}/lines`, listOf(lineOf('il_3', 600))),
    ];
    const { lines } = await invoices.retrieve(connected, 'in_1');
    expect(lines.map(({ net }) => String(net))).toEqual(['10.00 USD', '5.00 USD', '6.00 USD']);
    expect(pages.map(([sent]) => sent?.form)).toEqual([{ limit: '100' }, { limit: '100', starting_after: 'il_2' }]);
    expect(pages[0]?.[0]?.headers).toMatchObject(onAccount);
  });

  test('that cannot be read fail the invoice rather than shorten it', async () => {
    answering('GET', path, long);
    answering('GET', `${path}/lines`, { error: { type: 'api_error', message: 'Failed.' } }, 500);
    expect((await failureOf(invoices.retrieve(connected, 'in_1'))).detail).toMatchObject({ kind: 'unavailable' });
  });
});

describe('invoices that are looked for', () => {
  test('by a payment: the invoice that it paid', async () => {
    const link = { id: 'inpay_1', object: 'invoice_payment', invoice: 'in_1', status: 'paid' };
    const sent = answering('GET', '/v1/invoice_payments', listOf(link));
    answering('GET', path, paid);
    expect(await invoices.findByPayment(connected, 'pi_1')).toMatchObject({ id: 'in_1', status: 'paid' });
    expect(sent[0]?.form).toEqual({
      'payment[type]': 'payment_intent',
      'payment[payment_intent]': 'pi_1',
      limit: '100',
    });
    expect(sent[0]?.headers).toMatchObject(onAccount);
  });

  test('by a payment of something else: none', async () => {
    answering('GET', '/v1/invoice_payments', listOf());
    expect(await invoices.findByPayment(connected, 'pi_2')).toBeNull();
  });

  test('of a subscription, each whole', async () => {
    const long = { ...paid, id: 'in_2', lines: { ...listOf(lineOf('il_1', 1000)), has_more: true } };
    const sent = answering('GET', '/v1/invoices', listOf(paid, long));
    answering('GET', '/v1/invoices/in_2/lines', listOf(lineOf('il_1', 1000), lineOf('il_2', 1000)));
    const found = await invoices.listOfSubscription(connected, 'sub_stripe_1');
    expect(found.map(({ id, lines }) => [id, lines.length])).toEqual([
      ['in_1', 1],
      ['in_2', 2],
    ]);
    expect(sent[0]?.form).toEqual({ subscription: 'sub_stripe_1', limit: '100', 'expand[0]': 'data.payments' });
  });
});
