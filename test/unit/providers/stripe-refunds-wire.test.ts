import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { RefundRequest } from '../../../src/providers/refund-ports.ts';
import { expectRequest, list, recordRequests, stripe, wire } from './stripe-recorder.ts';
import { connected, failureOf, platform } from './stripe-support.ts';

recordRequests();

const at = new Date(1_793_500_000_000);
const entry = {
  id: 'txn_1',
  object: 'balance_transaction',
  amount: -616,
  created: 1_793_500_000,
  currency: 'aed',
  exchange_rate: 9.5514,
  fee: -172,
  fee_details: [{ amount: -172, application: 'ca_1', currency: 'aed', description: null, type: 'application_fee' }],
  net: -444,
};
const refund = {
  id: 're_1',
  object: 'refund',
  amount: 640,
  balance_transaction: entry,
  charge: 'ch_1',
  created: 1_793_500_000,
  currency: 'omr',
  metadata: { baisa_refund: 'rf_1', baisa_order: 'ord_1' },
  payment_intent: 'pi_1',
  reason: null,
  status: 'succeeded',
};
const sought = (refundId: string) => ({
  paymentId: 'pi_1',
  refundId,
  amount: Money.of('0.640', 'OMR'),
  others: [],
});

const asked: RefundRequest = {
  refundId: 'rf_1',
  paymentId: 'pi_1',
  amount: Money.of('0.640', 'OMR'),
  applicationFeeReturned: true,
  reason: 'requested_by_customer',
  metadata: { baisa_order: 'ord_1' },
};
const options = { idempotencyKey: 'op:1' };

describe('a refund', () => {
  it('is asked for in minor units, names itself, and returns the platform’s part where told', async () => {
    const { form, headers, path, result } = await wire(refund, () =>
      stripe().refunds.create(connected, asked, options),
    );
    expect(path).toBe('/v1/refunds');
    expect(headers).toMatchObject({ 'idempotency-key': 'op:1', 'stripe-account': 'acct_agency' });
    expect(form).toEqual({
      payment_intent: 'pi_1',
      amount: '640',
      reason: 'requested_by_customer',
      refund_application_fee: 'true',
      'metadata[baisa_order]': 'ord_1',
      'metadata[baisa_refund]': 'rf_1',
      'expand[0]': 'balance_transaction',
      'expand[1]': 'failure_balance_transaction',
    });
    expect(result).toEqual({
      id: 're_1',
      status: 'succeeded',
      amount: Money.of('0.640', 'OMR'),
      paymentId: 'pi_1',
      refundId: 'rf_1',
      metadata: refund.metadata,
      failure: null,
      createdAt: at,
      movements: [
        {
          id: 'txn_1',
          kind: 'withdrawn',
          charged: Money.of('0.640', 'OMR'),
          settled: {
            gross: Money.of('-6.16', 'AED'),
            fees: Money.zero('AED'),
            net: Money.of('-4.44', 'AED'),
            exchangeRate: '9.5514',
          },
          feeReturned: Money.of('1.72', 'AED'),
          at,
        },
      ],
    });
  });

  it('says nothing of a fee or a reason where there is none', async () => {
    const plain = { ...asked, applicationFeeReturned: false, reason: null };
    const { form, headers } = await wire(refund, () => stripe().refunds.create(platform, plain, options));
    expect(Object.keys(form)).not.toContain('refund_application_fee');
    expect(Object.keys(form)).not.toContain('reason');
    expect(headers).not.toHaveProperty('stripe-account');
  });

  it('is refused before it is sent where the amount cannot be charged', async () => {
    const call = stripe().refunds.create(platform, { ...asked, amount: Money.of('0.645', 'OMR') }, options);
    expect((await failureOf(call)).detail).toMatchObject({ kind: 'invalid', code: 'amount_not_chargeable' });
  });

  it.each(['charge_already_refunded', 'charge_disputed'])('that is refused with %s is final', async (code) => {
    void expectRequest({ error: { type: 'invalid_request_error', code, message: 'no' } }, 400);
    const failure = await failureOf(stripe().refunds.create(platform, asked, options));
    expect(failure.detail).toMatchObject({ kind: 'invalid', code });
  });

  it('that failed shows what it took and what came back', async () => {
    const back = { ...entry, id: 'txn_2', amount: 616, fee: 0, fee_details: [], net: 616 };
    const failed = {
      ...refund,
      failure_balance_transaction: back,
      failure_reason: 'lost_or_stolen_card',
      status: 'failed',
    };
    const { result } = await wire(failed, () => stripe().refunds.retrieve(platform, 're_1'));
    expect(result).toMatchObject({ status: 'failed', failure: 'lost_or_stolen_card' });
    expect(result?.movements.map(({ id, kind, charged }) => [id, kind, charged.toString()])).toEqual([
      ['txn_1', 'withdrawn', '0.640 OMR'],
      ['txn_2', 'reinstated', '0.640 OMR'],
    ]);
  });

  it.each([
    ['pending', 'pending'],
    ['requires_action', 'requires_action'],
    ['canceled', 'canceled'],
    [null, 'pending'],
    ['a new word', 'pending'],
  ])('of status %s is %s', async (status, expected) => {
    const answer = { ...refund, status, balance_transaction: null };
    const { result } = await wire(answer, () => stripe().refunds.retrieve(platform, 're_1'));
    expect(result).toMatchObject({ status: expected, movements: [] });
  });

  it('in a currency that nobody knows here is refused by name', async () => {
    void expectRequest({ ...refund, currency: 'isk' });
    const failure = await failureOf(stripe().refunds.retrieve(platform, 're_1'));
    expect(failure.detail.code).toBe('unknown_currency');
  });
});

