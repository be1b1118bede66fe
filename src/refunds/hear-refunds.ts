import type { BalanceMovement, ProviderRefund } from '../providers/refund-ports.ts';
import type { PaymentBooks } from './payment-books.ts';
import type { RefundEvent } from './refund-event.ts';
import type { StoredRefund } from './reversal.ts';
import type { ReversedOrder } from './reversed-order.ts';

/** A refund as it was stored before this was heard. */
export interface KnownRefund extends StoredRefund {
  readonly id: string;
  /** Null while the provider is not known to have made it. */
  readonly providerRefundId: string | null;
}

/** A refund as the provider has it now. `known` is null for one that is heard of for the first time. */
export interface HeardRefund {
  readonly known: KnownRefund | null;
  readonly refund: ProviderRefund;
  readonly stored: StoredRefund;
}

/** A refund of ours is on its way, and the provider does not say whether this is it: tried again, it will be known. */
export class RefundNotKnownYet extends Error {
  constructor(providerRefundId: string) {
    super(`refund ${providerRefundId} may be one that is being sent`);
    this.name = 'RefundNotKnownYet';
  }
}

const over: ReadonlySet<ProviderRefund['status']> = new Set(['failed', 'canceled']);

/** Names the postings of a refund that we did not ask for. */
export const providerSubjectOf = (
  order: Pick<ReversedOrder, 'provider' | 'provider_account_id'>,
  providerRefundId: string,
): string => `${order.provider}:${order.provider_account_id}:${providerRefundId}`;

type RefundsTold = Extract<RefundEvent, { type: 'payment.refunds' }>;

/**
 * Brings the books of a payment to what its provider shows of its refunds. Ours are known by the id in their metadata; one that we had given
 * up, and that was made after all, is like one made in the dashboard.
 *
 * Throws `RefundNotKnownYet`, where no name is kept, for one that may be a refund of ours whose call is not over.
 */
export function hearRefunds(
  books: PaymentBooks,
  order: ReversedOrder,
  { refunds, feeReturns }: Pick<RefundsTold, 'refunds' | 'feeReturns'>,
  known: readonly KnownRefund[],
): readonly HeardRefund[] {
  const heard = refunds.map((refund) => hearRefund(books, order, known, refund));
  books.returnFees(feeReturns, feeLinesOf(refunds.flatMap((refund) => refund.movements)));
  return heard;
}

/** The lines of the account's balance that brought something of the platform's part back. */
export const feeLinesOf = (movements: readonly BalanceMovement[]): readonly BalanceMovement[] =>
  movements.filter(({ feeReturned }) => feeReturned.isPositive);

const mayBe = (books: PaymentBooks, known: KnownRefund, { amount }: ProviderRefund): boolean =>
  known.providerRefundId === null && !books.hasEnded(known) && known.charged.compare(amount) === 0;

function hearRefund(
  books: PaymentBooks,
  order: ReversedOrder,
  known: readonly KnownRefund[],
  refund: ProviderRefund,
): HeardRefund {
  const ours =
    known.find(({ providerRefundId }) => providerRefundId === refund.id) ??
    known.find((each) => each.id === refund.refundId && each.providerRefundId === null && !books.hasEnded(each)) ??
    null;
  if (!ours && refund.isUnnamed && refund.refundId === null && known.some((each) => mayBe(books, each, refund))) {
    throw new RefundNotKnownYet(refund.id);
  }
  const subject = providerSubjectOf(order, refund.id);
  const stored = ours ?? { subject, charged: refund.amount, credited: books.creditedOf(refund.amount) };
  const hasLeft = refund.status === 'succeeded' || refund.movements.some(({ kind }) => kind === 'withdrawn');
  const isOver = over.has(refund.status);
  if (!books.hasEnded(stored)) {
    if (hasLeft) books.settle(stored);
    else if (!isOver) books.reserve(stored);
    if (isOver) books.end(stored);
  }
  for (const movement of refund.movements) {
    const cleared = movement.kind === 'withdrawn' ? stored.charged.negated() : stored.charged;
    books.arrive(movement, cleared, 'provider_fees');
  }
  return { known: ours, refund, stored };
}
