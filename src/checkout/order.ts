/**
 * `checkout`: waiting for payment; declined tries leave it here. `paid`: credited. `failed`: a delayed method did not pay.
 * `expired`: the session closed unpaid. The last two of a paid order belong to refunds.
 */
export type OrderStatus = 'checkout' | 'paid' | 'failed' | 'expired' | 'refunded' | 'partially_refunded';

export type OrderFact = 'paid' | 'failed' | 'expired';

/**
 * What an order becomes when a fact arrives, in any order and any number. Money that arrived wins over everything said
 * before it; nothing takes a paid order back but a refund.
 */
const transitions: Readonly<Record<OrderFact, Readonly<Record<OrderStatus, OrderStatus>>>> = {
  paid: {
    checkout: 'paid',
    failed: 'paid',
    expired: 'paid',
    paid: 'paid',
    refunded: 'refunded',
    partially_refunded: 'partially_refunded',
  },
  failed: {
    checkout: 'failed',
    failed: 'failed',
    expired: 'failed',
    paid: 'paid',
    refunded: 'refunded',
    partially_refunded: 'partially_refunded',
  },
  expired: {
    checkout: 'expired',
    failed: 'failed',
    expired: 'expired',
    paid: 'paid',
    refunded: 'refunded',
    partially_refunded: 'partially_refunded',
  },
};

export const nextStatus = (status: OrderStatus, fact: OrderFact): OrderStatus => transitions[fact][status];

/** The ledger reference of a payment: the fact's name at the provider, never the delivery's. */
export const settlementReference = (provider: string, providerAccountId: string, paymentId: string): string =>
  `${provider}:${providerAccountId}:${paymentId}:settled`;

/** The reference of the platform's part of a payment, the same in both books. */
export const shareReference = (provider: string, providerAccountId: string, paymentId: string): string =>
  `${provider}:${providerAccountId}:${paymentId}:share`;
