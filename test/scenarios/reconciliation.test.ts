import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cards } from '../../src/commands/sandbox-client.ts';
import { until } from '../../src/commands/until.ts';
import { reportSchema } from '../../src/reconciliation/finding.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { agencyWorld } from './agency-world.ts';
import { reversalWorld } from './reversal-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;
let subscriptions: ReturnType<typeof subscriptionWorld>;
let agencies: ReturnType<typeof agencyWorld>;
let database: pg.Client;
let forgedAgency: string;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
  subscriptions = subscriptionWorld(service);
  agencies = agencyWorld(service);
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(async () => {
  await database.end();
  await world.close();
  await service.stop();
});

const runAnswer = z.object({
  id: z.string(),
  status: z.string(),
  error: z.string().nullable(),
  reports: z.array(reportSchema),
  found: z.array(z.object({ class: z.string(), status: z.string(), count: z.number() })),
  findings: z.array(z.object({ class: z.string(), subject: z.string(), status: z.string() })),
});

async function reconcile() {
  const { id } = await service.api.send('POST', '/v1/reconciliations', runAnswer, { body: {} });
  const run = await until(
    'a reconciliation that is over',
    () => service.api.get(`/v1/reconciliations/${id}`, runAnswer),
    ({ status }) => status === 'done' || status === 'failed',
  );
  expect(run.error).toBeNull();
  for (const { unexplained } of run.reports) expect(Number(unexplained)).toBe(0);
  return run;
}

const lostForGood = (happen: () => Promise<unknown>): Promise<void> => world.lost(happen, () => []);

const classesOf = ({ found }: z.output<typeof runAnswer>): readonly string[] =>
  found.map((each) => `${each.class} ${each.status}`);

describe('what nobody told of', () => {
  it('is credited with the reconciler as its source, and a second run finds nothing', async () => {
    const { api } = await service.agency('Missed');
    const customerId = await service.customer(api);
    await lostForGood(() => world.topUp(customerId, '5.00'));
    expect(await service.balance(customerId)).toBe('0.00');
    const run = await reconcile();
    expect(classesOf(run)).toEqual(['missed_event repaired', 'missing_credit repaired']);
    expect(await service.balance(customerId)).toBe('5.00');
    const explained = await service.api.call('GET', `/v1/customers/${customerId}/balance/explanation`);
    expect(explained.body).toMatchObject({ data: [{ code: 'topup.settle', source: `reconciliation:${run.id}` }] });
    await world.expectBooksOfProvider();
    expect(classesOf(await reconcile())).toEqual([]);
    expect(
      await service.metric('baisa_reconciliation_findings_total', { class: 'missing_credit', status: 'repaired' }),
    ).toBe(1);
  });

  it('of refunds, disputes and late failures is booked', async () => {
    const refunded = await world.paid();
    const disputed = await world.paid();
    const failed = await world.paid('5.00', { bank_debit: 'succeed' });
    await lostForGood(async () => {
      await service.sandbox.refundInDashboard(refunded.paymentId, { amount: 960 });
      await service.sandbox.dispute(disputed.paymentId, { kind: 'chargeback' });
      await service.sandbox.failPayment(failed.paymentId);
    });
    const run = await reconcile();
    expect(classesOf(run)).toEqual(['missed_event repaired', 'missing_reversal repaired']);
    expect(await service.balance(refunded.customerId)).toBe('2.512953');
    expect(await service.balance(disputed.customerId)).toBe('0.00');
    expect(await service.balance(failed.customerId)).toBe('0.00');
    await world.expectBooksOfProvider();
    expect(classesOf(await reconcile())).toEqual([]);
  });

  it('of renewals is found by their invoices', async () => {
    const client = await subscriptions.client('Renewing');
    const planId = await subscriptions.plan(client, plans.starter);
    await lostForGood(async () => {
      await subscriptions.subscribe(client, { planId, cycle: 'monthly' });
      await service.sandbox.advanceClock('29d');
    });
    await reconcile();
    expect(await subscriptions.subscription(client)).toMatchObject({ status: 'active' });
    await world.expectBooksOfProvider();
    expect(classesOf(await reconcile())).toEqual([]);
  });

  it('of an order whose page was closed is expired', async () => {
    const { api } = await service.agency('Stuck');
    const { orderId } = await service.startTopUp(await service.customer(api));
    await lostForGood(() => service.sandbox.advanceClock('26h'));
    expect((await service.order(orderId)).status).toBe('checkout');
    await reconcile();
    expect((await service.order(orderId)).status).toBe('expired');
  });
});

