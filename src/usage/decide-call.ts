import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import type { PeriodTerms } from './terms.ts';

/** Why no call may be started. */
export const refusalReasons = [
  'agency_disabled',
  'customer_disabled',
  'service_paused',
  'payment_disputed',
  'agency_paused',
  'no_subscription',
  'subscription_paused',
  'feature_not_in_plan',
  'no_free_slot',
  'agency_no_free_slot',
  'quota_exhausted',
  'insufficient_balance',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Calls at once; null: not limited. */
export interface Slots {
  readonly used: number;
  readonly limit: number | null;
}

/** What a client may be served on; null: nothing. */
export type Cover = 'subscription' | 'trial' | 'licence' | null;

export interface CallFacts {
  readonly customerDisabled: boolean;
  readonly agencyDisabled: boolean;
  /** The balance is below zero, or has been and is not above it yet. */
  readonly paused: boolean;
  /** The client's bank holds money that it disputes, and the agency has chosen to give no service meanwhile. */
  readonly disputed: boolean;
  /** The agency's own balance with the platform is. */
  readonly agencyPaused: boolean;
  readonly cover: Cover;
  /** There is a subscription that gives no service now. */
  readonly subscriptionPaused: boolean;
  /** Whether what covers the client knows the feature. */
  readonly featureCovered: boolean;
  /** By what the feature is rated. */
  readonly terms: Pick<PeriodTerms, 'price' | 'tax' | 'collect'>;
  /** Nothing that is counted limits the client: a trial of its agency's that goes on. */
  readonly unlimited: boolean;
  /** Of the period's quota and of licences, before what other calls hold. */
  readonly quantityLeft: Decimal;
  readonly heldQuantity: Decimal;
  /** USD. */
  readonly balance: Money;
  readonly heldAmount: Money;
  readonly slots: Slots;
  /** Of the agency and all its clients; null where it has no plan of the platform's. */
  readonly agencySlots: Slots | null;
}

export interface CallDecision {
  /** Null: the call may start. */
  readonly reason: RefusalReason | null;
  /** In the feature's unit; null: not limited. */
  readonly affordable: Decimal | null;
  /** What an estimate reserves: quota first, then money. */
  readonly hold: { readonly quantity: Decimal; readonly amount: Money };
}

const zero = new Decimal(0);
const nothingHeld = { quantity: zero, amount: Money.zero('USD') };
const storedDecimals = 6;

export const isFull = (slots: Slots | null): boolean =>
  slots !== null && slots.limit !== null && slots.used >= slots.limit;

/** What one unit beyond the quota takes from the balance, tax in it; null where nothing is sold or it is not the balance that pays. */
function unitCost({ price, tax, collect }: CallFacts['terms']): Money | null {
  if (price === null || collect === 'invoice') return null;
  return tax === null || tax.inclusive ? price : price.times(new Decimal(tax.percent).div(100).plus(1));
}

/** Whether a call may start now, what it can afford and what its estimate holds. Pure: the same facts, the same answer. */
export function decideCall(facts: CallFacts, estimate: Decimal | null): CallDecision {
  const affordable = affordableOf(facts);
  const refused = refusalOf(facts, affordable, estimate);
  if (refused !== null) return { reason: refused, affordable, hold: nothingHeld };
  return { reason: null, affordable, hold: estimate === null ? nothingHeld : holdOf(facts, estimate) };
}

const quotaLeft = ({ quantityLeft, heldQuantity }: CallFacts): Decimal =>
  Decimal.max(quantityLeft.minus(heldQuantity), zero);

function affordableOf(facts: CallFacts): Decimal | null {
  const { terms, unlimited, balance, heldAmount } = facts;
  const soldByInvoice = terms.price !== null && terms.collect === 'invoice';
  const cost = unitCost(terms);
  if (unlimited || soldByInvoice || cost?.isZero) return null;
  const available = balance.minus(heldAmount);
  const bought =
    cost === null || !available.isPositive
      ? zero
      : available.amount.div(cost.amount).toDecimalPlaces(storedDecimals, Decimal.ROUND_DOWN);
  return quotaLeft(facts).plus(bought);
}

/** Why a client is not served at all; null where it is. */
export function serviceRefusalOf(facts: CallFacts): RefusalReason | null {
  if (facts.agencyDisabled) return 'agency_disabled';
  if (facts.customerDisabled) return 'customer_disabled';
  if (facts.paused) return 'service_paused';
  if (facts.disputed) return 'payment_disputed';
  if (facts.agencyPaused) return 'agency_paused';
  if (facts.cover === null) return facts.subscriptionPaused ? 'subscription_paused' : 'no_subscription';
  return null;
}

function refusalOf(facts: CallFacts, affordable: Decimal | null, estimate: Decimal | null): RefusalReason | null {
  const unserved = serviceRefusalOf(facts);
  if (unserved !== null) return unserved;
  if (!facts.featureCovered) return 'feature_not_in_plan';
  if (isFull(facts.slots)) return 'no_free_slot';
  if (isFull(facts.agencySlots)) return 'agency_no_free_slot';
  if (affordable === null) return null;
  const enough = affordable.isPositive() && !affordable.isZero() && !estimate?.greaterThan(affordable);
  if (enough) return null;
  return facts.terms.price === null ? 'quota_exhausted' : 'insufficient_balance';
}

function holdOf(facts: CallFacts, estimate: Decimal): CallDecision['hold'] {
  if (facts.unlimited) return nothingHeld;
  const quantity = Decimal.min(quotaLeft(facts), estimate);
  const cost = unitCost(facts.terms);
  if (cost === null) return { quantity, amount: nothingHeld.amount };
  const amount = cost.amount.times(estimate.minus(quantity)).toDecimalPlaces(storedDecimals, Decimal.ROUND_UP);
  return { quantity, amount: Money.of(amount, 'USD') };
}
