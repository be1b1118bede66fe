import type { Sql } from '../database/database.ts';

/** An order that money arrived for, its first payment or another. */
export interface PaidOrder {
  readonly agencyId: string;
  readonly customerId: string;
  readonly orderId: string;
  readonly kind: string;
}

/** A try of a saved card that was refused, on an order that nobody but us can pay. */
export interface DeclinedCharge {
  readonly agencyId: string;
  readonly orderId: string;
  readonly paymentId: string;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly adviceCode: string | null;
  readonly message: string | null;
}

/** A room that lives on what becomes of orders. Called set-wise in the transaction that settles them, their rows locked. */
export interface OrderListener {
  paid(sql: Sql, orders: readonly PaidOrder[]): Promise<void>;
  declined(sql: Sql, charges: readonly DeclinedCharge[]): Promise<void>;
}

/** Several rooms as one listener, told one after the other. */
export const listeningTogether = (...listeners: readonly OrderListener[]): OrderListener => ({
  paid: async (sql, orders) => {
    for (const listener of listeners) await listener.paid(sql, orders);
  },
  declined: async (sql, charges) => {
    for (const listener of listeners) await listener.declined(sql, charges);
  },
});
