import type { Money } from '../money/money.ts';
import type { AccountRef, ProviderArrival, WriteOptions } from './port.ts';

/**
 * Money that goes back after it was paid: refunds, disputes, payments that fail late, and the platform's part of them; and what a
 * provider's own books and its log of events say, for those who compare. What `port.ts` says of every capability holds here:
 * small, absent where a provider has none, `ProviderError` for every call that did not succeed.
 */

/** One change of an account's balance that came of a payment after it was paid. */
export interface BalanceMovement {
  /** The provider's id of its own entry: it names the movement, whichever event told of it. */
  readonly id: string;
  /** `withdrawn`: money left the balance. `reinstated`: it came back. */
  readonly kind: 'withdrawn' | 'reinstated';
  /** Without sign, in the currency that was charged. */
  readonly charged: Money;
  /** In the settlement currency, signed: what leaves is negative. `fees` are the provider's for it; negative ones come back. Null where it does not tell. */
  readonly settled: ProviderArrival | null;
  /** What the platform gave back of its part, in the settlement currency, as this entry counts it: zero or above. */
  readonly feeReturned: Money;
  readonly at: Date;
}

export type RefundReason = 'duplicate' | 'fraudulent' | 'requested_by_customer';

export interface RefundRequest {
  /** Our own id of the refund: what a lost call is found by. */
  readonly refundId: string;
  readonly paymentId: string;
  /** In the currency that was charged, and chargeable. */
  readonly amount: Money;
  /** Whether the platform gives back its part in proportion. Only of a payment that it took a part of. */
  readonly applicationFeeReturned: boolean;
  readonly reason: RefundReason | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ProviderRefund {
  readonly id: string;
  /** `succeeded` is not the end of it: a refund can fail afterwards. `failed` and `canceled` are. */
  readonly status: 'pending' | 'succeeded' | 'failed' | 'canceled' | 'requires_action';
  /** In the currency that was charged. */
  readonly amount: Money;
  readonly paymentId: string | null;
  /** Our own id of it; null for one that was made in the provider's dashboard, and where no name of ours is kept. */
  readonly refundId: string | null;
  /** The provider keeps no name of ours on it: that it has none does not say whose it is. */
  readonly isUnnamed?: true;
  readonly metadata: Readonly<Record<string, string>>;
  /** Why it failed, in the provider's word; null where it did not, or the provider does not say. */
  readonly failure: string | null;
  readonly createdAt: Date;
  /** What it did to the balance so far: nothing yet, a withdrawal, or that and what brought it back. */
  readonly movements: readonly BalanceMovement[];
}

/** A payment by a delayed method that had succeeded, and failed after all. */
export interface ProviderLateFailure {
  /** The provider's id of the try that failed. */
  readonly id: string;
  readonly amount: Money;
  readonly code: string | null;
  readonly message: string | null;
  readonly movement: BalanceMovement;
}

/** A refund of ours that a lost call may have made. */
export interface SoughtRefund {
  readonly paymentId: string;
  /** Our own id of it. */
  readonly refundId: string;
  readonly amount: Money;
  /** The provider's ids of refunds that are known to be others: where no name of ours is kept, it is told by its amount among the rest. */
  readonly others: readonly string[];
}

export interface RefundsPort {
  /** The provider is not known to honour keys here: what is in doubt is looked up before it is sent again. */
  readonly keysNotKept?: true;
  /** Throws `ProviderError` of kind `invalid` where less is left (`charge_already_refunded`) or it is charged back (`charge_disputed`). */
  create(account: AccountRef, request: RefundRequest, options: WriteOptions): Promise<ProviderRefund>;
  /** The refund that a lost call may have made: found by listing the payment's refunds. Null: proven absent. */
  find(account: AccountRef, sought: SoughtRefund): Promise<ProviderRefund | null>;
  /** Null for one of money that was never taken: a hold that was let go of. */
  retrieve(account: AccountRef, id: string): Promise<ProviderRefund | null>;
  /** Every refund of a payment, oldest first, whoever made it; without those of money that was never taken. */
  listOfPayment(account: AccountRef, paymentId: string): Promise<readonly ProviderRefund[]>;
  /** The tries of a payment that failed after they had succeeded: none for nearly every payment. */
  lateFailures(account: AccountRef, paymentId: string): Promise<readonly ProviderLateFailure[]>;
}

export interface ProviderDispute {
  readonly id: string;
  readonly paymentId: string | null;
  /** `prevented`: settled before it became one. `other`: a word that this service does not know. */
  readonly status: 'needs_response' | 'under_review' | 'won' | 'lost' | 'closed' | 'prevented' | 'other';
  /** The bank asks before it takes anything. One that became a chargeback is none any more. */
  readonly isInquiry: boolean;
  /** It was lost, and goes another round. */
  readonly isAppealed: boolean;
  /** What is disputed, in the currency that was charged. */
  readonly amount: Money;
  /** The provider's word for what the client's bank says, e.g. `fraudulent`. */
  readonly reason: string;
  /** Until when it can be answered; null where that is over or not said. */
  readonly answerDueAt: Date | null;
  readonly createdAt: Date;
  /** What it took and gave back so far. These count, and not the status. */
  readonly movements: readonly BalanceMovement[];
}

export interface DisputesPort {
  retrieve(account: AccountRef, disputeId: string): Promise<ProviderDispute>;
  /** Every dispute of a payment, oldest first. */
  listOfPayment(account: AccountRef, paymentId: string): Promise<readonly ProviderDispute[]>;
}

/** A part of the platform's fee that went back to the account. */
export interface ProviderFeeReturn {
  readonly id: string;
  readonly feeId: string;
  /** In the currency that was charged. */
  readonly amount: Money;
  /** What it did to the platform's own balance, negative; null while the provider has not put it there. */
  readonly settled: ProviderArrival | null;
  readonly at: Date;
}

export interface FeesPort {
  /** Whose payment a fee was taken of; null where it was taken of something else, or is gone. */
  paymentOf(feeId: string): Promise<{ readonly accountId: string; readonly paymentId: string } | null>;
  /** Everything that went back of the platform's part of a payment, oldest first. */
  returnsOfPayment(account: AccountRef, paymentId: string): Promise<readonly ProviderFeeReturn[]>;
}

/** One page of a list; `next` is what to ask for the page after it, null at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

export interface PageRequest {
  /** From here on, to the second. */
  readonly since: Date;
  /** The `next` of the page before; null for the first. */
  readonly after: string | null;
}

