import type Stripe from 'stripe';
import { z } from 'zod';
import type { CardClient, WorldService } from './card-world.ts';
import { subscriptionWorld } from './subscription-world.ts';

/** 100 minutes are included; more are on the next invoice. */
export const meteredPlan = {
  name: 'metered',
  displayName: 'Metered',
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly: '20.00' },
  currency: 'USD',
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
} as const;

const meteredAnswer = z.object({
  data: z.array(
    z.object({
      customerId: z.string(),
      counts: z.string(),
      target: z.string(),
      delivered: z.string(),
      waiting: z.string(),
      refused: z.string(),
      unbillable: z.string(),
      credited: z.string(),
      periodStart: z.string(),
      differences: z.array(z.object({ day: z.string(), sent: z.string(), counted: z.string(), resent: z.boolean() })),
    }),
  ),
});

/** What a client uses of a plan that invoices overage, and what its provider's meter makes of it. */
export function meterWorld(service: WorldService) {
  const subscriptions = subscriptionWorld(service);
  const world = {
    ...subscriptions,
    /** A client of a new agency that subscribes to the plan above by the month. */
    subscriber: async (name: string): Promise<CardClient> => {
      const client = await world.client(name);
      const planId = await world.plan(client, meteredPlan);
      await world.subscribe(client, { planId, cycle: 'monthly' });
      return client;
    },
    use: async (client: CardClient, id: string, quantity: string, more: object = {}): Promise<void> => {
      const occurredAt = (await service.sandbox.now()).toISOString();
      const event = { id: `${client.id} ${id}`, customerId: client.id, feature: 'call_minutes', quantity, occurredAt };
      const accepted = z.object({ data: z.array(z.object({ status: z.enum(['accepted', 'duplicate']) })) });
      await client.agency.send('POST', '/v1/usage', accepted, { body: { ...event, ...more } });
    },
    /** What the meters were told of the client's periods that began in a month: that of its present one, unless given. */
    metered: async (client: CardClient, { differing = false, periodStart = '' } = {}) => {
      const began = periodStart || ((await world.subscription(client)).periodStart ?? '');
      const query = `period=${began.slice(0, 7)}&differing=${differing}`;
      const { data } = await client.agency.get(`/v1/agencies/${client.agencyId}/usage/meters?${query}`, meteredAnswer);
      return data.filter(({ customerId }) => customerId === client.id);
    },
    /** The client's subscription at the provider. */
    atProvider: async (client: CardClient, on: Stripe.RequestOptions = {}): Promise<Stripe.Subscription> => {
      const { data } = await world.stripe().subscriptions.list({ limit: 100, status: 'all' }, on);
      const found = data.find(({ metadata }) => metadata.baisa_customer === client.id);
      if (!found) throw new Error('the client has no subscription at the provider');
      return found;
    },
    meterOf: async (client: CardClient, on: Stripe.RequestOptions = {}): Promise<Stripe.Billing.Meter> => {
      const { data } = await world.stripe().billing.meters.list({ limit: 100 }, on);
      const found = data.find(({ event_name }) => event_name.includes(client.agencyId));
      if (!found) throw new Error('the agency has no meter');
      return found;
    },
    /** The latest invoice of the client's subscription: its total in minor units, and what its lines ask. */
    latestInvoice: async (client: CardClient, on: Stripe.RequestOptions = {}) => {
      const subscription = (await world.atProvider(client, on)).id;
      const [invoice] = (await world.stripe().invoices.list({ subscription, limit: 1 }, on)).data;
      if (!invoice) throw new Error('the subscription has no invoice');
      return {
        reason: invoice.billing_reason,
        status: invoice.status,
        total: invoice.total,
        asked: invoice.lines.data.map(({ amount, quantity }) => ({ amount, quantity })),
      };
    },
  };
  return world;
}
