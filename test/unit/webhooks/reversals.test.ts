import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { PaymentProvider, ProviderPayment } from '../../../src/providers/port.ts';
import type { ProviderDispute, ProviderFeeReturn, ProviderRefund } from '../../../src/providers/refund-ports.ts';
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
import { storedStripeEvent } from '../../../webhooks/stripe/verify.ts';

const context = { accountId: 'acct_agency', apiVersion: '2026-10-28.endive' };

function told(translate: Translator, type: string, object: object): unknown {
  const body = { id: 'evt_1', object: 'event', type, created: 1_793_000_000, data: { object } };
  return translate(storedStripeEvent(Buffer.from(JSON.stringify(body))), context);
}

const ignoredAs = (code: string) => ({ kind: 'ignored', reason: expect.stringMatching(new RegExp(`^${code}: `)) });

describe('a refund', () => {
  const refund = { id: 're_1', object: 'refund', payment_intent: 'pi_1', reason: null };
  test.each<[string, Translator]>([
    ['refund.created', refundCreated],
    ['refund.updated', refundUpdated],
    ['refund.failed', refundFailed],
    ['charge.refund.updated', chargeRefundUpdated],
  ])('that %s tells of leads to its payment', (type, translate) => {
    expect(told(translate, type, refund)).toEqual({ kind: 'refund_hint', paymentId: 'pi_1' });
    expect(told(translate, type, { ...refund, payment_intent: { id: 'pi_2' } })).toMatchObject({ paymentId: 'pi_2' });
    expect(told(translate, type, { ...refund, payment_intent: null })).toEqual(ignoredAs('foreign'));
    const released = { ...refund, reason: 'expired_uncaptured_charge' };
    expect(told(translate, type, released)).toEqual(ignoredAs('never_taken'));
  });

  test('of a charge leads to its payment, unless it never took anything or only verified a card', () => {
    const charge = { id: 'ch_1', object: 'charge', captured: true, metadata: {}, payment_intent: 'pi_1' };
    const heard = (more: object) => told(chargeRefunded, 'charge.refunded', { ...charge, ...more });
    expect(heard({})).toEqual({ kind: 'refund_hint', paymentId: 'pi_1' });
    expect(heard({ captured: false })).toEqual(ignoredAs('never_taken'));
    expect(heard({ metadata: { baisa_purpose: 'verification' } })).toEqual(ignoredAs('never_taken'));
    expect(heard({ payment_intent: null })).toEqual(ignoredAs('foreign'));
  });

  test('of the platform’s part leads to the fee', () => {
    const fee = { id: 'fee_1', object: 'application_fee' };
    const hint = { kind: 'fee_return_hint', feeId: 'fee_1' };
    expect(told(applicationFeeRefunded, 'application_fee.refunded', fee)).toEqual(hint);
  });
});

test.each<[string, Translator]>([
  ['charge.dispute.created', chargeDisputeCreated],
  ['charge.dispute.updated', chargeDisputeUpdated],
  ['charge.dispute.closed', chargeDisputeClosed],
  ['charge.dispute.funds_withdrawn', chargeDisputeFundsWithdrawn],
  ['charge.dispute.funds_reinstated', chargeDisputeFundsReinstated],
])('a dispute that %s tells of leads to its payment', (type, translate) => {
  const dispute = { id: 'du_1', object: 'dispute', payment_intent: 'pi_1' };
  expect(told(translate, type, dispute)).toEqual({ kind: 'dispute_hint', paymentId: 'pi_1' });
  expect(told(translate, type, { ...dispute, payment_intent: null })).toEqual(ignoredAs('foreign'));
});

test('a charge that failed leads to its payment only where it had succeeded', () => {
  const charge = { id: 'py_1', object: 'charge', failure_balance_transaction: 'txn_1', payment_intent: 'pi_1' };
  const heard = (more: object) => told(chargeFailed, 'charge.failed', { ...charge, ...more });
  expect(heard({})).toEqual({ kind: 'late_failure_hint', paymentId: 'pi_1' });
  expect(heard({ failure_balance_transaction: null })).toEqual(ignoredAs('declined'));
  expect(heard({ payment_intent: null })).toEqual(ignoredAs('foreign'));
});

const omr = (amount: string) => Money.of(amount, 'OMR');
const at = new Date('2026-11-21T08:00:00Z');
const payment: ProviderPayment = {
  id: 'pi_1',
  amount: omr('1.930'),
  amountReceived: omr('1.930'),
  status: 'succeeded',
  metadata: { baisa_order: 'ord_1', baisa_agency: 'agc_1' },
  failure: null,
};
const refund: ProviderRefund = {
  id: 're_1',
  status: 'succeeded',
  amount: omr('0.640'),
  paymentId: 'pi_1',
  refundId: 'rf_1',
  metadata: {},
  failure: null,
  createdAt: at,
  movements: [],
};
const feeReturn: ProviderFeeReturn = { id: 'fr_1', feeId: 'fee_1', amount: omr('0.180'), settled: null, at };
const dispute: ProviderDispute = {
  id: 'du_1',
  paymentId: 'pi_1',
  status: 'needs_response',
  isInquiry: false,
  isAppealed: false,
  amount: omr('1.930'),
  reason: 'fraudulent',
  answerDueAt: null,
  createdAt: at,
  movements: [],
};

