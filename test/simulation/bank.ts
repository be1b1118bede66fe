import type { CardEvent } from '../../src/cards/card-event.ts';
import type { PaymentEvent } from '../../src/checkout/payment-event.ts';
import type { OffSessionChargeRequest, OffSessionPort } from '../../src/providers/card-ports.ts';
import { ProviderError } from '../../src/providers/errors.ts';
import { metadataKeys } from '../../src/providers/metadata.ts';
import type { PaymentsPort, ProviderPayment } from '../../src/providers/port.ts';
import type { Random } from '../support/random.ts';

/** How a card answers. */
export type CardHealth = 'pays' | 'insufficient_funds' | 'lost_card' | 'authentication_required' | 'do_not_try_again';

/** A charge that the bank really made or really refused: replays of a key are not among them. */
export interface BankCharge {
  readonly paymentId: string;
  readonly request: OffSessionChargeRequest;
  readonly succeeded: boolean;
}

/** What is told of a payment, or of a card and its hold. */
export type BankEvent =
  | { readonly kind: 'payment'; readonly event: PaymentEvent }
  | { readonly kind: 'card'; readonly event: CardEvent };

interface Delivery {
  readonly told: BankEvent;
  /** Deliveries to come, this one among them. */
  copies: number;
}

export interface BankOptions {
  readonly random: Random;
  readonly accountId: string;
  /** Called before a charge takes effect: what must be true of the world then. */
  readonly onCharge: (request: OffSessionChargeRequest) => Promise<void>;
}

const lost = (when: string): ProviderError =>
  new ProviderError({ kind: 'indeterminate', message: `the connection was cut ${when}` });

/**
 * A card network in memory behind the port of off-session charges: idempotency keys, cards that die and revive, lines that are cut
 * before or after a charge took effect, and events that wait to be delivered, some of them twice.
 */
export class Bank {
  readonly health = new Map<string, CardHealth>();
  readonly charges: BankCharge[] = [];
  readonly deliveries: Delivery[] = [];
  readonly #payments = new Map<string, ProviderPayment>();
  readonly #answers = new Map<string, () => ProviderPayment>();
  readonly #options: BankOptions;

  constructor(options: BankOptions) {
    this.#options = options;
  }

  readonly offSession: OffSessionPort = {
    charge: async (_account, request, { idempotencyKey }) => {
      const { random } = this.#options;
      const known = this.#answers.get(idempotencyKey);
      if (known) return known();
      if (random.chance(0.05)) throw lost('before the charge');
      await this.#options.onCharge(request);
      const answer = this.#execute(request);
      this.#answers.set(idempotencyKey, answer);
      if (random.chance(0.05)) throw lost('after the charge');
      return answer();
    },
    find: async (_account, _customer, orderId) =>
      [...this.#payments.values()].find(({ metadata }) => metadata[metadataKeys.order] === orderId) ?? null,
    cancel: async (_account, paymentId) => {
      const payment = this.#payment(paymentId);
      if (payment.status !== 'requires_payment_method') return payment;
      const canceled: ProviderPayment = { ...payment, status: 'canceled' };
      this.#payments.set(paymentId, canceled);
      return canceled;
    },
  };

  readonly payments: PaymentsPort = { retrieve: async (_account, paymentId) => this.#payment(paymentId) };

  /** Takes one of the waiting deliveries, in any order; undefined when all were delivered. */
  takeDelivery(): BankEvent | undefined {
    const { random } = this.#options;
    if (this.deliveries.length === 0) return undefined;
    const index = random.below(this.deliveries.length);
    const delivery = this.deliveries[index];
    if (!delivery) return undefined;
    delivery.copies -= 1;
    if (delivery.copies === 0) this.deliveries.splice(index, 1);
    return delivery.told;
  }

  tell(told: BankEvent): void {
    this.deliveries.push({ told, copies: 1 + this.#options.random.below(3) });
  }

  #payment(paymentId: string): ProviderPayment {
    const payment = this.#payments.get(paymentId);
    if (!payment) throw new ProviderError({ kind: 'invalid', message: `no payment ${paymentId}` });
    return payment;
  }

  #execute(request: OffSessionChargeRequest): () => ProviderPayment {
    const { accountId } = this.#options;
    const paymentId = `pi_${this.charges.length + 1}`;
    const health = this.health.get(request.cardId) ?? 'pays';
    const succeeded = health === 'pays';
    this.charges.push({ paymentId, request, succeeded });
    const about = {
      provider: 'stripe',
      providerAccountId: accountId,
      order: {
        orderId: request.orderId,
        agencyId: request.metadata[metadataKeys.agency] ?? '',
      },
      paymentId,
    };
    if (succeeded) {
      const payment: ProviderPayment = {
        id: paymentId,
        amount: request.amount,
        amountReceived: request.amount,
        status: 'succeeded',
        metadata: request.metadata,
        failure: null,
      };
      this.#payments.set(paymentId, payment);
      this.tell({ kind: 'payment', event: { ...about, type: 'payment.settled', received: request.amount } });
      return () => payment;
    }
    const failure = {
      code: 'card_declined',
      declineCode: health === 'do_not_try_again' ? 'generic_decline' : health,
      adviceCode: health === 'do_not_try_again' ? 'do_not_try_again' : null,
      message: 'Declined.',
    };
    this.#payments.set(paymentId, {
      id: paymentId,
      amount: request.amount,
      amountReceived: request.amount.minus(request.amount),
      status: 'requires_payment_method',
      metadata: request.metadata,
      failure,
    });
    this.tell({
      kind: 'payment',
      event: { ...about, ...failure, type: 'payment.declined', fact: `ch_${paymentId}`, occurredAt: new Date(0) },
    });
    return () => {
      const { adviceCode, ...rest } = failure;
      throw new ProviderError({ kind: 'declined', ...rest, adviceCode: adviceCode ?? undefined, paymentId });
    };
  }
}
