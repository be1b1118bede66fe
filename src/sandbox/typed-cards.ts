import type Stripe from 'stripe';
import type { Call } from './call.ts';
import type { TestCard } from './cards.ts';
import { cardPaymentMethod, type Payer } from './payment-methods.ts';

/** How the payer pays: a test card, an answer to a card's challenge, or a debit that settles a day later. */
export type Payment =
  | { readonly kind: 'card'; readonly card: TestCard; readonly payer: Payer }
  /** Where nothing is due and no card is asked for. */
  | { readonly kind: 'confirmation'; readonly payer: Payer }
  | { readonly kind: 'challenge'; readonly answer: 'complete' | 'fail' }
  | { readonly kind: 'bank_debit'; readonly outcome: 'succeed' | 'fail'; readonly payer: Payer };

export const bankDebitType = 'us_bank_account';

/** Somebody typed the card here for this merchant: whether it is shown to them again is not said (`limited`). */
export function typedCard(
  call: Call,
  { card, payer }: Payment & { kind: 'card' },
  saved: boolean,
): Stripe.PaymentMethod {
  const made = cardPaymentMethod(call, card, payer);
  const method: Stripe.PaymentMethod = saved ? { ...made, allow_redisplay: 'limited' } : made;
  call.store.save('payment_method', method);
  return method;
}
