import Stripe from 'stripe';
import { z } from 'zod';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { cards, providerSessionOf, type SandboxPayment } from '../../src/commands/sandbox-client.ts';
import type { TestService } from '../support/service.ts';

const setupAnswer = z.object({ url: z.string(), orderId: z.null() });

export const savedCard = z.object({
  id: z.string(),
  brand: z.string(),
  last4: z.string(),
  expMonth: z.number(),
  expYear: z.number(),
  fingerprint: z.string(),
  status: z.enum(['saved', 'verified', 'failed']),
  isDefault: z.boolean(),
});
export type SavedCard = z.output<typeof savedCard>;

const hold = z.object({
  id: z.string(),
  paymentMethodId: z.string(),
  amount: z.object({ amount: z.string(), currency: z.string() }),
  status: z.string(),
  message: z.string(),
  actionUrl: z.string().nullable(),
  failure: z.object({ code: z.string().nullable(), declineCode: z.string().nullable() }).nullable(),
});
export type Hold = z.output<typeof hold>;

const refill = z.object({
  enabled: z.boolean(),
  refilledThisMonth: z.object({ amount: z.string() }),
  inFlight: z.object({ id: z.string(), orderId: z.string() }).nullable(),
  breaker: z.object({ state: z.string(), cause: z.string().nullable(), nextAttemptAt: z.string().nullable() }),
  skips: z.array(z.object({ reason: z.string(), times: z.number() })),
});
export type RefillState = z.output<typeof refill>;

export interface CardClient {
  readonly id: string;
  readonly agency: ApiClient;
  readonly agencyId: string;
}

/** What a world needs of a service, wherever that runs. */
export type WorldService = Pick<TestService, 'api' | 'sandbox' | 'sandboxSecretKey' | 'idle' | 'agency' | 'customer'>;

/** What a client, its agency and its bank do with cards: over HTTP, as each of them would. */
export function cardWorld(service: WorldService) {
  let requests = 0;
  let sdk: Stripe | undefined;
  const stripe = (): Stripe => {
    const { hostname, port, protocol } = new URL(service.sandbox.url);
    sdk ??= new Stripe(service.sandboxSecretKey, {
      host: hostname,
      port: Number(port),
      protocol: protocol === 'https:' ? 'https' : 'http',
    });
    return sdk;
  };

  const world = {
    client: async (name = 'Cards'): Promise<CardClient> => {
      const agency = await service.agency(name);
      return { id: await service.customer(agency.api), agency: agency.api, agencyId: agency.id };
    },
    /** Another client of the same agency. */
    beside: async ({ agency, agencyId }: CardClient): Promise<CardClient> => ({
      id: await service.customer(agency),
      agency,
      agencyId,
    }),
    /** A hosted session in which the client saves a card: the provider's id of it. */
    startSetup: async (client: CardClient, key = `save ${requests++}`): Promise<string> => {
      const body = { customerId: client.id, kind: 'card' };
      const session = await client.agency.send('POST', '/v1/checkout-sessions', setupAnswer, {
        idempotencyKey: `${client.id} ${key}`,
        body,
      });
      return providerSessionOf(session.url);
    },
    /** Saves a card and lets everything that follows happen. */
    save: async (client: CardClient, payment: SandboxPayment = { card: cards.visa }): Promise<SavedCard> => {
      const before = new Set((await world.cards(client)).map(({ id }) => id));
      await service.sandbox.pay(await world.startSetup(client), payment);
      await service.idle();
      const added = (await world.cards(client)).find(({ id }) => !before.has(id));
      if (!added) throw new Error('no card was saved');
      return added;
    },
    cards: async ({ id, agency }: CardClient): Promise<readonly SavedCard[]> =>
      (await agency.get(`/v1/customers/${id}/payment-methods`, z.object({ data: z.array(savedCard) }))).data,
    card: async (client: CardClient, cardId: string): Promise<SavedCard> => {
      const found = (await world.cards(client)).find(({ id }) => id === cardId);
      if (!found) throw new Error(`${cardId} is not saved`);
      return found;
    },
    holds: async ({ id, agency }: CardClient): Promise<readonly Hold[]> =>
      (await agency.get(`/v1/customers/${id}/card-verifications`, z.object({ data: z.array(hold) }))).data,
    hold: async (client: CardClient): Promise<Hold> => {
      const [latest] = await world.holds(client);
      if (!latest) throw new Error('there is no hold');
      return latest;
    },
    verifyAgain: ({ id, agency }: CardClient, paymentMethodId: string) =>
      agency.call('POST', `/v1/customers/${id}/card-verifications`, { body: { paymentMethodId } }),
    makeDefault: ({ id, agency }: CardClient, cardId: string) =>
      agency.call('POST', `/v1/customers/${id}/payment-methods/${cardId}/default`),
    remove: ({ id, agency }: CardClient, cardId: string, newDefault?: string) =>
      agency.call(
        'DELETE',
        `/v1/customers/${id}/payment-methods/${cardId}${newDefault === undefined ? '' : `?newDefault=${newDefault}`}`,
      ),
    setRefill: ({ id, agency }: CardClient, body: object) =>
      agency.call('PUT', `/v1/customers/${id}/auto-refill`, { body }),
    refill: ({ id, agency }: CardClient): Promise<RefillState> => agency.get(`/v1/customers/${id}/auto-refill`, refill),
    /** Takes from the balance by hand; what usage will do. */
    take: async ({ id }: CardClient, amount: string): Promise<void> => {
      await service.api.send('POST', `/v1/customers/${id}/adjustments`, z.unknown(), {
        idempotencyKey: `${id} take ${requests++}`,
        body: { kind: 'correction', amount: { amount: `-${amount}`, currency: 'USD' }, reason: 'used' },
      });
      await service.idle();
    },
    /** The provider's own view of the client's payments. */
    payments: async ({ id }: CardClient): Promise<readonly Stripe.PaymentIntent[]> => {
      const { data } = await stripe().paymentIntents.list({ limit: 100 });
      return data.filter(({ metadata }) => metadata.baisa_customer === id);
    },
    /** Holds that stand at the provider, whoever's they are. */
    standingHolds: async (): Promise<readonly string[]> => {
      const { data } = await stripe().paymentIntents.list({ limit: 100 });
      return data.filter(({ status }) => status === 'requires_capture').map(({ id }) => id);
    },
    stripe,
  };
  return world;
}