it('says nothing of an order whose payment is on its way for days', async () => {
  const { api } = await service.agency('Delayed');
  const customerId = await service.customer(api);
  const { orderId, sessionId } = await service.startTopUp(customerId);
  await service.sandbox.advanceClock('15h');
  await service.sandbox.pay(sessionId, { bank_debit: 'succeed' });
  await service.idle();
  await service.sandbox.advanceClock('11h');
  expect((await service.order(orderId)).status).toBe('checkout');
  expect(classesOf(await reconcile())).toEqual([]);
  await service.sandbox.advanceClock('25h');
  expect(await service.balance(customerId)).toBe('5.00');
});

it('compares the other accounts where one does not answer, and that one from the same moment on later', async () => {
  const broken = await agencies.connect('Broken', { country: 'AE' });
  const later = await agencies.connect('Later', { country: 'AE' });
  const customerId = await service.customer(later.api);
  await lostForGood(() => world.topUp(customerId, '5.00', { card: cards.visa }, later.account.providerAccountId));
  const fault = { status: 500, account: broken.account.providerAccountId, route: '/v1/balance_transactions' };
  await service.sandbox.setFaults({ api: fault });
  const errorsOf = ({ reports }: z.output<typeof runAnswer>) =>
    reports.flatMap(({ merchantAccountId, error }) => (error === null ? [] : [merchantAccountId]));
  expect(errorsOf(await reconcile())).toEqual([broken.account.id]);
  expect(await service.balance(customerId)).toBe('5.00');
  await service.sandbox.setFaults({});
  expect(errorsOf(await reconcile())).toEqual([]);
});

it('does all runs that are asked for at once, and holds no worker up by waiting', async () => {
  const asked = await Promise.all(
    [1, 2, 3, 4, 5].map(() => service.api.send('POST', '/v1/reconciliations', runAnswer, { body: {} })),
  );
  await service.idle();
  for (const { id } of asked) {
    expect((await service.api.get(`/v1/reconciliations/${id}`, runAnswer)).status).toBe('done');
  }
});

describe('what is not ours', () => {
  it('is one line of a report, and no alarm', async () => {
    const { paymentIntents, refunds } = world.stripe();
    const other = { amount: 1000, currency: 'aed', payment_method: 'pm_card_visa', confirm: true };
    await lostForGood(async () => {
      const payment = await paymentIntents.create(other);
      await refunds.create({ payment_intent: payment.id, amount: 400 });
    });
    const run = await reconcile();
    expect(classesOf(run)).toEqual([]);
    expect(run.reports.some(({ explainedBy }) => Number(explainedBy.foreign) > 0)).toBe(true);
  });

  it('and names an order that it does not fit is raised, and never credited', async () => {
    const { api, id: agencyId } = await service.agency('Forged');
    forgedAgency = agencyId;
    const customerId = await service.customer(api);
    const { orderId } = await service.startTopUp(customerId);
    await lostForGood(() =>
      world.stripe().paymentIntents.create({
        amount: 1000,
        currency: 'aed',
        payment_method: 'pm_card_visa',
        confirm: true,
        metadata: { baisa_order: orderId, baisa_agency: agencyId },
      }),
    );
    const run = await reconcile();
    expect(run.findings.filter(({ status }) => status === 'raised').map((each) => each.class)).toEqual([
      'unknown_payment',
    ]);
    expect(await service.balance(customerId)).toBe('0.00');
    expect(classesOf(await reconcile())).toEqual([]);
    expect(await service.metric('baisa_reconciliation_findings_open', { class: 'unknown_payment' })).toBe(1);
  });

  it('and was put right by a person is closed, however long ago it was raised', async () => {
    await service.sandbox.advanceClock('3h');
    await reconcile();
    // The order is what the payment says after all: a person at the database has seen to it.
    await database.query(
      `UPDATE orders SET charged = 10, charge_currency = 'AED' WHERE status = 'checkout' AND agency_id = $1`,
      [forgedAgency],
    );
    await service.sandbox.advanceClock('3h');
    await reconcile();
    expect(await service.metric('baisa_reconciliation_findings_open', { class: 'unknown_payment' })).toBe(0);
  });
});
