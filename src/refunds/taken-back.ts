import { Decimal } from 'decimal.js';
import { Money, storedDecimals } from '../money/money.ts';

/** An amount of a top-up on both its sides: USD of balance, and what was charged for it. */
export interface BothSides {
  readonly credited: Money;
  readonly charged: Money;
}

/** The smallest amount that the ledger keeps. */
const storedStep = new Decimal(10).pow(-storedDecimals);

/** The part of `whole` that `part` is of `of`, rounded half-up to what the ledger keeps. One division at the end. */
export const portion = (whole: Money, part: Money, of: Money): Money =>
  Money.of(whole.times(part.amount).amount.div(of.amount), whole.currency.code).roundedTo(storedStep);

export const lesser = (a: Money, b: Money): Money => (a.compare(b) < 0 ? a : b);

export const greater = (a: Money, b: Money): Money => (a.compare(b) > 0 ? a : b);

export const plus = (a: BothSides, b: BothSides): BothSides => ({
  credited: a.credited.plus(b.credited),
  charged: a.charged.plus(b.charged),
});

export const minus = (a: BothSides, b: BothSides): BothSides => ({
  credited: a.credited.minus(b.credited),
  charged: a.charged.minus(b.charged),
});

/**
 * Who bears what is taken back, in USD: the client's balance, and the losses. `losses` may be below zero by the ledger's last decimals.
 */
export interface Split {
  readonly prepaid: Money;
  readonly losses: Money;
}

/** What the roundings of a payment's few movements may come to: far less than the worth of any step that can be charged. */
const roundings = storedStep.times(5);

/**
 * Of all that is taken the client bears as much as the payment credited; any excess is lost. Each movement was rounded by itself and is
 * given back as it was taken, so their sum can miss the share of the charge that it stands for by the last decimals: those are not the
 * client's either, whose balance must not depend on which event came first.
 */
function levelOf(paid: BothSides, taken: BothSides): Split {
  const share = portion(paid.credited, taken.charged, paid.charged);
  const isShare = taken.credited.minus(share).amount.abs().lessThanOrEqualTo(roundings);
  const prepaid = lesser(paid.credited, isShare ? share : taken.credited);
  return { prepaid, losses: taken.credited.minus(prepaid) };
}

function difference(from: Split, to: Split): Split {
  return { prepaid: to.prepaid.minus(from.prepaid), losses: to.losses.minus(from.losses) };
}

/** Who bears a further taking, where `before` was taken already. */
export const splitOfTaking = (paid: BothSides, before: BothSides, taking: BothSides): Split =>
  difference(levelOf(paid, before), levelOf(paid, plus(before, taking)));

/**
 * Who has back what of `before` comes back: losses first. Mirroring the split of the taking instead would let the order of events decide
 * what a client keeps: of a payment that is disputed and refunded, the client would have back whichever took first.
 */
export const splitOfReturn = (paid: BothSides, before: BothSides, back: BothSides): Split =>
  difference(levelOf(paid, minus(before, back)), levelOf(paid, before));
