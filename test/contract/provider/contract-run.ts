import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { AccountRef, PaymentProvider } from '../../../src/providers/port.ts';

/** How the payment that a contract needs goes on after it was paid. */
export type PaymentCourse = 'plain' | 'charged_back' | 'inquired';

/** What a provider's test file brings: a provider that answers, and how to remove what the port cannot. */
export interface ContractSubject {
  readonly provider: PaymentProvider;
  readonly account: AccountRef;
  /** What the account can be charged in (upper-case code). */
  readonly currency: string;
  /** Different in every run, so that runs on one account never meet. Letters and digits. */
  readonly runId: string;
  /** Takes a payment, which no port does without its client, and answers the provider's id of it. */
  readonly takePayment?: (amount: Money, course: PaymentCourse) => Promise<string>;
  readonly removeCustomer?: (id: string) => Promise<void>;
  readonly removeWebhookEndpoint?: (id: string) => Promise<void>;
  readonly cards?: CardHands;
  readonly stage?: Stage;
  /** The provider's time, where that is not the machine's. */
  readonly now?: () => Date;
  close(): Promise<void>;
}

/** What a test does with cards at the provider, past the port. */
export interface CardHands {
  /** Saves a test card for a customer without a hosted page; answers the card's id. */
  attach(providerCustomerId: string, card: TestCard): Promise<string>;
  /** The card that the provider itself charges. */
  defaultOf(providerCustomerId: string): Promise<string | null>;
  /** Ids of all payments, paid or not. */
  paymentsOf(providerCustomerId: string): Promise<readonly string[]>;
}

/** `fails` can be saved and is declined ever after. */
export type TestCard = 'pays' | 'fails';

/** What only a double can be made to do. */
export interface Stage {
  /** What the card's owner does on a session's hosted page. */
  fillIn(sessionId: string, card: PageCard, authentication?: 'complete' | 'fail'): Promise<void>;
  /** The provider's id of what a session saves a card with. */
  setupOf(sessionId: string): Promise<string>;
  /** The bank's answer from now on: one of its advices, a wish to see the owner, or null for what the card's own is. */
  setCard(cardId: string, answer: CardAdvice | 'authentication_required' | null): Promise<void>;
  /** What the card's owner answers the bank. */
  authenticate(paymentId: string, answer: 'complete' | 'fail'): Promise<void>;
  /** E.g. `8d`; resolves when all that fell due is done. */
  advanceClock(by: string): Promise<void>;
  /**
   * The provider's calls that make or change a payment, or what else `route` names, lose their connection, before or after they took
   * effect.
   */
  whileCut<T>(when: 'before' | 'after', call: () => Promise<T>, route?: string): Promise<T>;
}

export type PageCard = 'pays' | 'declined' | 'asks';

export const cardAdvices = ['do_not_try_again', 'try_again_later', 'confirm_card_data'] as const;

export type CardAdvice = (typeof cardAdvices)[number];

/** The subject while tests run, with names that are unique to the run and what is to be undone after it. */
export class ContractRun {
  readonly #subject: ContractSubject;
  readonly #undo: (() => Promise<unknown>)[] = [];
  #names = 0;

  constructor(subject: ContractSubject) {
    this.#subject = subject;
  }

  get subject(): ContractSubject {
    return this.#subject;
  }

  get account(): AccountRef {
    return this.#subject.account;
  }

  /** A name that nobody used before. */
  name(kind: string): string {
    this.#names += 1;
    return `baisa_contract_${this.#subject.runId}_${kind}_${this.#names}`;
  }

  /** A name that nobody used before and that does not look like ours. */
  foreignName(kind: string): string {
    return `other_${this.name(kind)}`;
  }

  /** The options of a write that is sent once. */
  once(): { idempotencyKey: string } {
    return { idempotencyKey: this.name('key') };
  }

  money(amount: string): Money {
    return Money.of(amount, this.#subject.currency);
  }

  now(): Date {
    return this.#subject.now?.() ?? new Date();
  }

  /** Undone in reverse order after the last test. */
  undoLater(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async close(): Promise<void> {
    try {
      for (const undo of this.#undo.splice(0).reverse()) await undo();
    } finally {
      await this.#subject.close();
    }
  }
}

/** Fails a test that needs a capability which the provider does not have. */
export function need<T>(capability: T | undefined, what: string): T {
  if (capability === undefined) throw new Error(`the provider has no ${what}`);
  return capability;
}

/** The provider's refusal of a call. */
export async function refusalOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome: unknown = await call.catch((error: unknown) => error);
  if (outcome instanceof ProviderError) return outcome;
  throw new Error('the call was not refused with a ProviderError', { cause: outcome });
}
