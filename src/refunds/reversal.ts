import { idPrefixes } from '../ids.ts';
import type { PlatformBooks } from '../ledger/postings.ts';
import type { Money } from '../money/money.ts';
import type { ReversedOrder } from './reversed-order.ts';
import type { BothSides, TakenSides } from './taken-back.ts';

/** `arrival` and `share`: posted once, and nothing that later amounts depend on. */
export type ReversalKind = 'refund' | 'dispute' | 'late_failure' | 'arrival' | 'share';

/** One change of what is held of a payment; what comes back is below zero. */
export interface Reversal {
  readonly reference: string;
  readonly kind: ReversalKind;
  readonly subject: string;
  readonly credited: Money;
  readonly charged: Money;
  /** Of what is charged, what has left. */
  readonly settled: Money;
}

/** A refund of this payment as it was stored. */
export interface StoredRefund extends BothSides {
  /** Names its postings. */
  readonly subject: string;
}

/** Refunds of ours are named by their own id, and were asked for in USD of a top-up. */
export const takenBy = ({ subject, credited, charged }: StoredRefund): TakenSides => {
  const sides = { credited, charged };
  return subject.startsWith(`${idPrefixes.refund}_`) ? { ...sides, asked: sides } : sides;
};

/** Where a payment's reversals are posted, and what told of them. */
export interface BooksOf {
  readonly order: ReversedOrder;
  readonly paymentId: string;
  /** Needed where the platform takes a fee out of payments on the agency's own account. */
  readonly platform: PlatformBooks | null;
  readonly source: string;
}
