import type { Database } from '../database/database.ts';
import type { Dispute, Refund } from '../database/generated/client.ts';
import { Money } from '../money/money.ts';
import { isTopUp } from './reversed-order.ts';

/** A refund as its order's owner may see it. */
export interface RefundView {
  readonly id: string;
  readonly orderId: string;
  /** `pending`: set aside, and not known to have arrived. */
  readonly status: string;
  /** Whether it was asked for here, or made in the provider's dashboard. */
  readonly origin: string;
  /** USD of a top-up; of a sale, what was charged. */
  readonly amount: Money;
  readonly charged: Money;
  readonly failure: string | null;
  readonly requestedAt: Date;
}

export interface DisputeView {
  readonly id: string;
  readonly status: string;
  readonly isInquiry: boolean;
  readonly amount: Money;
  readonly reason: string;
  readonly answerDueAt: Date | null;
  readonly openedAt: Date;
}

/** What went back of an order, and who asks for it. */
export interface OrderReversals {
  readonly amountRefunded: Money;
  /** The latest; null while nobody has disputed the payment. */
  readonly dispute: DisputeView | null;
}

export const refundView = (refund: Refund, orderKind: string): RefundView => ({
  id: refund.id,
  orderId: refund.orderId,
  status: refund.status,
  origin: refund.origin,
  amount: Money.of(refund.credited.toFixed(), isTopUp({ kind: orderKind }) ? 'USD' : refund.chargeCurrency),
  charged: Money.of(refund.charged.toFixed(), refund.chargeCurrency),
  failure: refund.failure,
  requestedAt: refund.requestedAt,
});

const disputeView = (dispute: Dispute): DisputeView => ({
  id: dispute.id,
  status: dispute.status,
  isInquiry: dispute.isInquiry,
  amount: Money.of(dispute.amount.toFixed(), dispute.currency),
  reason: dispute.reason,
  answerDueAt: dispute.answerDueAt,
  openedAt: dispute.openedAt,
});

export interface RefundedOrder {
  readonly agencyId: string;
  readonly id: string;
  readonly kind: string;
  readonly chargeCurrency: string;
}

export type ReadReversals = (order: RefundedOrder) => Promise<OrderReversals>;

export function createReadReversals({ prisma }: Database): ReadReversals {
  return async ({ agencyId, id: orderId, kind, chargeCurrency }) => {
    const refunds = await prisma.refund.findMany({ where: { agencyId, orderId, status: 'succeeded' } });
    const dispute = await prisma.dispute.findFirst({ where: { agencyId, orderId }, orderBy: { openedAt: 'desc' } });
    const none = Money.zero(isTopUp({ kind }) ? 'USD' : chargeCurrency);
    return {
      amountRefunded: refunds.reduce((sum, refund) => sum.plus(refundView(refund, kind).amount), none),
      dispute: dispute && disputeView(dispute),
    };
  };
}
