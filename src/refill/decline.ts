/** What a provider told of a card that was refused. Codes are the provider's own words. */
export interface Decline {
  readonly code: string | null;
  readonly declineCode: string | null;
  /** The issuer's advice: `do_not_try_again`, `try_again_later`, `confirm_card_data`. */
  readonly adviceCode: string | null;
}

/**
 * - `authentication`: the bank wants to see the client; only a payment with the client present can succeed.
 * - `hard`: this card will not pay, however often it is asked.
 * - `soft`: it may pay later.
 */
export type DeclineKind = 'authentication' | 'hard' | 'soft';

const authenticationCodes: ReadonlySet<string> = new Set([
  'authentication_required',
  'payment_intent_authentication_failure',
]);

/** Codes after which the card schemes forbid, or no sense is left in, another try (docs.stripe.com/declines/codes). */
const hardCodes: ReadonlySet<string> = new Set([
  'card_not_supported',
  'currency_not_supported',
  'expired_card',
  'fraudulent',
  'incorrect_number',
  'invalid_account',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'lost_card',
  'merchant_blacklist',
  'new_account_information_available',
  'no_action_taken',
  'not_permitted',
  'pickup_card',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'stolen_card',
  'stop_payment_order',
  'transaction_not_allowed',
]);

/** Advice is the issuer's last word; where there is none the codes decide, and what nobody knows may pass by itself. */
export function kindOfDecline({ code, declineCode, adviceCode }: Decline): DeclineKind {
  const codes = [code, declineCode].filter((each) => each !== null);
  if (codes.some((each) => authenticationCodes.has(each))) return 'authentication';
  if (adviceCode === 'do_not_try_again') return 'hard';
  return codes.some((each) => hardCodes.has(each)) ? 'hard' : 'soft';
}

/** Why a card was refused, as one stable word for events and pages. */
export const causeOfDecline = ({ code, declineCode }: Decline): string => declineCode ?? code ?? 'declined';
