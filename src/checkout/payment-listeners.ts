import type { Sql } from '../database/database.ts';
import type { Money } from '../money/money.ts';
import type { SoldPack } from './order.ts';

interface ToldPayment {
  readonly agencyId: string;
  readonly customerId: string;
  readonly orderId: string;
  /** Names the fact, whichever event told of it and however often. */
  readonly fact: string;
  /** What the client pays, in the currency that was charged. */
  readonly charged: Money;
}

export interface PaidPayment extends ToldPayment {
  /** The provider's id of the payment. */
  readonly paymentId: string;
  /** USD of balance; zero where a pack was sold. */
  readonly credited: Money;
  readonly pack: SoldPack | null;
  readonly paidAt: Date;
}

/** A declined try, after which another card may still succeed, or a delayed method that finally did not pay. */
export interface FailedPayment extends ToldPayment {
  readonly paymentId: string | null;
  /** True where nothing more will come of the order by itself. */
  readonly final: boolean;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly message: string | null;
  readonly failedAt: Date;
}

/** Told set-wise, in the transaction of the fact: it happened if, and only if, they heard of it. */
export interface PaymentListeners {
  readonly onPaid: readonly ((sql: Sql, payments: readonly PaidPayment[]) => Promise<void>)[];
  readonly onFailed: readonly ((sql: Sql, payments: readonly FailedPayment[]) => Promise<void>)[];
}
