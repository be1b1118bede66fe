import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { reportSchema } from '../../reconciliation/finding.ts';
import { moneyAnswer } from '../api-answers.ts';
import { cards } from '../sandbox-client.ts';
import { until } from '../until.ts';
import { check, type Step, written } from './step.ts';
import { orderBecomes, readBalance, settled, startTopUp, type World } from './world.ts';

const refundAnswer = z.object({ id: z.string(), status: z.string(), charged: moneyAnswer });
const sessionPayment = z.object({ payment_intent: z.string() });
const runAnswer = z.object({
  id: z.string(),
  status: z.string(),
  error: z.string().nullable(),
  reports: z.array(reportSchema),
  found: z.array(z.object({ class: z.string(), status: z.string(), count: z.number() })),
});

/** A top-up that is paid, and the provider's id of what paid it. */
async function paidTopUp(world: World, amount: string) {
  const { orderId, sessionId } = await startTopUp(world, amount);
  await world.sandbox.pay(sessionId, { card: cards.visa });
  const order = await orderBecomes(world, orderId, 'is paid', ({ status }) => status === 'paid');
  const session = await world.sandbox.provider(`/v1/checkout/sessions/${sessionId}`, sessionPayment);
  await settled(world);
  return { order, paymentId: session.payment_intent };
}

const refund = (world: World, orderId: string, amount?: string) =>
  world.agency.send('POST', `/v1/transactions/${orderId}/refunds`, refundAnswer, {
    idempotencyKey: randomBytes(12).toString('hex'),
    body: amount === undefined ? {} : { amount: { amount, currency: 'USD' } },
  });

async function reconcile(world: World) {
  const { id } = await world.platform.send('POST', '/v1/reconciliations', runAnswer, { body: {} });
  const run = await until(
    'a reconciliation that is over',
    () => world.platform.get(`/v1/reconciliations/${id}`, runAnswer),
    ({ status }) => status === 'done' || status === 'failed',
  );
  check('why the reconciliation failed', run.error, null);
  return run;
}

export const reversalSteps: readonly Step[] = [
  {
    name: 'refund.parts',
    title: 'A payment goes back in three parts, and the last takes what rounding left',
    run: async (world) => {
      const before = await readBalance(world);
      const { order } = await paidTopUp(world, '5.00');
      const parts: Money[] = [];
      for (const amount of ['1.67', '1.67', undefined]) parts.push((await refund(world, order.id, amount)).charged);
      await orderBecomes(world, order.id, 'is refunded', ({ status }) => status === 'refunded');
      await settled(world);
      const sum = parts.reduce((total, part) => total.plus(part), Money.zero(order.charged.currency.code));
      check('what went back', sum, order.charged);
      check('the balance', await readBalance(world), before);
      return `${parts.map(written).join(' + ')} = ${written(sum)}`;
    },
  },
  {
    name: 'dispute.won',
    title: 'A charge-back takes the balance, and winning it gives that back',
    run: async (world) => {
      const before = await readBalance(world);
      const { order, paymentId } = await paidTopUp(world, '5.00');
      const { id } = await world.sandbox.dispute(paymentId, { kind: 'chargeback' });
      await settled(world);
      check('the balance while it is disputed', await readBalance(world), before);
      await world.sandbox.moveDispute(id, 'win');
      await settled(world);
      const after = await readBalance(world);
      check('the balance once it is won', after, before.plus(order.credited));
      return `${written(before)}, then ${written(after)}`;
    },
  },
  {
    name: 'books.reconciled',
    title:
      'Every webhook is lost for good; one reconciliation makes the books equal to the provider’s, and a second finds nothing',
    run: async (world) => {
      await reconcile(world);
      const { orderId, sessionId } = await startTopUp(world, '5.00');
      const { order: refunded, paymentId } = await paidTopUp(world, '10.00');
      const before = await readBalance(world);
      await world.sandbox.setFaults({ dropDeliveries: 1 });
      try {
        await world.sandbox.pay(sessionId, { card: cards.visa });
        await world.sandbox.refundInDashboard(paymentId);
        await settled(world);
      } finally {
        await world.sandbox.setFaults({});
      }
      check('the balance that nobody was told to change', await readBalance(world), before);
      const { reports, found } = await reconcile(world);
      const order = await orderBecomes(world, orderId, 'is paid', ({ status }) => status === 'paid');
      check('the balance', await readBalance(world), before.plus(order.credited).minus(refunded.credited));
      for (const { unexplained } of reports) check('what nothing explains', Number(unexplained), 0);
      const repaired = found.filter(({ status }) => status === 'repaired').map((each) => each.class);
      check('what was missing', repaired, ['missed_event', 'missing_credit', 'missing_reversal']);
      check('what a second run finds', (await reconcile(world)).found, []);
      const [largest] = reports.toSorted((a, b) => b.entries - a.entries);
      const explained = Object.entries(largest?.explainedBy ?? {}).map(([by, amount]) => `${by} ${amount}`);
      return `provider ${largest?.provider} ${largest?.currency}, books ${largest?.books}${explained.length === 0 ? '' : `, explained by ${explained.join(', ')}`}`;
    },
  },
];
