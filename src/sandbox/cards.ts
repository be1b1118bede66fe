/** What a test card does. `challenge` asks for authentication first and then succeeds. */
export type CardOutcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'challenge' }
  | { readonly kind: 'decline'; readonly code: string; readonly declineCode: string; readonly message: string };

export interface TestCard {
  readonly number: string;
  /** Stripe's name for it as a ready-made payment method, where it has one. */
  readonly paymentMethod: string;
  readonly label: string;
  readonly brand: 'visa' | 'mastercard' | 'amex';
  readonly funding: 'credit' | 'debit';
  readonly outcome: CardOutcome;
}

const success = { kind: 'success' } as const;
const challenge = { kind: 'challenge' } as const;

const decline = (code: string, declineCode: string, message: string): CardOutcome => ({
  kind: 'decline',
  code,
  declineCode,
  message,
});

const visa = { brand: 'visa', funding: 'credit' } as const;

/** Numbers and outcomes as at docs.stripe.com/testing. */
export const testCards: readonly TestCard[] = [
  { number: '4242424242424242', paymentMethod: 'pm_card_visa', label: 'Visa', ...visa, outcome: success },
  {
    number: '4000056655665556',
    paymentMethod: 'pm_card_visa_debit',
    label: 'Visa debit',
    brand: 'visa',
    funding: 'debit',
    outcome: success,
  },
  {
    number: '5555555555554444',
    paymentMethod: 'pm_card_mastercard',
    label: 'Mastercard',
    brand: 'mastercard',
    funding: 'credit',
    outcome: success,
  },
  {
    number: '5200828282828210',
    paymentMethod: 'pm_card_mastercard_debit',
    label: 'Mastercard debit',
    brand: 'mastercard',
    funding: 'debit',
    outcome: success,
  },
  {
    number: '378282246310005',
    paymentMethod: 'pm_card_amex',
    label: 'American Express',
    brand: 'amex',
    funding: 'credit',
    outcome: success,
  },
  {
    number: '4000002760003184',
    paymentMethod: 'pm_card_authenticationRequired',
    label: 'Visa, always asks for authentication',
    ...visa,
    outcome: challenge,
  },
  {
    number: '4000002500003155',
    paymentMethod: 'pm_card_authenticationRequiredOnSetup',
    label: 'Visa, asks for authentication',
    ...visa,
    outcome: challenge,
  },
  {
    number: '4000000000000002',
    paymentMethod: 'pm_card_visa_chargeDeclined',
    label: 'Visa, declined',
    ...visa,
    outcome: decline('card_declined', 'generic_decline', 'Your card was declined.'),
  },
  {
    number: '4000000000009995',
    paymentMethod: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    label: 'Visa, insufficient funds',
    ...visa,
    outcome: decline('card_declined', 'insufficient_funds', 'Your card has insufficient funds.'),
  },
  {
    number: '4000000000000069',
    paymentMethod: 'pm_card_chargeDeclinedExpiredCard',
    label: 'Visa, expired',
    ...visa,
    outcome: decline('expired_card', 'expired_card', 'Your card has expired.'),
  },
  {
    number: '4000000000000127',
    paymentMethod: 'pm_card_chargeDeclinedIncorrectCvc',
    label: 'Visa, wrong security code',
    ...visa,
    outcome: decline('incorrect_cvc', 'incorrect_cvc', "Your card's security code is incorrect."),
  },
];

const passesLuhn = (number: string): boolean => {
  const digits = [...number].reverse().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    const counted = index % 2 === 0 ? digit : digit * 2;
    return total + (counted > 9 ? counted - 9 : counted);
  }, 0);
  return sum % 10 === 0;
};

export type CardLookup =
  | { readonly card: TestCard }
  | { readonly problem: { readonly code: string; readonly message: string } };

/** Finds a test card by its number. Real-looking numbers are refused: nobody's own card belongs here. */
export function findTestCard(typed: string): CardLookup {
  const number = typed.replaceAll(/[\s-]/g, '');
  const card = testCards.find((candidate) => candidate.number === number);
  if (card) return { card };
  if (!/^\d{12,19}$/.test(number) || !passesLuhn(number)) {
    return { problem: { code: 'incorrect_number', message: 'Your card number is incorrect.' } };
  }
  return {
    problem: {
      code: 'testmode_charges_only',
      message: 'This is a sandbox: it takes test cards only. Use one from the list, never a real card.',
    },
  };
}

export const findTestPaymentMethod = (name: string): TestCard | undefined =>
  testCards.find((card) => card.paymentMethod === name);