describe('the refunds of a payment', () => {
  const inDashboard = { ...refund, id: 're_2', metadata: null };
  const released = { ...refund, id: 're_3', reason: 'expired_uncaptured_charge', balance_transaction: null };

  it('are listed oldest first, without what was never taken', async () => {
    const { form, path, result } = await wire(list(released, inDashboard, refund), () =>
      stripe().refunds.listOfPayment(connected, 'pi_1'),
    );
    expect(path).toBe('/v1/refunds');
    expect(form).toMatchObject({ payment_intent: 'pi_1', 'expand[0]': 'data.balance_transaction' });
    expect(result.map(({ id, refundId }) => [id, refundId])).toEqual([
      ['re_1', 'rf_1'],
      ['re_2', null],
    ]);
  });

  it('tell whether a lost call made one', async () => {
    const { result } = await wire(list(inDashboard, refund), () => stripe().refunds.find(connected, sought('rf_1')));
    expect(result?.id).toBe('re_1');
    const absent = await wire(list(inDashboard, refund), () => stripe().refunds.find(connected, sought('rf_2')));
    expect(absent.result).toBeNull();
  });

  it('do not hold the release of a hold, by its own id either', async () => {
    const { result } = await wire(released, () => stripe().refunds.retrieve(platform, 're_3'));
    expect(result).toBeNull();
  });
});

describe('a late failure', () => {
  const declined = {
    id: 'ch_0',
    object: 'charge',
    amount_captured: 0,
    currency: 'omr',
    failure_balance_transaction: null,
    status: 'failed',
  };
  const returned = {
    ...declined,
    id: 'py_1',
    amount_captured: 1930,
    failure_balance_transaction: { ...entry, amount: -1843, fee: 0, fee_details: [], net: -1843 },
    failure_code: 'payment_method_bank_debit_returned',
    failure_message: 'returned',
  };

  it('is a charge whose money left again, and not one that was declined', async () => {
    const { form, path, result } = await wire(list(returned, declined), () =>
      stripe().refunds.lateFailures(connected, 'pi_1'),
    );
    expect(path).toBe('/v1/charges');
    expect(form).toMatchObject({ payment_intent: 'pi_1', 'expand[0]': 'data.failure_balance_transaction' });
    expect(result).toMatchObject([
      {
        id: 'py_1',
        amount: Money.of('1.930', 'OMR'),
        code: 'payment_method_bank_debit_returned',
        movement: { kind: 'withdrawn', settled: { net: Money.of('-18.43', 'AED') } },
      },
    ]);
  });
});

describe('the platform’s part', () => {
  const charge = { id: 'ch_1', object: 'charge', application_fee: 'fee_1', payment_intent: 'pi_1' };
  const fee = { id: 'fee_1', object: 'application_fee', account: 'acct_agency', charge: 'ch_1' };
  const feeRefund = {
    id: 'fr_1',
    object: 'fee_refund',
    amount: 180,
    balance_transaction: { ...entry, amount: -172, exchange_rate: null, fee: 0, fee_details: [], net: -172 },
    created: 1_793_500_000,
    currency: 'omr',
    fee: 'fee_1',
  };

  it('that went back is read on the platform, the charge it was taken of on the account', async () => {
    const charges = expectRequest(list(charge));
    const refunds = expectRequest(list(feeRefund));
    const returns = await stripe().fees.returnsOfPayment(connected, 'pi_1');
    expect((await charges).headers['stripe-account']).toBe('acct_agency');
    const sent = await refunds;
    expect(sent).toMatchObject({ path: '/v1/application_fees/fee_1/refunds' });
    expect(sent.headers).not.toHaveProperty('stripe-account');
    expect(returns).toEqual([
      {
        id: 'fr_1',
        feeId: 'fee_1',
        amount: Money.of('0.180', 'OMR'),
        settled: {
          gross: Money.of('-1.72', 'AED'),
          fees: Money.zero('AED'),
          net: Money.of('-1.72', 'AED'),
          exchangeRate: null,
        },
        at,
      },
    ]);
  });

  it('is none on the platform’s own account', async () => {
    await expect(stripe().fees.returnsOfPayment(platform, 'pi_1')).resolves.toEqual([]);
  });

  it('leads to the payment it was taken of', async () => {
    const first = expectRequest(fee);
    const second = expectRequest(charge);
    await expect(stripe().fees.paymentOf('fee_1')).resolves.toEqual({ accountId: 'acct_agency', paymentId: 'pi_1' });
    expect((await first).headers).not.toHaveProperty('stripe-account');
    expect((await second).headers['stripe-account']).toBe('acct_agency');
  });

  it('that is gone leads nowhere', async () => {
    void expectRequest({ error: { type: 'invalid_request_error', code: 'resource_missing', message: 'no' } }, 404);
    await expect(stripe().fees.paymentOf('fee_9')).resolves.toBeNull();
  });
});
