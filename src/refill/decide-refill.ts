import type { Money } from '../money/money.ts';
import { allowsCharge, type Breaker } from './breaker.ts';

/** What a client, or its agency for it, has asked for. Amounts are USD of balance. */
export interface RefillSettings {
  readonly enabled: boolean;
  /** A refill is due while the balance is below this. */
  readonly threshold: Money;
  readonly amount: Money;
  /** The most that may be refilled in one UTC month; null for no limit. */
  readonly monthlyLimit: Money | null;
}

export interface RefillCard {
  readonly verified: boolean;
  readonly expMonth: number;
  readonly expYear: number;
}

/** All that the decision depends on, read under the lock of the client's settings. */
export interface RefillFacts {
  readonly now: Date;
  readonly settings: RefillSettings | null;
  readonly balance: Money;
  readonly clientDisabled: boolean;
  readonly agencyDisabled: boolean;
  readonly inFlight: boolean;
  /** Its bank asks about a payment, or has taken one back, and has not decided. */
  readonly disputeOpen: boolean;
  /** What refunds, disputes and late failures took of the balance since the client or its agency last acted. */
  readonly wentBack: Money;
  /** The default card. */
  readonly card: RefillCard | null;
  /** Of the default card. */
  readonly breaker: Breaker;
  /** Whether the card's account takes payments now. */
  readonly accountActive: boolean;
  /** When the provider last refused a charge for a reason that was not the card; null for never. */
  readonly refusedAt: Date | null;
  /** Credited or in flight in this UTC month. */
  readonly refilledThisMonth: Money;
}

/** Why a refill that is due is not made. A row is kept of each, so that nobody has to guess. */
export const skipReasons = {
  client_disabled: 'The client is disabled.',
  agency_disabled: 'The agency is disabled.',
  dispute_open: 'The client’s bank disputes a payment, and has not decided.',
  money_went_back:
    'The balance is low because money went back: a new setting, a reset or a payment by hand lets refills go on.',
  refill_in_flight: 'An earlier refill has not settled yet.',
  no_default_card: 'There is no default card: add a card, or make one the default.',
  card_not_verified: 'The default card is not verified.',
  card_expired: 'The default card has expired: add another.',
  card_resting: 'The default card was declined and is tried again later.',
  card_stopped: 'The default card was declined for good: add another, or pay once by hand.',
  monthly_limit: 'The monthly limit would be passed.',
  account_inactive: 'The account that the card is saved on takes no payments now.',
  provider_refused: 'The payment provider refused the charge, and not for the card: it is tried again within the hour.',
} as const;

export type SkipReason = keyof typeof skipReasons;

export type RefillDecision =
  | { readonly action: 'none' }
  | { readonly action: 'skip'; readonly reason: SkipReason }
  | { readonly action: 'charge'; readonly amount: Money };

/** A refusal that has nothing to do with the card would come again at once, and again. */
const restAfterRefusalMs = 3_600_000;

/** A card is good to the end of the month that is printed on it. */
const isExpired = ({ expMonth, expYear }: RefillCard, now: Date): boolean =>
  now.getTime() >= Date.UTC(expYear, expMonth, 1);

interface Obstacle {
  readonly reason: SkipReason;
  readonly stands: (facts: RefillFacts, settings: RefillSettings) => boolean;
}

/** The first that stands is the reason. What a person must do something about comes before what passes by itself. */
const obstacles: readonly Obstacle[] = [
  { reason: 'agency_disabled', stands: ({ agencyDisabled }) => agencyDisabled },
  { reason: 'client_disabled', stands: ({ clientDisabled }) => clientDisabled },
  { reason: 'dispute_open', stands: ({ disputeOpen }) => disputeOpen },
  {
    // Whoever had money back did not ask for the card to be charged again. What is used after that is another matter.
    reason: 'money_went_back',
    stands: ({ wentBack, balance }, { threshold }) =>
      wentBack.isPositive && balance.plus(wentBack).compare(threshold) >= 0,
  },
  { reason: 'refill_in_flight', stands: ({ inFlight }) => inFlight },
  { reason: 'no_default_card', stands: ({ card }) => card === null },
  { reason: 'card_not_verified', stands: ({ card }) => card?.verified === false },
  { reason: 'card_expired', stands: ({ card, now }) => card !== null && isExpired(card, now) },
  { reason: 'card_stopped', stands: ({ breaker }) => breaker.state === 'stopped' },
  { reason: 'card_resting', stands: ({ breaker, now }) => !allowsCharge(breaker, now) },
  {
    reason: 'monthly_limit',
    stands: ({ refilledThisMonth }, { amount, monthlyLimit }) =>
      monthlyLimit !== null && refilledThisMonth.plus(amount).compare(monthlyLimit) > 0,
  },
  { reason: 'account_inactive', stands: ({ accountActive }) => !accountActive },
  {
    reason: 'provider_refused',
    stands: ({ refusedAt, now }) => refusedAt !== null && now.getTime() - refusedAt.getTime() < restAfterRefusalMs,
  },
];

/**
 * Whether to refill now. It looks at how things stand and never at what happened, so that an evaluation that was lost, doubled
 * or late changes nothing.
 */
export function decideRefill(facts: RefillFacts): RefillDecision {
  const { settings } = facts;
  if (!settings?.enabled || facts.balance.compare(settings.threshold) >= 0) return { action: 'none' };
  const obstacle = obstacles.find(({ stands }) => stands(facts, settings));
  return obstacle ? { action: 'skip', reason: obstacle.reason } : { action: 'charge', amount: settings.amount };
}
