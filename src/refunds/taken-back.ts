import { Decimal } from 'decimal.js';
import { Money, storedDecimals } from '../money/money.ts';

/** An amount of a top-up on both its sides: USD of balance, and what was charged for it. */
export interface BothSides {
  readonly credited: Money;
  readonly charged: Money;
}

/** What is taken back of a payment. */
export interface TakenSides extends BothSides {
  /** What of it was asked for in USD: it is worth what was asked, whatever step it was charged in. */
  readonly asked?: BothSides;
}

/** The smallest amount that the ledger keeps. */
const storedStep = new Decimal(10).pow(-storedDecimals);

/** The part of `whole` that `part` is of `of`, rounded half-up to what the ledger keeps. One division at the end. */
export const portion = (whole: Money, part: Money, of: Money): Money =>
  Money.of(whole.times(part.amount).amount.div(of.amount), whole.currency.code).roundedTo(storedStep);

export const lesser = (a: Money, b: Money): Money => (a.compare(b) < 0 ? a : b);

export const greater = (a: Money, b: Money): Money => (a.compare(b) > 0 ? a : b);

const sum = (a: BothSides, b: BothSides): BothSides => ({
  credited: a.credited.plus(b.credited),
  charged: a.charged.plus(b.charged),
});

const negated = ({ credited, charged }: BothSides): BothSides => ({
  credited: credited.negated(),
  charged: charged.negated(),
});

export function plus(a: TakenSides, b: TakenSides): TakenSides {
  const asked = a.asked && b.asked ? sum(a.asked, b.asked) : (a.asked ?? b.asked);
  return asked ? { ...sum(a, b), asked } : sum(a, b);
}

export const minus = (a: TakenSides, b: TakenSides): TakenSides =>
  plus(a, b.asked ? { ...negated(b), asked: negated(b.asked) } : negated(b));

/**
 * Who bears what is taken back, in USD: the client's balance, and the losses. `losses` may be below zero by the ledger's last decimals.
 */
export interface Split {
  readonly prepaid: Money;
  readonly losses: Money;
}

/**
 * What `taken` is worth in USD: what was asked for as it was asked, and the share of the charge that the rest is of it. All of the charge is all of the
 * credit, and what is beyond it is worth as much again. It follows from what is held alone, and not from how it came about.
 */
export function worthOf(paid: BothSides, taken: TakenSides): Money {
  const share = (charged: Money): Money => portion(paid.credited, charged, paid.charged);
  if (!taken.asked || taken.charged.compare(paid.charged) >= 0) return share(taken.charged);
  return taken.asked.credited.plus(share(taken.charged.minus(taken.asked.charged)));
}

/**
 * Of all that is taken the client bears what it is worth, up to what the payment credited; any excess is lost. Each movement was rounded by itself and
 * is given back as it was taken, so their sum can miss its worth by what one step is worth at most: that is not the client's either, whose
 * balance must not depend on which event came first.
 */
function levelOf(paid: BothSides, taken: TakenSides): Split {
  const prepaid = lesser(paid.credited, worthOf(paid, taken));
  return { prepaid, losses: taken.credited.minus(prepaid) };
}

function difference(from: Split, to: Split): Split {
  return { prepaid: to.prepaid.minus(from.prepaid), losses: to.losses.minus(from.losses) };
}

/** Who bears a further taking, where `before` was taken already. */
export const splitOfTaking = (paid: BothSides, before: TakenSides, taking: TakenSides): Split =>
  difference(levelOf(paid, before), levelOf(paid, plus(before, taking)));

/**
 * Who has back what of `before` comes back: losses first. Mirroring the split of the taking instead would let the order of events decide
 * what a client keeps: of a payment that is disputed and refunded, the client would have back whichever took first.
 */
export const splitOfReturn = (paid: BothSides, before: TakenSides, back: TakenSides): Split =>
  difference(levelOf(paid, minus(before, back)), levelOf(paid, before));
