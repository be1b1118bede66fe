import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { created } from '../api-answers.ts';
import { cards, providerSessionOf } from '../sandbox-client.ts';
import { check, type Step, WrongOutcome } from './step.ts';
import { settled, usd, type World } from './world.ts';

const holder = new WeakMap<World, string>();

function holderOf(world: World): string {
  const id = holder.get(world);
  if (id === undefined) throw new Error('nobody has saved a card');
  return id;
}

const setupAnswer = z.object({ url: z.string(), orderId: z.null() });
const cardsAnswer = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      brand: z.string(),
      last4: z.string(),
      fingerprint: z.string(),
      status: z.string(),
      isDefault: z.boolean(),
    }),
  ),
});
const holdsAnswer = z.object({
  data: z.array(
    z.object({
      status: z.string(),
      message: z.string(),
      amount: z.object({ amount: z.string(), currency: z.string() }),
    }),
  ),
});
const refillAnswer = z.object({
  refilledThisMonth: z.object({ amount: z.string(), currency: z.string() }),
  breaker: z.object({ state: z.string(), cause: z.string().nullable() }),
});
const balance = z.object({ balance: z.object({ amount: z.string(), currency: z.string() }) });

const readBalanceOf = async ({ agency }: World, id: string) =>
  (await agency.get(`/v1/customers/${id}/balance`, balance)).balance;

/** Takes from the balance, as usage does, and lets everything happen that follows. */
async function use(world: World, id: string, amount: string): Promise<void> {
  const body = { kind: 'correction', amount: usd(`-${amount}`), reason: 'Calls of the demo' };
  const idempotencyKey = randomBytes(12).toString('hex');
  await world.agency.send('POST', `/v1/customers/${id}/adjustments`, z.unknown(), { idempotencyKey, body });
  await settled(world);
}

/** A client saves a card and is refilled from it; then the card dies. */
export const cardSteps: readonly Step[] = [
  {
    name: 'cards.saved',
    title: 'A client saves a card: a temporary hold of about a dollar verifies it and is released at once',
    run: async (world) => {
      const run = randomBytes(4).toString('hex');
      const client = { name: 'Sur Taxi', email: `${run}@client.example` };
      const { id } = await world.agency.send('POST', '/v1/customers', created, { body: client });
      holder.set(world, id);
      const session = await world.agency.send('POST', '/v1/checkout-sessions', setupAnswer, {
        idempotencyKey: run,
        body: { customerId: id, kind: 'card' },
      });
      await world.sandbox.pay(providerSessionOf(session.url), { card: cards.visa });
      await settled(world);
      const { data } = await world.agency.get(`/v1/customers/${id}/payment-methods`, cardsAnswer);
      check(
        'the saved cards',
        data.map(({ brand, last4, status, isDefault }) => ({ brand, last4, status, isDefault })),
        [{ brand: 'visa', last4: '4242', status: 'verified', isDefault: true }],
      );
      const holds = await world.agency.get(`/v1/customers/${id}/card-verifications`, holdsAnswer);
      const [hold] = holds.data;
      check('the hold', hold?.status, 'released');
      check('what was held', hold?.amount, { amount: '0.390', currency: 'OMR' });
      check('the balance', await readBalanceOf(world, id), usd('0.00'));
      return hold?.message ?? '';
    },
  },
  {
    name: 'refill.credits',
    title: 'Auto-refill charges the card when the balance falls below its threshold, once',
    run: async (world) => {
      const id = holderOf(world);
      const setting = { enabled: true, threshold: usd('4.00'), amount: usd('10.00'), monthlyLimit: usd('20.00') };
      await world.agency.send('PUT', `/v1/customers/${id}/auto-refill`, refillAnswer, { body: setting });
      await settled(world);
      check('the balance', await readBalanceOf(world, id), usd('10.00'));
      await use(world, id, '7.00');
      check('the balance after 7.00 of calls', await readBalanceOf(world, id), usd('13.00'));
      const { refilledThisMonth } = await world.agency.get(`/v1/customers/${id}/auto-refill`, refillAnswer);
      check('refilled this month', refilledThisMonth, usd('20.00'));
      return '$0.00 + $10.00 - $7.00 + $10.00 = $13.00';
    },
  },
  {
    name: 'refill.breaker',
    title: 'The card is reported lost: one charge is tried, then none until another card is there',
    run: async (world) => {
      const id = holderOf(world);
      const path = `/v1/customers/${id}/auto-refill`;
      const { data } = await world.agency.get(`/v1/customers/${id}/payment-methods`, cardsAnswer);
      const card = data[0];
      if (!card) throw new WrongOutcome('the saved cards', 'one', 0);
      const setting = { enabled: true, threshold: usd('4.00'), amount: usd('10.00'), monthlyLimit: null };
      await world.agency.send('PUT', path, refillAnswer, { body: setting });
      await world.sandbox.setCard(card.fingerprint, 'lost_card');
      for (const amount of ['10.00', '1.00', '1.00']) await use(world, id, amount);
      await world.sandbox.setCard(card.fingerprint, null);
      const { breaker } = await world.agency.get(path, refillAnswer);
      check('the breaker', breaker, { state: 'stopped', cause: 'lost_card' });
      check('the balance', await readBalanceOf(world, id), usd('1.00'));
      return 'stopped after one declined charge, told to the client and its agency';
    },
  },
];
