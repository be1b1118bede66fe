import type { OrderName } from '../checkout/payment-event.ts';
import type { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import type {
  ProviderDispute,
  ProviderFeeReturn,
  ProviderLateFailure,
  ProviderRefund,
} from '../providers/refund-ports.ts';

/** The payment that money went back of, read together with what went back: what it brought may not have been heard of yet. */
export interface ReversedPayment {
  /** The provider's id of it. */
  readonly id: string;
  /** What its metadata names. Null: it names none, as a renewal does not, and its invoice or our books must tell whose it is. */
  readonly order: OrderName | null;
  /** It names none, and paid an invoice of a subscription that was begun here: what tells of that invoice may come later. */
  readonly isOfSubscription: boolean;
  /** What arrived, in the currency that was charged; zero once it failed after all. */
  readonly received: Money;
}

interface About {
  readonly provider: ProviderName;
  /** The provider's id of the account that was paid: for what the platform gave back of its part, too. */
  readonly providerAccountId: string;
  readonly payment: ReversedPayment;
}

/**
 * What was given back of a payment, in no provider's words: all of it, as the provider has it now, whichever event led there. So an
 * event that came twice, late or never changes nothing once any other of the payment's is heard.
 */
export type RefundEvent = About & {
  /** Oldest first, of the platform's part: its own refunds come with those of the payment or by themselves. */
  readonly feeReturns: readonly ProviderFeeReturn[];
} & (
    | {
        readonly type: 'payment.refunds';
        /** Oldest first; those that failed or were cancelled too. */
        readonly refunds: readonly ProviderRefund[];
      }
    | {
        /** A delayed method that had paid, and did not after all. */
        readonly type: 'payment.failed_late';
        readonly failures: readonly ProviderLateFailure[];
      }
  );

/** How a payment's disputes stand, all of them as the provider has them now. Their movements are money; the rest is only shown. */
export type DisputeEvent = About & {
  readonly type: 'payment.disputes';
  /** Oldest first; inquiries too, which moved nothing. */
  readonly disputes: readonly ProviderDispute[];
};
