import type { Money } from '../money/money.ts';
import type { AccountRef, HostedSession, ProviderPayment, WriteOptions } from './port.ts';

/**
 * Saved cards, holds that verify them, and charges of them without their owner. What `port.ts` says of every capability holds
 * here: small, absent where a provider has none, `ProviderError` for every call that did not succeed. A refusal of the card is
 * kind `declined`, with `code`, `declineCode`, `adviceCode` and, where the try made one, `paymentId` in its detail.
 */

/** A card as its provider keeps it: never its number. */
export interface ProviderCard {
  readonly id: string;
  readonly brand: string;
  readonly last4: string;
  /** 1 to 12. */
  readonly expMonth: number;
  /** Four digits. */
  readonly expYear: number;
  /** Equal for the same card number within an account; null where the provider does not say. */
  readonly fingerprint: string | null;
  readonly funding: string | null;
  /** ISO 3166, two letters. */
  readonly country: string | null;
  /** Null once it was detached. */
  readonly providerCustomerId: string | null;
}

export interface SetupSessionRequest {
  /** Our own id of the session: what a lost call is found by. */
  readonly reference: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly providerCustomerId: string;
  /** Upper-case code of what the card will be charged in: it decides which cards are offered. */
  readonly currency: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly expiresAt: Date;
}

/** A card being saved. `cardId` is set once it succeeded. */
export interface ProviderSetup {
  readonly id: string;
  readonly status: 'open' | 'processing' | 'succeeded' | 'canceled';
  readonly cardId: string | null;
  readonly providerCustomerId: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CardsPort {
  createSetupSession(account: AccountRef, request: SetupSessionRequest, options: WriteOptions): Promise<HostedSession>;
  /** The session that a lost call may have made: found by listing. Null: proven absent. */
  findSetupSession(account: AccountRef, providerCustomerId: string, reference: string): Promise<HostedSession | null>;
  retrieveSetup(account: AccountRef, setupId: string): Promise<ProviderSetup>;
  /** Null when the account has no such card, or it is no card. */
  retrieve(account: AccountRef, cardId: string): Promise<ProviderCard | null>;
  list(account: AccountRef, providerCustomerId: string): Promise<readonly ProviderCard[]>;
  /** The card that the provider itself charges for this customer: renewals. */
  setDefault(account: AccountRef, providerCustomerId: string, cardId: string, options: WriteOptions): Promise<void>;
  /** Answers when the card is detached, now or before. */
  detach(account: AccountRef, cardId: string, options: WriteOptions): Promise<void>;
}

export interface HoldRequest {
  /** Our own id of the hold. */
  readonly holdId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly providerCustomerId: string;
  readonly cardId: string;
  readonly amount: Money;
  /** What the client may read on a statement or page. */
  readonly description: string;
  /** Where the client comes back to when the bank asks for authentication. */
  readonly returnUrl: string;
}

/** Money set aside on a card, not taken. */
export interface ProviderHold {
  /** The provider's id of the payment that holds it. */
  readonly id: string;
  /** `failed`: nothing was set aside, or ever will be; `released` and `expired`: something was. */
  readonly status: 'processing' | 'action_required' | 'placed' | 'released' | 'expired' | 'failed';
  readonly amount: Money;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the client authenticates, while the bank asks for it. */
  readonly actionUrl: string | null;
  /** When the bank lets go of it by itself, where known. */
  readonly expiresAt: Date | null;
  readonly failure: ProviderPayment['failure'];
}

export interface HoldsPort {
  place(account: AccountRef, request: HoldRequest, options: WriteOptions): Promise<ProviderHold>;
  /** The hold that a lost call may have placed: found by listing the customer's payments. Null: proven absent. */
  find(account: AccountRef, providerCustomerId: string, holdId: string): Promise<ProviderHold | null>;
  retrieve(account: AccountRef, paymentId: string): Promise<ProviderHold>;
  /** Lets go of it. One that is released or expired already is answered as it is. */
  release(account: AccountRef, paymentId: string, options: WriteOptions): Promise<ProviderHold>;
}

export interface OffSessionChargeRequest {
  readonly orderId: string;
  /** Names the order, so that the payment's own event credits it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly providerCustomerId: string;
  readonly cardId: string;
  readonly amount: Money;
  /** The platform's part, which the provider takes on a connected account; null for none. */
  readonly applicationFee: Money | null;
  readonly description: string;
}

export interface OffSessionPort {
  /**
   * Charges a saved card while its owner is not there. The answer credits nothing: the payment's event does. Throws
   * `ProviderError` of kind `declined` where the card or its bank refuses, with code `authentication_required` where it wants
   * to see the owner.
   */
  charge(account: AccountRef, request: OffSessionChargeRequest, options: WriteOptions): Promise<ProviderPayment>;
  /** The payment that a lost call may have made: found by listing the customer's payments. Null: proven absent. */
  find(account: AccountRef, providerCustomerId: string, orderId: string): Promise<ProviderPayment | null>;
  /** Ends a payment that was not paid, so that nobody pays it later. One that is over already is answered as it is. */
  cancel(account: AccountRef, paymentId: string, options: WriteOptions): Promise<ProviderPayment>;
}
