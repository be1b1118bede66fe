import type { Posting } from '../ledger/posting.ts';
import { type PlatformBooks, receiveShare, settleAtProvider } from '../ledger/postings.ts';
import { Money } from '../money/money.ts';
import type { PaymentSettlement } from '../providers/port.ts';
import { arrivalReference, settlementReference, shareArrivalReference, soldPackSchema } from './order.ts';
import type { PaidPayment } from './payment-listeners.ts';
import { isOwedToAgency, type SharedOrder } from './share-postings.ts';

/** A settled payment and the order that it settled. */
export interface FollowedPayment extends SharedOrder {
  readonly provider: string;
  readonly provider_account_id: string;
  readonly payment_id: string;
  readonly settled_at: Date;
  /** Tries to follow it, this one counted. */
  readonly follow_attempts: number;
  /** Whether the listeners heard of it before it could be read. */
  readonly told: boolean;
  readonly order_id: string;
  readonly credited: string;
  /** The stored `SoldPack`; null of a top-up. */
  readonly pack: unknown;
}

type Key = Pick<FollowedPayment, 'provider' | 'provider_account_id' | 'payment_id'>;

export const followedKeyOf = ({ provider, provider_account_id, payment_id }: Key): string =>
  `${provider} ${provider_account_id} ${payment_id}`;

const chargedOf = (payment: FollowedPayment): Money => Money.of(payment.charged, payment.charge_currency);

export const paidPaymentOf = (payment: FollowedPayment): PaidPayment => ({
  agencyId: payment.agency_id,
  customerId: payment.customer_id,
  orderId: payment.order_id,
  paymentId: payment.payment_id,
  fact: settlementReference(payment.provider, payment.provider_account_id, payment.payment_id),
  charged: chargedOf(payment),
  credited: Money.of(payment.credited, 'USD'),
  pack: soldPackSchema.nullable().parse(payment.pack),
  paidAt: payment.settled_at,
});

/**
 * What a payment brought to a balance at the provider, in the books where it stands in clearing, and the platform's fee in it, in
 * the platform's. `platform` is needed where there is a fee.
 */
export function arrivalPostingsOf(
  payment: FollowedPayment,
  settlement: PaymentSettlement,
  platform: PlatformBooks | null,
): readonly Posting[] {
  const { provider, provider_account_id: accountId, payment_id: paymentId } = payment;
  const fact = { customerId: payment.customer_id, planId: payment.plan_id, source: `provider:${provider}` };
  const fee = settlement.applicationFee;
  const cleared = fee ? chargedOf(payment).minus(fee.amount) : chargedOf(payment);
  const own = {
    ...fact,
    agencyId: isOwedToAgency(payment) ? payment.account_agency_id : payment.agency_id,
    merchantAccountId: payment.merchant_account_id,
    reference: arrivalReference(provider, accountId, paymentId),
    cleared,
    gross: fee ? settlement.gross.minus(fee.taken) : settlement.gross,
    fees: settlement.fees,
  };
  // All of it was the platform's and the provider kept nothing: nothing came.
  const isNothing = own.cleared.isZero && own.gross.isZero && own.fees.isZero;
  const ownPostings = isNothing ? [] : [settleAtProvider(own)];
  if (!fee) return ownPostings;
  if (!platform) throw new Error(`payment ${paymentId} carries a fee, and the platform's books were not read`);
  const platformPosting = receiveShare({
    ...fact,
    ...platform,
    reference: shareArrivalReference(provider, accountId, paymentId),
    cleared: fee.amount,
    gross: fee.arrival.gross,
    fees: fee.arrival.fees,
  });
  return [...ownPostings, platformPosting];
}
