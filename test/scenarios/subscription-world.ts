import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import { cards, providerSessionOf, type SandboxPayment } from '../../src/commands/sandbox-client.ts';
import { type CardClient, cardWorld, type WorldService } from './card-world.ts';

const subscription = z.object({
  id: z.string(),
  planId: z.string(),
  planVersion: z.number(),
  status: z.string(),
  pauseReason: z.string().nullable(),
  collection: z.string(),
  cycle: z.string().nullable(),
  addOns: z.record(z.string(), z.number()),
  periodStart: z.string().nullable(),
  periodEnd: z.string().nullable(),
  trialEndsAt: z.string().nullable(),
  cancelAt: z.string().nullable(),
  pendingChange: z
    .object({
      collection: z.string(),
      planId: z.string(),
      cycle: z.string().nullable(),
      addOns: z.record(z.string(), z.number()),
      effectiveAt: z.string(),
    })
    .nullable(),
});
export type SubscriptionAnswer = z.output<typeof subscription>;

export const plans = {
  starter: {
    name: 'starter',
    displayName: 'Starter',
    type: 'usage_based',
    pricingModel: 'fixed',
    cycles: { monthly: '20.00', yearly: '200.00' },
    currency: 'USD',
    usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20' }],
    recurring: [{ feature: 'concurrency', included: 2, unitPrice: '5.00' }],
    limits: { maxConcurrency: 6 },
  },
  gold: {
    name: 'gold',
    displayName: 'Gold',
    type: 'usage_based',
    pricingModel: 'fixed',
    cycles: { monthly: '50.00', yearly: '500.00' },
    currency: 'USD',
    usage: [{ feature: 'call_minutes', included: '400', overagePrice: '0.15' }],
    recurring: [{ feature: 'concurrency', included: 4, unitPrice: '4.00' }],
    limits: { maxConcurrency: 10 },
  },
} as const;

/** What a client, its agency and its bank do with subscriptions: over HTTP, as each of them would. */
export function subscriptionWorld(service: WorldService) {
  const cardsOf = cardWorld(service);
  let requests = 0;
  const world = {
    ...cardsOf,
    plan: async ({ agency }: CardClient, document: object): Promise<string> => {
      const { id } = await agency.send('POST', '/v1/plans', created, { body: { ...document, publish: true } });
      await service.idle();
      return id;
    },
    request: ({ id, agency }: CardClient, body: object, key = `subscribe ${requests++}`) =>
      agency.call('POST', '/v1/checkout-sessions', {
        idempotencyKey: `${id} ${key}`,
        body: { customerId: id, kind: 'subscription', ...body },
      }),
    /** Subscribes on the provider's page, and lets everything happen that follows. */
    subscribe: async (client: CardClient, body: object, payment: SandboxPayment = { card: cards.visa }) => {
      const answer = await world.request(client, body);
      if (answer.status !== 201) throw new Error(`a checkout was refused: ${answer.text}`);
      const { url } = z.object({ url: z.string() }).parse(answer.body);
      await service.sandbox.pay(providerSessionOf(url), payment);
      await service.idle();
    },
    subscription: ({ id, agency }: CardClient): Promise<SubscriptionAnswer> =>
      agency.get(`/v1/customers/${id}/subscription`, subscription),
    change: ({ id, agency }: CardClient, body: object) =>
      agency.call('POST', `/v1/customers/${id}/subscription/change`, { body }),
    post: ({ id, agency }: CardClient, what: 'cancel' | 'resume' | 'cancel-change') =>
      agency.call('POST', `/v1/customers/${id}/subscription/${what}`),
    assign: ({ id, agency }: CardClient, body: object) =>
      agency.call('POST', `/v1/customers/${id}/subscription`, { body }),
  };
  return world;
}
