import { z } from 'zod';

/**
 * `checkout`: waiting for payment; declined tries leave it here. `paid`: credited. `failed`: a delayed method did not pay.
 * `expired`: the session closed unpaid. The last two of a paid order belong to refunds.
 */
export type OrderStatus = 'checkout' | 'paid' | 'failed' | 'expired' | 'refunded' | 'partially_refunded';

/** Kinds of orders that their client pays on a provider's page. */
export const onHostedPages = ['top_up', 'pack'] as const;

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

/** What is posted of one payment, each step under a reference of its own. */
const paymentReference =
  (step: string) =>
  (provider: string, providerAccountId: string, paymentId: string): string =>
    `${provider}:${providerAccountId}:${paymentId}:${step}`;

/** The ledger reference of a payment: the fact's name at the provider, never the delivery's. */
export const settlementReference = paymentReference('settled');
/** Of the platform's part, the same in both books. */
export const shareReference = paymentReference('share');
/** Of what the provider put on the account's balance for it. */
export const arrivalReference = paymentReference('arrived');
/** Of what the provider put on the platform's balance of the platform's part. */
export const shareArrivalReference = paymentReference('share_arrived');

/** What an order sells where it is no balance: fixed when the order is made. */
export const soldPackSchema = z.object({
  packId: z.string(),
  /** The line that the client reads, e.g. `Gold Tier: 500 Call minutes`. */
  title: z.string(),
  feature: z.string(),
  /** A decimal string in the feature's unit. */
  quantity: z.string(),
  /** From the payment on; null: it lasts until it is used. */
  validDays: z.int().nullable(),
});
export type SoldPack = z.output<typeof soldPackSchema>;
