import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { expectRequest, list, price, product, recordRequests, session, stripe, wire } from './stripe-recorder.ts';
import { connected, platform } from './stripe-support.ts';

recordRequests();

const options = { idempotencyKey: 'op:1' };

describe('reading', () => {
  it('looks lookup keys up ten at a time', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `key_${index}`);
    const first = expectRequest(list(price));
    const second = first.then(() => expectRequest(list({ ...price, id: 'price_2' })));
    const found = await stripe().catalog.pricesByLookupKey(platform, keys);
    expect(Object.values((await first).form).filter((value) => value.startsWith('key_'))).toEqual(keys.slice(0, 10));
    expect(Object.values((await second).form).filter((value) => value.startsWith('key_'))).toEqual(keys.slice(10));
    expect(found.map(({ id }) => id)).toEqual(['price_1', 'price_2']);
  });

  it('asks for nothing when there are no lookup keys', async () => {
    await expect(stripe().catalog.pricesByLookupKey(platform, [])).resolves.toEqual([]);
  });

  it('turns every page of a list', async () => {
    const first = expectRequest({ object: 'list', data: [price], has_more: true, url: '/v1/prices' });
    const second = first.then(() => expectRequest(list({ ...price, id: 'price_2', active: false })));
    await expect(stripe().catalog.pricesOfProduct(connected, 'plan_1')).resolves.toHaveLength(2);
    expect((await second).form).toMatchObject({ product: 'plan_1', starting_after: 'price_1' });
    expect((await second).headers['stripe-account']).toBe('acct_agency');
  });

  it('leaves out prices that none of ours can be', async () => {
    const foreign = [
      { ...price, unit_amount: null, unit_amount_decimal: null, billing_scheme: 'tiered' },
      { ...price, currency: 'xxx' },
    ];
    await expect(
      wire(list(...foreign), () => stripe().catalog.pricesOfProduct(platform, 'plan_1')),
    ).resolves.toMatchObject({ result: [] });
  });

  it.each([
    [{ interval: 'week', interval_count: 1, usage_type: 'licensed' }],
    [{ interval: 'month', interval_count: 2, usage_type: 'licensed' }],
    [null],
  ])('knows no cycle of ours in %j', async (recurring) => {
    const { result } = await wire(list({ ...price, recurring }), () =>
      stripe().catalog.pricesOfProduct(platform, 'plan_1'),
    );
    expect(result).toMatchObject([{ cycle: null }]);
  });

  it('answers null for a product that is not there', async () => {
    const missing = { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such product' } };
    void expectRequest(missing, 404);
    await expect(stripe().catalog.retrieveProduct(platform, 'plan_1')).resolves.toBeNull();
  });

  it('answers the existing product when its id is taken', async () => {
    const exists = {
      error: { type: 'invalid_request_error', code: 'resource_already_exists', message: 'Product already exists.' },
    };
    const first = expectRequest(exists, 400);
    const second = first.then(() => expectRequest(product));
    await expect(stripe().catalog.createProduct(connected, product, options)).resolves.toMatchObject({ id: 'plan_1' });
    expect(await second).toMatchObject({ method: 'GET', path: '/v1/products/plan_1' });
  });

  it('answers a session that is over already as it is', async () => {
    const over = {
      error: {
        type: 'invalid_request_error',
        message: 'Only Checkout Sessions with a status in ["open"] can be expired.',
      },
    };
    const first = expectRequest(over, 400);
    void first.then(() => expectRequest({ ...session, status: 'complete', url: null, payment_intent: 'pi_1' }));
    await expect(stripe().checkout.expireSession(platform, 'cs_1', options)).resolves.toMatchObject({
      status: 'complete',
      paymentId: 'pi_1',
    });
  });

  it('finds a customer and a session by what we wrote on them', async () => {
    const customers = list(
      { object: 'customer', id: 'cus_other', metadata: {} },
      { object: 'customer', id: 'cus_1', metadata: { baisa_customer: 'cus_ours' } },
    );
    const customer = await wire(customers, () =>
      stripe().checkout.findCustomer(platform, 'cus_ours', 'salma@example.com'),
    );
    expect(customer).toMatchObject({ result: { id: 'cus_1' }, form: { email: 'salma@example.com' } });

    const sessions = list({ ...session, id: 'cs_other', client_reference_id: null }, session);
    const found = await wire(sessions, () => stripe().checkout.findSession(platform, 'cus_1', 'ord_1'));
    expect(found).toMatchObject({ result: { id: 'cs_1' }, form: { customer: 'cus_1' } });
    await expect(
      wire(sessions, () => stripe().checkout.findSession(platform, 'cus_1', 'ord_2')),
    ).resolves.toMatchObject({
      result: null,
    });
  });

  it('gives a payment with what has arrived and why it failed', async () => {
    const intent = {
      id: 'pi_1',
      object: 'payment_intent',
      currency: 'omr',
      amount: 1_930,
      amount_received: 0,
      status: 'requires_confirmation',
      metadata: { baisa_order: 'ord_1' },
      last_payment_error: { code: 'card_declined', decline_code: 'lost_card', message: 'Declined.' },
    };
    const { result } = await wire(intent, () => stripe().payments.retrieve(platform, 'pi_1'));
    expect(result).toEqual({
      id: 'pi_1',
      amount: Money.of('1.93', 'OMR'),
      amountReceived: Money.of('0', 'OMR'),
      applicationFee: Money.of('0', 'OMR'),
      status: 'other',
      metadata: { baisa_order: 'ord_1' },
      failure: { code: 'card_declined', declineCode: 'lost_card', adviceCode: null, message: 'Declined.' },
    });
  });

  it('tells what the account of the key can charge', async () => {
    const first = expectRequest({
      object: 'account',
      id: 'acct_1',
      country: 'AE',
      default_currency: 'aed',
      charges_enabled: true,
      payouts_enabled: false,
      details_submitted: true,
      requirements: {
        currently_due: ['external_account'],
        past_due: [],
        pending_verification: ['company.tax_id'],
        disabled_reason: 'requirements.past_due',
        current_deadline: 1_800_000_000,
      },
      metadata: { baisa_agency: 'agc_1' },
    });
    const second = first.then(() =>
      expectRequest({ object: 'country_spec', id: 'AE', supported_payment_currencies: ['aed', 'omr'] }),
    );
    await expect(stripe().accounts.current()).resolves.toEqual({
      id: 'acct_1',
      country: 'AE',
      livemode: false,
      settlementCurrency: 'AED',
      chargeableCurrencies: ['AED', 'OMR'],
      chargesEnabled: true,
      payoutsEnabled: false,
      detailsSubmitted: true,
      requirements: {
        currentlyDue: ['external_account'],
        pastDue: [],
        pendingVerification: ['company.tax_id'],
        disabledReason: 'requirements.past_due',
        deadline: new Date(1_800_000_000_000),
      },
      metadata: { baisa_agency: 'agc_1' },
    });
    expect(await first).toMatchObject({ path: '/v1/account' });
    expect(await second).toMatchObject({ path: '/v1/country_specs/AE' });
  });
});
