import { isOfNobodyHere } from '../src/providers/errors.ts';
import { metadataKeys } from '../src/providers/metadata.ts';
import type { AccountRef, PaymentProvider } from '../src/providers/port.ts';
import type { ReversedPayment } from '../src/refunds/refund-event.ts';
import { subscriptionNameOf } from './names.ts';
import { orderNameOf } from './order-name.ts';
import { type Hint, ignored, type Resolved } from './translation.ts';

export type ReversalHint = Extract<
  Hint,
  { kind: 'refund_hint' | 'late_failure_hint' | 'dispute_hint' | 'fee_return_hint' }
>;

/** What went back of the payment that a hint is about, as its account shows it now. Throws `ProviderError`. */
export async function readReversal(
  provider: PaymentProvider,
  platformAccountId: string,
  account: AccountRef,
  hint: ReversalHint,
): Promise<Resolved> {
  switch (hint.kind) {
    case 'refund_hint':
      return readRefunds(provider, account, hint.paymentId);
    case 'late_failure_hint':
      return readLateFailures(provider, account, hint.paymentId);
    case 'dispute_hint':
      return readDisputes(provider, account, hint.paymentId);
    case 'fee_return_hint':
      return readFeeReturn(provider, platformAccountId, hint.feeId);
  }
}

/** The payment; or why nothing that goes back of it is ours. */
async function readPayment(
  provider: PaymentProvider,
  account: AccountRef,
  paymentId: string,
): Promise<{ readonly payment: ReversedPayment } | { readonly nothing: Resolved }> {
  const { payments } = provider;
  if (!payments) return { nothing: ignored('no_payments', 'this provider has no payments to look at') };
  try {
    const { id, metadata, amountReceived } = await payments.retrieve(account, paymentId);
    if (metadata[metadataKeys.purpose] === 'verification') {
      return { nothing: ignored('verification_hold', 'a hold that verifies a card was never paid') };
    }
    const order = orderNameOf(metadata);
    const isOfSubscription = order === null && (await paidSubscription(provider, account, id));
    return { payment: { id, order, isOfSubscription, received: amountReceived } };
  } catch (error) {
    if (!isOfNobodyHere(error)) throw error;
    return { nothing: ignored('foreign', 'the payment is not on this account, or in money that we do not know') };
  }
}

/** Renewals carry no metadata of ours: their invoice leads to the subscription, which does. */
async function paidSubscription(
  { invoices, subscriptions }: PaymentProvider,
  account: AccountRef,
  paymentId: string,
): Promise<boolean> {
  const invoice = await invoices?.findByPayment(account, paymentId);
  if (!invoice?.subscriptionId || !subscriptions) return false;
  return subscriptionNameOf((await subscriptions.retrieve(account, invoice.subscriptionId)).metadata) !== null;
}

const feeReturnsOf = async ({ fees }: PaymentProvider, account: AccountRef, paymentId: string) =>
  fees ? fees.returnsOfPayment(account, paymentId) : [];

async function readRefunds(provider: PaymentProvider, account: AccountRef, paymentId: string): Promise<Resolved> {
  const { name, refunds } = provider;
  if (!refunds) return ignored('no_refunds', 'this provider has no refunds to look at');
  const found = await readPayment(provider, account, paymentId);
  if ('nothing' in found) return found.nothing;
  const about = { provider: name, providerAccountId: account.id, payment: found.payment };
  const made = await refunds.listOfPayment(account, paymentId);
  const feeReturns = await feeReturnsOf(provider, account, paymentId);
  if (made.length === 0 && feeReturns.length === 0) return ignored('nothing_returned', 'nothing was given back of it');
  return { kind: 'refund', event: { type: 'payment.refunds', ...about, refunds: made, feeReturns } };
}

async function readLateFailures(provider: PaymentProvider, account: AccountRef, paymentId: string): Promise<Resolved> {
  const { name, refunds } = provider;
  if (!refunds) return ignored('no_refunds', 'this provider has no refunds to look at');
  const found = await readPayment(provider, account, paymentId);
  if ('nothing' in found) return found.nothing;
  const about = { provider: name, providerAccountId: account.id, payment: found.payment };
  const failures = await refunds.lateFailures(account, paymentId);
  if (failures.length === 0) return ignored('nothing_returned', 'nothing of it failed after it had succeeded');
  const feeReturns = await feeReturnsOf(provider, account, paymentId);
  return { kind: 'refund', event: { type: 'payment.failed_late', ...about, failures, feeReturns } };
}

async function readDisputes(provider: PaymentProvider, account: AccountRef, paymentId: string): Promise<Resolved> {
  const { name, disputes } = provider;
  if (!disputes) return ignored('no_disputes', 'this provider has no disputes to look at');
  const found = await readPayment(provider, account, paymentId);
  if ('nothing' in found) return found.nothing;
  const about = { provider: name, providerAccountId: account.id, payment: found.payment };
  const open = await disputes.listOfPayment(account, paymentId);
  if (open.length === 0) return ignored('no_dispute', 'nobody disputes the payment');
  return { kind: 'dispute', event: { type: 'payment.disputes', ...about, disputes: open } };
}

/** The platform hears of its fee; the payment that it was taken of is on the account that was paid. */
async function readFeeReturn(provider: PaymentProvider, platformAccountId: string, feeId: string): Promise<Resolved> {
  if (!provider.fees) return ignored('no_fees', 'the platform takes no part of payments at this provider');
  const paid = await provider.fees.paymentOf(feeId);
  if (!paid) return ignored('foreign', 'the fee was taken of no payment that can be seen');
  const account = { id: paid.accountId, platform: paid.accountId === platformAccountId };
  return readRefunds(provider, account, paid.paymentId);
}
