import { AppError } from '../errors.ts';
import { Money } from '../money/money.ts';
import { type BothSides, greater, lesser, plus, type TakenSides, worthOf } from './taken-back.ts';

const tooSmall = (asked: Money, { currency }: Money): AppError =>
  new AppError(
    422,
    'refund_too_small',
    `${asked} is less than ${currency.chargeableStep.toFixed()} ${currency.code}, the least that can go back.`,
  );

/**
 * What a refund of `asked` USD gives back, or one of all that is left where that is null (RULES 28). What goes back in all is the share of
 * the charge that is refunded in all, rounded to what can be charged, so that the last part takes the remainder: 5.00 USD for
 * 1.930 OMR go back in three parts as 0.640, 0.650 and 0.640. `before` is what refunds and disputes hold of the payment now.
 *
 * Throws 422 `already_refunded`, `refund_too_large` (more than is left), or `refund_too_small` (less than can be charged).
 */
export function refundOf(paid: BothSides, before: BothSides, asked: Money | null): BothSides {
  const left = {
    credited: paid.credited.minus(before.credited),
    charged: paid.charged.minus(before.charged),
  };
  if (!left.charged.isPositive) throw new AppError(422, 'already_refunded', 'Nothing is left of this payment.');
  if (asked === null) return left;
  if (asked.compare(left.credited) > 0) {
    throw new AppError(422, 'refund_too_large', `${left.credited} are left of this payment.`);
  }
  const inAll = before.credited.plus(asked);
  const exact = paid.charged.times(inAll.amount).amount.div(paid.credited.amount);
  const rounded = Money.of(exact, paid.charged.currency.code).roundedToChargeable();
  const charged = lesser(rounded, paid.charged).minus(before.charged);
  if (!asked.isPositive || !charged.isPositive) throw tooSmall(asked, paid.charged);
  return { credited: asked, charged };
}

/**
 * The USD that a taking of `charged` comes to, where the provider or a bank decided it: what all that is taken is worth with it, less what was taken
 * before. So takings that come to the whole charge come to the whole credit, and what is taken beyond the charge is worth as much again.
 */
export function creditedOf(paid: BothSides, before: TakenSides, charged: Money): Money {
  const none = Money.zero(paid.credited.currency.code);
  const inAll = worthOf(paid, plus(before, { charged, credited: none }));
  // A refund asked for in USD may have taken up to half a step more than its share.
  return greater(inAll.minus(before.credited), none);
}
