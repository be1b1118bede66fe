/** A refusal by a card's bank, in the words that Stripe's errors, charges and intents carry it in. */
export interface Decline {
  readonly kind: 'decline';
  readonly code: string;
  readonly declineCode: string;
  readonly message: string;
  /** What the issuer advises to do next (docs.stripe.com/declines/card, retrying issuer declines). */
  readonly adviceCode?: 'confirm_card_data' | 'do_not_try_again' | 'try_again_later';
  /** Two digits from the card network; only some issuers send one. */
  readonly networkAdviceCode?: string;
  readonly networkDeclineCode?: string;
}

/** What a card does. `challenge` asks for authentication first and then succeeds. */
export type CardOutcome = { readonly kind: 'success' } | { readonly kind: 'challenge' } | Decline;

type Details = Omit<Decline, 'kind' | 'message'>;

const declined = (message: string, details: Details): Decline => ({ kind: 'decline', message, ...details });

const plain = 'Your card was declined.';

/** Outcomes by the name that a script gives a card; decline codes as at docs.stripe.com/declines/codes. */
export const cardOutcomes = {
  succeed: { kind: 'success' },
  authentication_required: { kind: 'challenge' },
  generic_decline: declined(plain, {
    code: 'card_declined',
    declineCode: 'generic_decline',
    adviceCode: 'try_again_later',
  }),
  insufficient_funds: declined('Your card has insufficient funds.', {
    code: 'card_declined',
    declineCode: 'insufficient_funds',
    adviceCode: 'try_again_later',
    networkDeclineCode: '51',
  }),
  lost_card: declined(plain, {
    code: 'card_declined',
    declineCode: 'lost_card',
    adviceCode: 'do_not_try_again',
    networkDeclineCode: '41',
  }),
  stolen_card: declined(plain, {
    code: 'card_declined',
    declineCode: 'stolen_card',
    adviceCode: 'do_not_try_again',
    networkDeclineCode: '43',
  }),
  expired_card: declined('Your card has expired.', {
    code: 'expired_card',
    declineCode: 'expired_card',
    adviceCode: 'confirm_card_data',
    networkDeclineCode: '54',
  }),
  incorrect_cvc: declined("Your card's security code is incorrect.", {
    code: 'incorrect_cvc',
    declineCode: 'incorrect_cvc',
    adviceCode: 'confirm_card_data',
    networkDeclineCode: '82',
  }),
  processing_error: declined('An error occurred while processing your card. Try again in a little bit.', {
    code: 'processing_error',
    declineCode: 'processing_error',
    adviceCode: 'try_again_later',
  }),
  do_not_honor: declined(plain, {
    code: 'card_declined',
    declineCode: 'do_not_honor',
    adviceCode: 'try_again_later',
    networkDeclineCode: '05',
  }),
  card_velocity_exceeded: declined(
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
    { code: 'card_declined', declineCode: 'card_velocity_exceeded', adviceCode: 'try_again_later' },
  ),
  // Advice alone: the decline says no more than that the bank said no.
  do_not_try_again: declined(plain, {
    code: 'card_declined',
    declineCode: 'generic_decline',
    adviceCode: 'do_not_try_again',
    networkAdviceCode: '03',
  }),
  try_again_later: declined(plain, {
    code: 'card_declined',
    declineCode: 'generic_decline',
    adviceCode: 'try_again_later',
    networkAdviceCode: '02',
  }),
  confirm_card_data: declined(plain, {
    code: 'card_declined',
    declineCode: 'generic_decline',
    adviceCode: 'confirm_card_data',
    networkAdviceCode: '01',
  }),
} as const satisfies Readonly<Record<string, CardOutcome>>;

export type CardOutcomeName = keyof typeof cardOutcomes;

const isOutcomeName = (name: string): name is CardOutcomeName => Object.hasOwn(cardOutcomes, name);

export const cardOutcomeNames = Object.keys(cardOutcomes).filter(isOutcomeName);

/** What a card that asks for authentication answers where nobody is there to give it (docs.stripe.com/payments/save-and-reuse). */
export const needsAuthentication: Decline = declined(
  'Your card was declined. This transaction requires authentication.',
  { code: 'authentication_required', declineCode: 'authentication_required' },
);

/** An outcome's codes as the fields that Stripe's errors have them in. */
export const declineFields = (decline: Decline) => ({
  code: decline.code,
  decline_code: decline.declineCode,
  message: decline.message,
  ...(decline.adviceCode ? { advice_code: decline.adviceCode } : {}),
  ...(decline.networkAdviceCode ? { network_advice_code: decline.networkAdviceCode } : {}),
  ...(decline.networkDeclineCode ? { network_decline_code: decline.networkDeclineCode } : {}),
});
