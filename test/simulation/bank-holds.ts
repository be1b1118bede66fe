import type { CardEvent } from '../../src/cards/card-event.ts';
import type { CardsPort, HoldRequest, HoldsPort, ProviderHold } from '../../src/providers/card-ports.ts';
import { ProviderError } from '../../src/providers/errors.ts';
import { metadataKeys } from '../../src/providers/metadata.ts';
import type { Random } from '../support/random.ts';
import type { CardHealth } from './bank.ts';

const lost = (when: string): ProviderError =>
  new ProviderError({ kind: 'indeterminate', message: `the connection was cut ${when}` });

export interface HoldBankOptions {
  readonly random: Random;
  readonly accountId: string;
  readonly health: ReadonlyMap<string, CardHealth>;
  /** An event to be delivered, as the hold was when it was sent: it may be old news on arrival. */
  readonly tell: (event: CardEvent) => void;
}

interface Held {
  readonly request: HoldRequest;
  hold: ProviderHold;
}

/** Holds of the card network: what was set aside, and what still is. */
export class HoldBank {
  readonly #held = new Map<string, Held>();
  readonly #answers = new Map<string, () => ProviderHold>();
  readonly #options: HoldBankOptions;

  constructor(options: HoldBankOptions) {
    this.#options = options;
  }

  /** Nothing is asked of the network to make a card the default, or to forget it. */
  readonly cards: Pick<CardsPort, 'setDefault' | 'detach' | 'retrieve'> = {
    setDefault: async () => undefined,
    detach: async () => undefined,
    retrieve: async () => null,
  };

  readonly holds: HoldsPort = {
    place: async (_account, request, { idempotencyKey }) => {
      const { random } = this.#options;
      const known = this.#answers.get(idempotencyKey);
      if (known) return known();
      if (random.chance(0.05)) throw lost('before the hold');
      const answer = this.#execute(request);
      this.#answers.set(idempotencyKey, answer);
      if (random.chance(0.05)) throw lost('after the hold');
      return answer();
    },
    find: async (_account, _customer, holdId) =>
      [...this.#held.values()].find(({ request }) => request.holdId === holdId)?.hold ?? null,
    retrieve: async (_account, paymentId) => this.#of(paymentId).hold,
    release: async (_account, paymentId) => {
      const { random } = this.#options;
      if (random.chance(0.05)) throw lost('before the release');
      const held = this.#of(paymentId);
      if (held.hold.status === 'placed') this.#move(held, 'released');
      if (held.hold.status === 'action_required') this.#move(held, 'failed');
      if (random.chance(0.05)) throw lost('after the release');
      return held.hold;
    },
  };

  get all(): readonly ProviderHold[] {
    return [...this.#held.values()].map(({ hold }) => hold);
  }

  /** A client answers its bank, where one is asked. */
  answer(): void {
    const asked = [...this.#held.values()].find(({ hold }) => hold.status === 'action_required');
    if (asked) this.#move(asked, 'placed');
  }

  #of(paymentId: string): Held {
    const held = this.#held.get(paymentId);
    if (!held) throw new ProviderError({ kind: 'invalid', message: `no hold ${paymentId}` });
    return held;
  }

  #move(held: Held, status: ProviderHold['status']): void {
    held.hold = { ...held.hold, status, actionUrl: null };
    this.#tell(held);
  }

  #tell({ hold, request }: Held): void {
    this.#options.tell({
      type: 'hold.changed',
      provider: 'stripe',
      providerAccountId: this.#options.accountId,
      agencyId: request.metadata[metadataKeys.agency] ?? '',
      holdId: request.holdId,
      hold,
    });
  }

  #execute(request: HoldRequest): () => ProviderHold {
    const paymentId = `pi_hold_${this.#held.size + 1}`;
    const health = this.#options.health.get(request.cardId) ?? 'pays';
    const asks = health === 'authentication_required';
    const declined = health !== 'pays' && !asks;
    const failure = { code: 'card_declined', declineCode: health, adviceCode: null, message: 'Declined.' };
    const held: Held = {
      request,
      hold: {
        id: paymentId,
        status: declined ? 'failed' : asks ? 'action_required' : 'placed',
        amount: request.amount,
        metadata: request.metadata,
        actionUrl: asks ? 'https://bank.example/confirm' : null,
        expiresAt: null,
        failure: declined ? failure : null,
      },
    };
    this.#held.set(paymentId, held);
    this.#tell(held);
    if (!declined) return () => held.hold;
    return () => {
      throw new ProviderError({
        kind: 'declined',
        code: failure.code,
        declineCode: health,
        message: failure.message,
        paymentId,
      });
    };
  }
}
