import { type CardOutcome, cardOutcomes } from './card-outcomes.ts';
import type { DisputeRequest } from './disputes.ts';
import type { RefundOutcome } from './refund-outcomes.ts';

export interface TestCard {
  readonly number: string;
  /** Stripe's name for it as a ready-made payment method, where it has one. */
  readonly paymentMethod: string;
  readonly label: string;
  readonly brand: 'visa' | 'mastercard' | 'amex';
  readonly funding: 'credit' | 'debit';
  readonly outcome: CardOutcome;
  /** Where saving it goes otherwise than charging it. */
  readonly onSaving?: CardOutcome;
  /** Where it behaves otherwise off-session, once it was saved with its owner there. */
  readonly onceSaved?: CardOutcome;
  /** What becomes of its refunds, where they do not succeed at once. */
  readonly onRefund?: RefundOutcome;
  /** The dispute that follows every payment with it. */
  readonly disputes?: Pick<DisputeRequest, 'kind' | 'reason'>;
}

const success = cardOutcomes.succeed;
const challenge = cardOutcomes.authentication_required;

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
    label: 'Visa, asks for authentication until it is saved',
    ...visa,
    outcome: challenge,
    onceSaved: success,
  },
  {
    number: '4000000000000341',
    paymentMethod: 'pm_card_chargeCustomerFail',
    label: 'Visa, can be saved and is then declined',
    ...visa,
    outcome: cardOutcomes.generic_decline,
    onSaving: success,
  },
  {
    number: '4000000000000002',
    paymentMethod: 'pm_card_visa_chargeDeclined',
    label: 'Visa, declined',
    ...visa,
    outcome: cardOutcomes.generic_decline,
  },
  {
    number: '4000000000009995',
    paymentMethod: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    label: 'Visa, insufficient funds',
    ...visa,
    outcome: cardOutcomes.insufficient_funds,
  },
  {
    number: '4000000000009987',
    paymentMethod: 'pm_card_visa_chargeDeclinedLostCard',
    label: 'Visa, lost',
    ...visa,
    outcome: cardOutcomes.lost_card,
  },
  {
    number: '4000000000009979',
    paymentMethod: 'pm_card_visa_chargeDeclinedStolenCard',
    label: 'Visa, stolen',
    ...visa,
    outcome: cardOutcomes.stolen_card,
  },
  {
    number: '4000000000000069',
    paymentMethod: 'pm_card_chargeDeclinedExpiredCard',
    label: 'Visa, expired',
    ...visa,
    outcome: cardOutcomes.expired_card,
  },
  {
    number: '4000000000000127',
    paymentMethod: 'pm_card_chargeDeclinedIncorrectCvc',
    label: 'Visa, wrong security code',
    ...visa,
    outcome: cardOutcomes.incorrect_cvc,
  },
  {
    number: '4000000000000119',
    paymentMethod: 'pm_card_chargeDeclinedProcessingError',
    label: 'Visa, processing error',
    ...visa,
    outcome: cardOutcomes.processing_error,
  },
  {
    number: '4000000000006975',
    paymentMethod: 'pm_card_visa_chargeDeclinedVelocityLimitExceeded',
    label: 'Visa, used too often',
    ...visa,
    outcome: cardOutcomes.card_velocity_exceeded,
  },
  {
    number: '4000000000007726',
    paymentMethod: 'pm_card_pendingRefund',
    label: 'Visa, refunds are pending for a day',
    ...visa,
    outcome: success,
    onRefund: 'pending',
  },
  {
    number: '4000000000005126',
    paymentMethod: 'pm_card_refundFail',
    label: 'Visa, refunds succeed and fail a day later',
    ...visa,
    outcome: success,
    onRefund: 'fail_after_success',
  },
  {
    number: '4000000000000259',
    paymentMethod: 'pm_card_createDispute',
    label: 'Visa, every payment is charged back as fraudulent',
    ...visa,
    outcome: success,
    disputes: { kind: 'chargeback', reason: 'fraudulent' },
  },
  {
    number: '4000000000002685',
    paymentMethod: 'pm_card_createDisputeProductNotReceived',
    label: 'Visa, every payment is charged back as not received',
    ...visa,
    outcome: success,
    disputes: { kind: 'chargeback', reason: 'product_not_received' },
  },
  {
    number: '4000000000001976',
    paymentMethod: 'pm_card_createDisputeInquiry',
    label: 'Visa, the bank inquires about every payment',
    ...visa,
    outcome: success,
    disputes: { kind: 'inquiry', reason: 'fraudulent' },
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
