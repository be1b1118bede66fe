import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { balanceAnswer, created, sessionAnswer } from '../api-answers.ts';
import { cards, providerSessionOf } from '../sandbox-client.ts';
import { check, type Step, written } from './step.ts';
import { settled, usd, type World } from './world.ts';

interface Caller {
  readonly id: string;
  readonly run: string;
  /** The call that is under way. */
  sessionId: string | null;
}

const callers = new WeakMap<World, Caller>();

function callerOf(world: World): Caller {
  const caller = callers.get(world);
  if (!caller) throw new Error('nobody calls');
  return caller;
}

const invoicesAnswer = z.object({
  data: z.array(z.object({ status: z.string(), total: z.object({ amount: z.string(), currency: z.string() }) })),
});
const results = z.object({ data: z.array(z.object({ status: z.string(), code: z.string().nullable() })) });
const gateAnswer = z.object({
  allowed: z.boolean(),
  reason: z.string().nullable(),
  sessionId: z.string().nullable(),
  affordableQuantity: z.string().nullable(),
});
const usageAnswer = z.object({
  data: z.array(
    z.object({ feature: z.string(), used: z.string(), free: z.object({ used: z.string() }), overage: z.string() }),
  ),
});
const statusAnswer = balanceAnswer.extend({ status: z.string() });

const minutes = { feature: 'call_minutes', included: '100', overagePrice: '0.20' };
const plan = {
  displayName: 'Calls',
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly: '20.00' },
  currency: 'USD',
  recurring: [{ feature: 'concurrency', included: 1 }],
  publish: true,
};

async function payOnPage(world: World, body: object, key: string): Promise<void> {
  const { url } = await world.agency.send('POST', '/v1/checkout-sessions', sessionAnswer.pick({ url: true }), {
    idempotencyKey: key,
    body,
  });
  await world.sandbox.pay(providerSessionOf(url), { card: cards.visa });
  await settled(world);
}

const balanceOf = (world: World) => world.agency.get(`/v1/customers/${callerOf(world).id}/balance`, statusAnswer);

const startCall = (world: World, callId: string) =>
  world.agency.send('POST', '/v1/gate/sessions', gateAnswer, {
    body: { customerId: callerOf(world).id, feature: 'call_minutes', callId },
  });

/** Makes a client, on a plan of its own by the month. */
async function newCaller(world: World, name: string, usage: object): Promise<Caller> {
  const run = randomBytes(4).toString('hex');
  const client = { name, email: `${run}@client.example` };
  const { id } = await world.agency.send('POST', '/v1/customers', created, { body: client });
  const body = { name: `calls-${run}`, ...plan, usage: [{ ...minutes, ...usage }] };
  const { id: planId } = await world.agency.send('POST', '/v1/plans', created, { body });
  await settled(world);
  await payOnPage(world, { customerId: id, kind: 'subscription', planId, cycle: 'monthly' }, `plan ${run}`);
  const caller = { id, run, sessionId: null };
  callers.set(world, caller);
  return caller;
}

async function useMinutes(world: World, id: string, quantity: string, more: object = {}): Promise<string> {
  const { id: customerId, run } = callerOf(world);
  const occurredAt = (await world.sandbox.now()).toISOString();
  const event = { id: `${run} ${id}`, customerId, feature: 'call_minutes', quantity, occurredAt, ...more };
  const { data } = await world.agency.send('POST', '/v1/usage', results, { body: event });
  return data.map(({ status, code }) => code ?? status).join(', ');
}

async function figures(world: World) {
  const { data } = await world.agency.get(`/v1/customers/${callerOf(world).id}/usage`, usageAnswer);
  const found = data.find(({ feature }) => feature === minutes.feature);
  return found && { used: found.used, free: found.free.used, overage: found.overage };
}

/** A client calls: its quota, its balance below zero, the pause, the top-up that lifts it; another pays by invoice. */
export const usageSteps: readonly Step[] = [
  {
    name: 'usage.quota',
    title: 'Calls are free while the month’s 100 minutes last, and an event sent twice counts once',
    run: async (world) => {
      const { id, run } = await newCaller(world, 'Sur Logistics', {});
      await payOnPage(world, { customerId: id, kind: 'top_up', amount: usd('5.00') }, `top up ${run}`);
      const ended = { occurredAt: (await world.sandbox.now()).toISOString() };
      check('the first call', await useMinutes(world, 'call 1', '90', ended), 'accepted');
      check('the same again', await useMinutes(world, 'call 1', '90', ended), 'duplicate');
      check('its usage', await figures(world), { used: '90', free: '90', overage: '0' });
      check('its balance', (await balanceOf(world)).balance, Money.of('5.00', 'USD'));
      return '90 of 100 minutes, balance $5.00';
    },
  },
  {
    name: 'usage.gate',
    title: 'The gate lets one call start, says what is affordable, and refuses a second beside it',
    run: async (world) => {
      const call = await startCall(world, 'call 2');
      check('whether it may start', call.allowed, true);
      check('the minutes it can pay for', call.affordableQuantity, '35');
      check('a second call beside it', (await startCall(world, 'call 3')).reason, 'no_free_slot');
      callerOf(world).sessionId = call.sessionId;
      return '10 minutes of the quota and 25 of the balance';
    },
  },
  {
    name: 'usage.paused',
    title: 'The call runs longer than that: nobody is cut off, the balance falls below zero, service pauses',
    run: async (world) => {
      const { sessionId } = callerOf(world);
      const extended = await world.agency.call('PATCH', `/v1/gate/sessions/${sessionId}`, { body: {} });
      check('extending it', extended.status, 200);
      check('what it used', await useMinutes(world, 'call 2', '40', { sessionId }), 'accepted');
      await world.agency.call('DELETE', `/v1/gate/sessions/${sessionId}`);
      check('its usage', await figures(world), { used: '130', free: '100', overage: '30' });
      const { balance, status } = await balanceOf(world);
      check('its balance', balance, Money.of('-1.00', 'USD'));
      check('its service', status, 'paused');
      check('the next call', (await startCall(world, 'call 4')).reason, 'service_paused');
      return `30 minutes beyond the quota cost $6.00: ${written(balance)}`;
    },
  },
  {
    name: 'usage.resumed',
    title: 'A top-up lifts the balance above zero, and calls start again',
    run: async (world) => {
      const { id, run } = callerOf(world);
      await payOnPage(world, { customerId: id, kind: 'top_up', amount: usd('5.00') }, `again ${run}`);
      const { balance, status } = await balanceOf(world);
      check('its balance', balance, Money.of('4.00', 'USD'));
      check('its service', status, 'active');
      check('the next call', (await startCall(world, 'call 5')).allowed, true);
      return `${written(balance)}, and on`;
    },
  },
  {
    name: 'usage.metered',
    title: 'Where the plan says so, Stripe’s meter counts the overage, and the next invoice asks for it',
    run: async (world) => {
      const { id } = await newCaller(world, 'Nizwa Clinics', { collect: 'invoice' });
      check('what it used', await useMinutes(world, 'calls', '130'), 'accepted');
      check('its balance', (await balanceOf(world)).balance, Money.of('0.00', 'USD'));
      await world.sandbox.advanceClock('32d');
      const { data } = await world.agency.get(`/v1/customers/${id}/invoices`, invoicesAnswer);
      const asked = data.map(({ status, total }) => `${status} ${total.amount} ${total.currency}`);
      check('its invoices, the latest first', asked, ['paid 10.010 OMR', 'paid 7.700 OMR']);
      return '7.700 OMR for the month, 2.310 OMR for 30 minutes beyond the last one’s quota';
    },
  },
];
