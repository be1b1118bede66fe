import { Money } from '../../money/money.ts';
import { quoteAnswer } from '../api-answers.ts';
import { problemSchema } from '../api-client.ts';
import { cards, providerSessionOf } from '../sandbox-client.ts';
import { check, type Step, written } from './step.ts';
import {
  creditedTotal,
  orderBecomes,
  orderIsPaid,
  readBalance,
  readOrder,
  readStatement,
  requestTopUp,
  type StartedTopUp,
  settled,
  startTopUp,
  usd,
  type World,
} from './world.ts';

const declinedOrders = new WeakMap<World, StartedTopUp>();

/** The balance is what the paid orders credit, once everything that is under way is done. */
async function expectOnlyPaidCredited(world: World): Promise<Money> {
  await settled(world);
  const balance = await readBalance(world);
  check('the balance', balance, creditedTotal(world));
  return balance;
}

export const paymentSteps: readonly Step[] = [
  {
    name: 'quote.shown',
    title: 'A quote shows what is credited and what is charged before anybody pays',
    run: async (world) => {
      const body = { customerId: world.customerId, amount: usd('5.00') };
      const quote = await world.agency.send('POST', '/v1/quotes', quoteAnswer, { body });
      const exact = Money.of(Money.of('5.00', 'USD').times(quote.rate).amount, quote.charged.currency.code);
      check('what is credited', quote.credited, Money.of('5.00', 'USD'));
      check('what is charged', quote.charged, exact.roundedToChargeable());
      check('the rounding', quote.rounding, quote.charged.minus(exact));
      const terms = `rate ${quote.rate}, rounding ${written(quote.rounding)}`;
      return `${written(quote.credited)} → ${written(quote.charged)} (${terms})${quote.currencyNotice ? `; ${quote.currencyNotice}` : ''}`;
    },
  },
  {
    name: 'quote.refused',
    title: 'An amount with more than two decimals is refused, and the path named',
    run: async (world) => {
      const body = { customerId: world.customerId, amount: usd('5.001') };
      const answer = await world.agency.call('POST', '/v1/quotes', { body });
      check('the status', answer.status, 422);
      const paths = problemSchema.parse(answer.body).errors.map(({ path }) => path);
      check('the paths that are named', paths, ['amount.amount']);
      return '422 at amount.amount';
    },
  },
  {
    name: 'checkout.repeated',
    title: 'The same checkout request, sent again, is the same order',
    run: async (world) => {
      const key = `repeat ${world.customerId}`;
      const first = await requestTopUp(world, '5.00', key);
      check('the answer to the retry', await requestTopUp(world, '5.00', key), first);
      declinedOrders.set(world, { orderId: first.orderId, sessionId: providerSessionOf(first.url) });
      return `one order, ${first.orderId}`;
    },
  },
  {
    name: 'payment.declined',
    title: 'A declined card leaves the order open, with the attempt on record',
    run: async (world) => {
      const { orderId, sessionId } = startedOf(world);
      const answer = await world.sandbox.pay(sessionId, { card: cards.declined });
      check('the sandbox’s answer', answer.error?.code, 'card_declined');
      const order = await orderBecomes(world, orderId, 'has an attempt', ({ attempts }) => attempts.length > 0);
      check('the order', order.status, 'checkout');
      check(
        'its attempts',
        order.attempts.map(({ code, declineCode }) => [code, declineCode]),
        [['card_declined', 'generic_decline']],
      );
      check('the balance', await readBalance(world), Money.zero('USD'));
      return 'card_declined; nothing credited';
    },
  },
  {
    name: 'payment.succeeded',
    title: 'Another card pays the same order, and its signed event credits the balance',
    run: async (world) => {
      const { orderId, sessionId } = startedOf(world);
      const answer = await world.sandbox.pay(sessionId, { card: cards.visa });
      check('the sandbox’s answer', [answer.status, answer.paymentStatus], ['complete', 'paid']);
      const order = await orderIsPaid(world, orderId);
      return `${written(order.charged)} charged, ${written(order.credited)} credited`;
    },
  },
  {
    name: 'payment.once',
    title: 'It is credited exactly once, though several events tell of it',
    run: async (world) => {
      const balance = await expectOnlyPaidCredited(world);
      const lines = await readStatement(world);
      check(
        'the lines of the statement',
        lines.map(({ code }) => code),
        ['topup.settle'],
      );
      return `one line, balance ${written(balance)}`;
    },
  },
  {
    name: 'payment.delayed',
    title: 'A delayed method is credited when its money arrives, not before',
    run: async (world) => {
      const { orderId, sessionId } = await startTopUp(world, '20.00');
      const answer = await world.sandbox.pay(sessionId, { bank_debit: 'succeed' });
      check('the sandbox’s answer', [answer.status, answer.paymentStatus], ['complete', 'unpaid']);
      await expectOnlyPaidCredited(world);
      check('the order before', (await readOrder(world, orderId)).status, 'checkout');
      await world.sandbox.settle(sessionId, 'succeed');
      const order = await orderIsPaid(world, orderId);
      return `${written(order.credited)} → ${written(order.charged)}, balance ${written(await expectOnlyPaidCredited(world))}`;
    },
  },
  {
    name: 'payment.delayed_failed',
    title: 'A delayed method that does not pay fails the order and credits nothing',
    run: async (world) => {
      const { orderId, sessionId } = await startTopUp(world, '20.00');
      await world.sandbox.pay(sessionId, { bank_debit: 'fail' });
      await world.sandbox.settle(sessionId, 'fail');
      await orderBecomes(world, orderId, 'failed', ({ status }) => status === 'failed');
      return `balance still ${written(await expectOnlyPaidCredited(world))}`;
    },
  },
  {
    name: 'checkout.expired',
    title: 'A session that nobody pays expires by the clock, and its order with it',
    run: async (world) => {
      const { orderId } = await startTopUp(world, '7.50');
      const now = await world.sandbox.advanceClock('1d');
      await orderBecomes(world, orderId, 'expired', ({ status }) => status === 'expired');
      const balance = await expectOnlyPaidCredited(world);
      return `the clock is moved a day, to ${now.toISOString()}; balance still ${written(balance)}`;
    },
  },
];

function startedOf(world: World): StartedTopUp {
  const started = declinedOrders.get(world);
  if (!started) throw new Error('the checkout was not started');
  return started;
}
