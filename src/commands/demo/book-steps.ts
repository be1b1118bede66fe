import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { check, type Step, WrongOutcome, written } from './step.ts';
import { creditedTotal, readBalance, readStatement, settled, type World } from './world.ts';

const customersSchema = z.object({ data: z.array(z.object({ id: z.string() })) });
const chargesSchema = z.object({
  has_more: z.boolean(),
  data: z.array(z.object({ amount_captured: z.int(), currency: z.string(), status: z.string(), paid: z.boolean() })),
});

export const bookSteps: readonly Step[] = [
  {
    name: 'tenants.apart',
    title: 'Another agency’s key finds neither the client nor the order',
    run: async (world) => {
      const order = world.paid[0];
      if (!order) throw new WrongOutcome('paid orders', 'at least one', 0);
      const paths = [
        `/v1/customers/${world.customerId}`,
        `/v1/customers/${world.customerId}/ledger`,
        `/v1/orders/${order.id}`,
      ];
      for (const path of paths) {
        check(`GET ${path} with the agency’s own key`, (await world.agency.call('GET', path)).status, 200);
        check(`GET ${path} with another agency’s key`, (await world.stranger.call('GET', path)).status, 404);
      }
      return '404, as if they were not there';
    },
  },
  {
    name: 'books.statement',
    title: 'The statement adds up line by line, and its last line is the balance',
    run: async (world) => {
      await settled(world);
      const lines = (await readStatement(world)).reverse();
      let balance = Money.zero('USD');
      lines.forEach((line, index) => {
        balance = balance.plus(line.amount);
        check(`the sequence of line ${index + 1}`, line.sequence, index + 1);
        check(`the balance after line ${index + 1}`, line.balanceAfter, balance);
      });
      check('the balance', await readBalance(world), balance);
      check('what was paid for', balance, creditedTotal(world));
      return `${lines.length} lines, balance ${written(balance)}`;
    },
  },
  {
    name: 'books.provider',
    title: 'What Stripe took from the client is what the paid orders say was charged',
    run: async (world) => {
      const charged = totalCharged(world);
      const taken = await takenAtProvider(world, charged.currency.code);
      check('what the provider’s charges add up to', taken, charged);
      return `${world.paid.length} charges, ${written(taken)} for ${written(creditedTotal(world))} of balance`;
    },
  },
];

function totalCharged(world: World): Money {
  const [first, ...others] = world.paid;
  if (!first) throw new WrongOutcome('paid orders', 'at least one', 0);
  return others.reduce((sum, { charged }) => sum.plus(charged), first.charged);
}

async function takenAtProvider(world: World, currency: string): Promise<Money> {
  const email = encodeURIComponent(world.customerEmail);
  const { data: customers } = await world.sandbox.provider(`/v1/customers?email=${email}`, customersSchema);
  check('the provider’s records of the client', customers.length, 1);
  const charges = await world.sandbox.provider(`/v1/charges?limit=100&customer=${customers[0]?.id}`, chargesSchema);
  check('more pages of charges', charges.has_more, false);
  const succeeded = charges.data.filter(({ status, paid }) => paid && status === 'succeeded');
  check('charges that succeeded', succeeded.length, world.paid.length);
  check('their currencies', new Set(succeeded.map((charge) => charge.currency.toUpperCase())).size, 1);
  return succeeded.reduce(
    (sum, charge) => sum.plus(Money.ofMinorUnits(charge.amount_captured, charge.currency.toUpperCase())),
    Money.zero(currency),
  );
}
