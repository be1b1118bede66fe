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

const plan = {
  displayName: 'Calls',
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly: '20.00' },
  currency: 'USD',
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20' }],
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

async function useMinutes(world: World, id: string, quantity: string, more: object = {}): Promise<string> {
  const { id: customerId, run } = callerOf(world);
  const occurredAt = (await world.sandbox.now()).toISOString();
  const event = { id: `${run} ${id}`, customerId, feature: 'call_minutes', quantity, occurredAt, ...more };
  const { data } = await world.agency.send('POST', '/v1/usage', results, { body: event });
  return data.map(({ status, code }) => code ?? status).join(', ');
}

async function figures(world: World) {
  const { data } = await world.agency.get(`/v1/customers/${callerOf(world).id}/usage`, usageAnswer);
  const minutes = data.find(({ feature }) => feature === 'call_minutes');
  return minutes && { used: minutes.used, free: minutes.free.used, overage: minutes.overage };
}

/** A client calls: its quota, its balance below zero, the pause, the top-up that lifts it. */
export const usageSteps: readonly Step[] = [
  {
    name: 'usage.quota',
    title: 'Calls are free while the month’s 100 minutes last, and an event sent twice counts once',
    run: async (world) => {
      const run = randomBytes(4).toString('hex');
      const client = { name: 'Sur Logistics', email: `${run}@client.example` };
      const { id } = await world.agency.send('POST', '/v1/customers', created, { body: client });
      callers.set(world, { id, run, sessionId: null });
      const { id: planId } = await world.agency.send('POST', '/v1/plans', created, {
        body: { name: `calls-${run}`, ...plan },
      });
      await settled(world);
      await payOnPage(world, { customerId: id, kind: 'subscription', planId, cycle: 'monthly' }, `plan ${run}`);
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
];
