import type { Money } from '../money/money.ts';

/** Which order a payment names in its metadata. Never trusted alone: the account must be the order's too. */
export interface OrderName {
  readonly agencyId: string;
  readonly orderId: string;
}

interface About {
  readonly provider: string;
  /** The provider's id of the account the event came from, as verified. */
  readonly providerAccountId: string;
  readonly order: OrderName;
}

/**
 * What a provider's event means for an order, in no provider's words. The first is money; the others only change what
 * the order shows.
 */
export type PaymentEvent =
  | (About & {
      readonly type: 'payment.settled';
      /** The provider's id of the payment: it names the fact, whichever event told of it. */
      readonly paymentId: string;
      /** What arrived, in the currency that was charged. */
      readonly received: Money;
    })
  | (About & {
      readonly type: 'payment.declined';
      readonly paymentId: string;
      /** Names this one try at the provider. */
      readonly fact: string;
      readonly code: string | null;
      readonly declineCode: string | null;
      readonly adviceCode: string | null;
      readonly message: string | null;
      readonly occurredAt: Date;
    })
  /** A delayed method that finally did not pay. */
  | (About & { readonly type: 'payment.failed' })
  | (About & { readonly type: 'session.expired' });
