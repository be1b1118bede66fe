import { inTransaction } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { isOfNobodyHere } from '../providers/errors.ts';
import { metadataKeys } from '../providers/metadata.ts';
import type { AccountRef, PaymentProvider } from '../providers/port.ts';
import type { ApplyReversals } from './apply-reversals.ts';
import type { RefundDependencies } from './dependencies.ts';
import type { DisputeEvent, RefundEvent } from './refund-event.ts';

/**
 * `foreign`: nothing about it is ours. `renewal`: it names no order, and paid an invoice of a subscription of ours, which alone can tell what for.
 * `not_received`: it names an order, and has brought nothing, as one by a delayed method does for days. `refused`: it names an order that it
 * does not fit.
 */
export type Refreshed =
  | { readonly status: 'done' | 'not_received' | 'foreign' | 'renewal' }
  | { readonly status: 'refused'; readonly reason: string };

export interface PaymentNamed {
  readonly account: MerchantAccount;
  readonly paymentId: string;
  /** What made us look, e.g. `reconciliation:rec_...`. */
  readonly source: string;
}

export type RefreshPayment = (payment: PaymentNamed) => Promise<Refreshed>;

type Dependencies = Pick<RefundDependencies, 'database' | 'providers' | 'settlePayments'> & {
  readonly applyReversals: ApplyReversals;
};

/**
 * Asks the provider for all that became of a payment, and brings the books to it: what it brought, what was refunded, disputed or failed late. What
 * is in the books already stays as it is. Throws `ProviderError` where the provider does not answer.
 */
export function createRefreshPayment(dependencies: Dependencies): RefreshPayment {
  const { database, providers, settlePayments, applyReversals } = dependencies;
  return async ({ account, paymentId, source }) => {
    const provider = providers[account.provider];
    if (!provider?.payments) return { status: 'foreign' };
    const ref = accountRefOf(account);
    const payment = await unlessForeign(provider.payments.retrieve(ref, paymentId));
    if (!payment) return { status: 'foreign' };
    const { metadata, amountReceived: received } = payment;
    if (metadata[metadataKeys.purpose] !== undefined) return { status: 'foreign' };
    const agencyId = metadata[metadataKeys.agency];
    const orderId = metadata[metadataKeys.order];
    const order = agencyId !== undefined && orderId !== undefined ? { agencyId, orderId } : null;
    // An agency's other business may be thousands of payments a day: nothing more is asked about them.
    if (!order && !(await unlessForeign(isOfSubscription(provider, ref, paymentId)))) return { status: 'foreign' };
    const about = { provider: account.provider, providerAccountId: account.providerAccountId };
    if (order && received.isPositive) {
      const event = { type: 'payment.settled', ...about, order, paymentId, received } as const;
      const [outcome] = await inTransaction(database.pool, (sql) => settlePayments(sql, [{ event, source }]));
      if (outcome?.status === 'parked') return { status: 'refused', reason: outcome.reason };
    }
    const feeReturns = (await provider.fees?.returnsOfPayment(ref, paymentId)) ?? [];
    const refunds = (await provider.refunds?.listOfPayment(ref, paymentId)) ?? [];
    const failures = (await provider.refunds?.lateFailures(ref, paymentId)) ?? [];
    const disputes = (await provider.disputes?.listOfPayment(ref, paymentId)) ?? [];
    // One that failed after all shows nothing of what it brought, and its refunds are of that.
    const brought = received.isPositive ? received : (failures[0]?.amount ?? received);
    const named = { ...about, payment: { id: paymentId, order, isOfSubscription: false, received: brought } };
    const events: (RefundEvent | DisputeEvent)[] = [];
    if (refunds.length > 0) events.push({ type: 'payment.refunds', ...named, refunds, feeReturns });
    if (failures.length > 0) events.push({ type: 'payment.failed_late', ...named, failures, feeReturns });
    if (disputes.length > 0) events.push({ type: 'payment.disputes', ...named, disputes });
    for (const event of events) {
      await inTransaction(database.pool, (sql) => applyReversals(sql, [{ event, source }]));
    }
    if (!order) return { status: 'renewal' };
    return { status: brought.isPositive ? 'done' : 'not_received' };
  };
}

/** Null for what cannot be ours. */
async function unlessForeign<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (!isOfNobodyHere(error)) throw error;
    return null;
  }
}

async function isOfSubscription(
  { invoices, subscriptions }: PaymentProvider,
  account: AccountRef,
  paymentId: string,
): Promise<boolean> {
  const invoice = await invoices?.findByPayment(account, paymentId);
  if (!invoice?.subscriptionId || !subscriptions) return false;
  return metadataKeys.agency in (await subscriptions.retrieve(account, invoice.subscriptionId)).metadata;
}
