import type { Money } from '../money/money.ts';
import { creditedOf } from './refund-amounts.ts';
import {
  type BothSides,
  lesser,
  portion,
  type Split,
  splitOfReturn,
  splitOfTaking,
  type TakenSides,
} from './taken-back.ts';

/** What a movement of a dispute is worth, and who bears it or has it back. */
export interface DisputeAmounts extends BothSides {
  readonly split: Split;
}

/** A bank takes `charged`. `before` is what refunds and disputes hold of the payment now; with this it may be more than was paid. */
export function withdrawalOf(paid: BothSides, before: TakenSides, charged: Money): DisputeAmounts {
  const taking = { charged, credited: creditedOf(paid, before, charged) };
  return { ...taking, split: splitOfTaking(paid, before, taking) };
}

/** A dispute so far: what it took, and what came back of that. */
export interface DisputedSides {
  readonly withdrawn: BothSides;
  readonly reinstated: BothSides;
}

/**
 * A bank gives `charged` of a dispute back, in the proportion of its own withdrawal: a dispute whose money all came back has moved nothing.
 * More than was withdrawn, as a rate of another day may make it, is worth no more.
 */
export function reinstatementOf(
  paid: BothSides,
  before: TakenSides,
  { withdrawn, reinstated }: DisputedSides,
  charged: Money,
): DisputeAmounts {
  const inAll = lesser(reinstated.charged.plus(charged), withdrawn.charged);
  const credited = portion(withdrawn.credited, inAll, withdrawn.charged).minus(reinstated.credited);
  const back = { charged: inAll.minus(reinstated.charged), credited };
  return { ...back, split: splitOfReturn(paid, before, back) };
}