interface Shown {
  readonly payment?: ProviderPayment | Error;
  readonly refunds?: readonly ProviderRefund[];
  readonly feeReturns?: readonly ProviderFeeReturn[];
  readonly disputes?: readonly ProviderDispute[];
  readonly feeOf?: { accountId: string; paymentId: string } | null;
}

const agency = { id: 'acct_agency', platform: false };

/** What a hint means, when the provider shows this; and which accounts were asked for it. */
async function meaning(hint: ReversalHint, shown: Shown = {}, account = agency) {
  const asked = new Set<string>();
  const answer = <T>(on: { readonly id: string }, value: T): Promise<T> => {
    asked.add(on.id);
    return Promise.resolve(value);
  };
  const notAsked = () => Promise.reject(new Error('not asked'));
  const provider: PaymentProvider = {
    name: 'stripe',
    apiVersion: context.apiVersion,
    accounts: { current: notAsked, retrieve: notAsked },
    payments: {
      retrieve: async (on) => {
        const found = await answer(on, shown.payment ?? payment);
        if (found instanceof Error) throw found;
        return found;
      },
    },
    refunds: {
      create: notAsked,
      find: notAsked,
      retrieve: notAsked,
      listOfPayment: (on) => answer(on, shown.refunds ?? [refund]),
      lateFailures: (on) => answer(on, []),
    },
    disputes: { retrieve: notAsked, listOfPayment: (on) => answer(on, shown.disputes ?? [dispute]) },
    fees: {
      paymentOf: async () => shown.feeOf ?? null,
      returnsOfPayment: (on) => answer(on, shown.feeReturns ?? []),
    },
  };
  return { ...(await readReversal(provider, 'acct_platform', account, hint)), asked: [...asked] };
}

const refundHint = { kind: 'refund_hint', paymentId: 'pi_1' } as const;
const disputeHint = { kind: 'dispute_hint', paymentId: 'pi_1' } as const;
const order = { orderId: 'ord_1', agencyId: 'agc_1' };
const about = {
  provider: 'stripe',
  providerAccountId: 'acct_agency',
  payment: { id: 'pi_1', order, isOfSubscription: false, received: omr('1.930') },
};
const refusal = (kind: 'invalid' | 'auth' | 'unavailable', code: string) =>
  new ProviderError({ kind, code, message: 'no' });

describe('what went back of a payment', () => {
  test('is read whole, with the payment and the platform’s part', async () => {
    expect(await meaning(refundHint, { feeReturns: [feeReturn] })).toEqual({
      kind: 'refund',
      event: { type: 'payment.refunds', ...about, refunds: [refund], feeReturns: [feeReturn] },
      asked: ['acct_agency'],
    });
    expect(await meaning(disputeHint)).toMatchObject({
      kind: 'dispute',
      event: { type: 'payment.disputes', ...about, disputes: [dispute] },
    });
  });

  test('is told though the payment names no order, for a renewal names none', async () => {
    const renewal = { ...payment, metadata: {} };
    for (const hint of [refundHint, disputeHint]) {
      expect(await meaning(hint, { payment: renewal })).toMatchObject({ event: { payment: { order: null } } });
    }
  });

  test('is read on the account that was paid, where the platform hears of its fee', async () => {
    const platform = { id: 'acct_platform', platform: true };
    const hint = { kind: 'fee_return_hint', feeId: 'fee_1' } as const;
    const feeOf = { accountId: 'acct_agency', paymentId: 'pi_1' };
    expect(await meaning(hint, { feeOf, refunds: [], feeReturns: [feeReturn] }, platform)).toMatchObject({
      kind: 'refund',
      event: { ...about, refunds: [], feeReturns: [feeReturn] },
      asked: ['acct_agency'],
    });
    expect(await meaning(hint, { feeOf: null }, platform)).toMatchObject(ignoredAs('foreign'));
  });

  test.each<[string, ReversalHint, Shown, string]>([
    ['of a hold that verifies a card is nothing', refundHint, verification(), 'verification_hold'],
    ['of a hold that verifies a card is no dispute', disputeHint, verification(), 'verification_hold'],
    ['of a payment elsewhere is foreign', refundHint, { payment: refusal('invalid', 'resource_missing') }, 'foreign'],
    ['in unknown money is foreign', disputeHint, { payment: refusal('invalid', 'unknown_currency') }, 'foreign'],
    ['is nothing where nothing went back', refundHint, { refunds: [] }, 'nothing_returned'],
    ['is nothing where nothing failed late', { ...refundHint, kind: 'late_failure_hint' }, {}, 'nothing_returned'],
    ['is nothing where nobody disputes', disputeHint, { disputes: [] }, 'no_dispute'],
  ])('%s', async (_what, hint, shown, code) => {
    expect(await meaning(hint, shown)).toMatchObject(ignoredAs(code));
  });

  test.each(['auth', 'unavailable'] as const)('is not given up when its account answers %s', async (kind) => {
    const failure = refusal(kind, 'account_invalid');
    await expect(meaning(refundHint, { payment: failure })).rejects.toBe(failure);
  });
});

function verification(): Shown {
  return { payment: { ...payment, metadata: { ...payment.metadata, baisa_purpose: 'verification' } } };
}
