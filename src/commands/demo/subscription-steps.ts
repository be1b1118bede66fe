import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { created } from '../api-answers.ts';
import { cards, providerSessionOf } from '../sandbox-client.ts';
import { check, type Step } from './step.ts';
import { settled, type World } from './world.ts';

interface Subscriber {
  readonly id: string;
  readonly starter: string;
  readonly gold: string;
}

const subscribers = new WeakMap<World, Subscriber>();

function subscriberOf(world: World): Subscriber {
  const subscriber = subscribers.get(world);
  if (!subscriber) throw new Error('nobody has subscribed');
  return subscriber;
}

const linkAnswer = z.object({ url: z.string() });
const subscriptionAnswer = z.object({
  planId: z.string(),
  status: z.string(),
  periodEnd: z.string().nullable(),
  pendingChange: z.object({ planId: z.string(), effectiveAt: z.string() }).nullable(),
});
const invoicesAnswer = z.object({
  data: z.array(z.object({ status: z.string(), total: z.object({ amount: z.string(), currency: z.string() }) })),
});

const planOf = (name: string, monthly: string, included: string) => ({
  name,
  displayName: name,
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly },
  currency: 'USD',
  usage: [{ feature: 'call_minutes', included, overagePrice: '0.20' }],
  publish: true,
});

const read = (world: World) =>
  world.agency.get(`/v1/customers/${subscriberOf(world).id}/subscription`, subscriptionAnswer);

const dayOf = (time: string | null | undefined): string => (time ?? '').slice(0, 10);

/** A client subscribes, renews and moves to a larger plan: two months on the sandbox's clock. */
export const subscriptionSteps: readonly Step[] = [
  {
    name: 'subscription.bought',
    title: 'A client subscribes on the hosted page, and its plan begins with its first paid invoice',
    run: async (world) => {
      const run = randomBytes(4).toString('hex');
      const plans = { starter: planOf(`starter-${run}`, '20.00', '100'), gold: planOf(`gold-${run}`, '50.00', '400') };
      const { id: starter } = await world.agency.send('POST', '/v1/plans', created, { body: plans.starter });
      const { id: gold } = await world.agency.send('POST', '/v1/plans', created, { body: plans.gold });
      const client = { name: 'Duqm Port', email: `${run}@client.example` };
      const { id } = await world.agency.send('POST', '/v1/customers', created, { body: client });
      subscribers.set(world, { id, starter, gold });
      await settled(world);
      const { url } = await world.agency.send('POST', '/v1/checkout-sessions', linkAnswer, {
        idempotencyKey: run,
        body: { customerId: id, kind: 'subscription', planId: starter, cycle: 'monthly' },
      });
      await world.sandbox.pay(providerSessionOf(url), { card: cards.visa });
      await settled(world);
      const subscription = await read(world);
      check('its status', subscription.status, 'active');
      check('its plan', subscription.planId, starter);
      return `$20.00 a month, until ${dayOf(subscription.periodEnd)}`;
    },
  },
  {
    name: 'subscription.changes',
    title: 'A larger plan is put down for the next cycle, and nothing is charged until then',
    run: async (world) => {
      const { id, gold, starter } = subscriberOf(world);
      const body = { planId: gold };
      await world.agency.send('POST', `/v1/customers/${id}/subscription/change`, subscriptionAnswer, { body });
      await settled(world);
      const { pendingChange, planId } = await read(world);
      check('its plan today', planId, starter);
      check('its plan to be', pendingChange?.planId, gold);
      return `from ${dayOf(pendingChange?.effectiveAt)}`;
    },
  },
  {
    name: 'subscription.renews',
    title: 'A month later it has renewed on the larger plan, unprorated',
    run: async (world) => {
      const { id, gold } = subscriberOf(world);
      await world.sandbox.advanceClock('32d');
      const { planId, status, pendingChange } = await read(world);
      check('its plan', planId, gold);
      check('its status', status, 'active');
      check('what is still to change', pendingChange, null);
      const { data } = await world.agency.get(`/v1/customers/${id}/invoices`, invoicesAnswer);
      const paid = data.map((invoice) => `${invoice.status} ${invoice.total.amount} ${invoice.total.currency}`);
      check('its invoices, the latest first', paid, ['paid 19.250 OMR', 'paid 7.700 OMR']);
      return 'paid 7.700 OMR, then 19.250 OMR';
    },
  },
];
