import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { list, recordRequests, stripe, wire } from './stripe-recorder.ts';
import { connected } from './stripe-support.ts';

recordRequests();

const fee = { amount: 5509, application: null, currency: 'aed', description: 'Dispute fee', type: 'stripe_fee' };
const withdrawal = {
  id: 'txn_1',
  object: 'balance_transaction',
  amount: -1843,
  created: 1_793_500_000,
  currency: 'aed',
  exchange_rate: 9.551365,
  fee: 5509,
  fee_details: [fee],
  net: -7352,
};
const dispute = {
  id: 'du_1',
  object: 'dispute',
  amount: 1930,
  balance_transactions: [withdrawal],
  charge: 'ch_1',
  created: 1_793_500_000,
  currency: 'omr',
  evidence_details: { due_by: 1_794_000_000 },
  payment_intent: 'pi_1',
  reason: 'fraudulent',
  status: 'needs_response',
};

describe('a dispute', () => {
  it('shows what it took in the charged currency and what that cost in the settled one', async () => {
    const { headers, path, result } = await wire(dispute, () => stripe().disputes.retrieve(connected, 'du_1'));
    expect(path).toBe('/v1/disputes/du_1');
    expect(headers['stripe-account']).toBe('acct_agency');
    expect(result).toEqual({
      id: 'du_1',
      paymentId: 'pi_1',
      status: 'needs_response',
      isInquiry: false,
      isAppealed: false,
      amount: Money.of('1.930', 'OMR'),
      reason: 'fraudulent',
      answerDueAt: new Date(1_794_000_000_000),
      createdAt: new Date(1_793_500_000_000),
      movements: [
        {
          id: 'txn_1',
          kind: 'withdrawn',
          charged: Money.of('1.930', 'OMR'),
          settled: {
            gross: Money.of('-18.43', 'AED'),
            fees: Money.of('55.09', 'AED'),
            net: Money.of('-73.52', 'AED'),
            exchangeRate: '9.551365',
          },
          feeReturned: Money.zero('AED'),
          at: new Date(1_793_500_000_000),
        },
      ],
    });
  });

  it.each([
    ['warning_needs_response', 'needs_response', true],
    ['warning_under_review', 'under_review', true],
    ['warning_closed', 'closed', true],
    ['under_review', 'under_review', false],
    ['appeal_needs_response', 'needs_response', false],
    ['won', 'won', false],
    ['lost', 'lost', false],
    ['prevented', 'prevented', false],
    ['a new word', 'other', false],
  ])('of status %s is %s, an inquiry: %s', async (status, expected, isInquiry) => {
    const { result } = await wire({ ...dispute, status }, () => stripe().disputes.retrieve(connected, 'du_1'));
    expect(result).toMatchObject({ status: expected, isInquiry });
  });

  it.each([
    ['all of it, at the rate of the withdrawal', 1843, 9.551365, '1.930 OMR'],
    ['all of it, at the rate of another day', 1862, 9.6475, '1.930 OMR'],
    ['a part', 888, 9.551365, '0.930 OMR'],
    ['the smallest step', 10, 9.551365, '0.010 OMR'],
  ])('that gives back %s says how much of the charge that is', async (_what, amount, rate, charged) => {
    const back = { ...withdrawal, id: 'txn_2', amount, exchange_rate: rate, fee: -5509, net: amount + 5509 };
    const { result } = await wire({ ...dispute, status: 'won', balance_transactions: [withdrawal, back] }, () =>
      stripe().disputes.retrieve(connected, 'du_1'),
    );
    expect(result.movements.map((movement) => [movement.kind, movement.charged.toString()])).toEqual([
      ['withdrawn', '1.930 OMR'],
      ['reinstated', charged],
    ]);
  });

  it('of a charge that settles in a coarser currency is still the whole of it', async () => {
    // 1000 JPY are 6.62 USD, and a cent is 1.51 JPY: the rate alone would say 999.65.
    const coarse = { ...withdrawal, amount: -662, currency: 'usd', exchange_rate: 0.006623, fee: 0, fee_details: [] };
    const inYen = { ...dispute, amount: 1000, currency: 'jpy', balance_transactions: [coarse] };
    const { result } = await wire(inYen, () => stripe().disputes.retrieve(connected, 'du_1'));
    expect(result.movements[0]?.charged.toString()).toBe('1000 JPY');
  });

  it('of a charge in the settled currency needs no rate', async () => {
    const part = {
      ...withdrawal,
      amount: 500,
      currency: 'usd',
      exchange_rate: null,
      fee: 0,
      fee_details: [],
      net: 500,
    };
    const inDollars = { ...dispute, amount: 2000, currency: 'usd', balance_transactions: [part] };
    const { result } = await wire(inDollars, () => stripe().disputes.retrieve(connected, 'du_1'));
    expect(result.movements).toMatchObject([{ kind: 'reinstated', charged: Money.of('5.00', 'USD') }]);
  });

  it('is found by its payment, oldest first', async () => {
    const { form, path, result } = await wire(list({ ...dispute, id: 'du_2' }, dispute), () =>
      stripe().disputes.listOfPayment(connected, 'pi_1'),
    );
    expect(path).toBe('/v1/disputes');
    expect(form).toMatchObject({ payment_intent: 'pi_1' });
    expect(result.map(({ id }) => id)).toEqual(['du_1', 'du_2']);
  });
});
