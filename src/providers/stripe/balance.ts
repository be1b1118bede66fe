import type Stripe from 'stripe';
import { isCurrencyCode } from '../../money/currency.ts';
import type { BalanceEntry, BalanceEntryKind, BalancePort } from '../refund-ports.ts';
import { arrivalOf, takenOf } from './balance-transactions.ts';
import { on, pageSize, type StripeCalls } from './stripe-calls.ts';

/** docs.stripe.com/reports/balance-transaction-types */
const kinds: Readonly<Record<string, BalanceEntryKind>> = {
  charge: 'payment',
  payment: 'payment',
  payment_failure_refund: 'payment_failure',
  refund: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund_failure',
  application_fee: 'application_fee',
  application_fee_refund: 'application_fee_return',
  payout: 'payout',
  payout_cancel: 'payout',
  payout_failure: 'payout',
};

type Source = Exclude<Stripe.BalanceTransaction['source'], string | null>;

const idOf = (reference: string | { readonly id: string } | null): string | null =>
  typeof reference === 'object' ? (reference?.id ?? null) : reference;

const isOfPayment = (source: Source): source is Extract<Source, Stripe.Charge | Stripe.Refund | Stripe.Dispute> =>
  source.object === 'charge' || source.object === 'refund' || source.object === 'dispute';

/** An adjustment is of a dispute where its source is one; others are Stripe's own. */
function kindOf({ type }: Stripe.BalanceTransaction, source: Source | null): BalanceEntryKind {
  if (source?.object === 'dispute') return 'dispute';
  return kinds[type] ?? 'other';
}

function toEntry(transaction: Stripe.BalanceTransaction): BalanceEntry {
  const source = typeof transaction.source === 'object' ? transaction.source : null;
  const ofPayment = source !== null && isOfPayment(source) ? source : null;
  return {
    id: transaction.id,
    kind: kindOf(transaction, source),
    sourceId: idOf(transaction.source),
    paymentId: ofPayment && idOf(ofPayment.payment_intent),
    metadata: ofPayment?.metadata ?? {},
    settled: arrivalOf(transaction),
    taken: takenOf(transaction),
    at: new Date(transaction.created * 1000),
  };
}

export const createBalance = (stripe: Stripe, calls: StripeCalls): BalancePort => ({
  async listEntries(account, { since, after }) {
    const params = {
      created: { gte: Math.floor(since.getTime() / 1000) },
      limit: pageSize,
      expand: ['data.source'],
      ...(after === null ? {} : { starting_after: after }),
    } satisfies Stripe.BalanceTransactionListParams;
    const page = await calls.read('list', () => stripe.balanceTransactions.list(params, on(account)));
    const known = page.data.filter(({ currency }) => isCurrencyCode(currency.toUpperCase()));
    return { rows: known.map(toEntry), next: page.has_more ? (page.data.at(-1)?.id ?? null) : null };
  },
});