export type BalanceEntryKind =
  | 'payment'
  | 'payment_failure'
  | 'refund'
  | 'refund_failure'
  | 'dispute'
  | 'application_fee'
  | 'application_fee_return'
  | 'payout'
  /** The provider's own business: its fees, reserves, adjustments that are of no payment. */
  | 'other';

/** A line of the provider's own books. */
export interface BalanceEntry {
  readonly id: string;
  readonly kind: BalanceEntryKind;
  /** The provider's id of what it is of: a charge, a refund, a dispute, a fee; null for none. */
  readonly sourceId: string | null;
  /** Null where it is of no payment, or of one that is not on this account. */
  readonly paymentId: string | null;
  /** What the source itself carries. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the settlement currency, signed. */
  readonly settled: ProviderArrival;
  /** What went to the platform out of it, in the settlement currency; negative where it came back. */
  readonly taken: Money;
  readonly at: Date;
}

export interface BalancePort {
  /** Newest first. What a page says is not changed afterwards; new lines come before it. */
  listEntries(account: AccountRef, page: PageRequest): Promise<Page<BalanceEntry>>;
}

/** An event as the provider keeps it, whether or not it was ever delivered. */
export interface ProviderEvent {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  readonly at: Date;
  /** As a delivery would carry it, unsigned: it was read with our own key. */
  readonly payload: string;
}

export interface EventsPort {
  /** How far back the provider keeps events, in milliseconds. */
  readonly keptForMs: number;
  /** Newest first. A page may have fewer rows than the provider read, and still a next one. */
  listSince(account: AccountRef, types: readonly string[], page: PageRequest): Promise<Page<ProviderEvent>>;
}
