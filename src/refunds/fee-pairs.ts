import type { Money } from '../money/money.ts';
import type { BalanceMovement, ProviderFeeReturn } from '../providers/refund-ports.ts';

/** What the platform gave back of its part, and the line of the agency's balance that brought it. */
export interface FeePair {
  readonly feeReturn: ProviderFeeReturn;
  readonly line: BalanceMovement;
}

/** Both are rounded by the provider, each in its own currency: a pair is apart by no more of these. */
const stepsApart = 2;

/** What a line brought back, in the charged currency: the same part of what it moved there as of what it moved on the balance. */
function broughtBack({ charged, feeReturned, settled }: BalanceMovement): Money {
  const gross = settled?.gross.amount.abs();
  return !gross || gross.isZero() ? charged.minus(charged) : charged.times(feeReturned.amount.div(gross));
}

const apart = (feeReturn: ProviderFeeReturn, line: BalanceMovement) =>
  feeReturn.amount.minus(broughtBack(line)).amount.abs();

/**
 * Pairs what is not paired yet; the provider names no pairs. Lines come later than returns, so a line is matched by its amount; once each has one, what is
 * left is matched by size, for then nothing may be left over.
 */
export function pairFees(returns: readonly ProviderFeeReturn[], lines: readonly BalanceMovement[]): readonly FeePair[] {
  const pairs: FeePair[] = [];
  let left = [...returns];
  const unmatched = lines.filter((line) => {
    const [nearest] = left.toSorted((a, b) => apart(a, line).comparedTo(apart(b, line)));
    if (!nearest) return true;
    const { chargeableStep } = nearest.amount.currency;
    if (apart(nearest, line).greaterThan(chargeableStep.times(stepsApart))) return true;
    left = left.filter(({ id }) => id !== nearest.id);
    pairs.push({ feeReturn: nearest, line });
    return false;
  });
  if (unmatched.length !== left.length) return pairs;
  const bySize = left.toSorted((a, b) => a.amount.compare(b.amount));
  const linesBySize = unmatched.toSorted((a, b) => a.feeReturned.compare(b.feeReturned));
  return [
    ...pairs,
    ...bySize.flatMap((feeReturn, index) => {
      const line = linesBySize[index];
      return line ? [{ feeReturn, line }] : [];
    }),
  ];
}
