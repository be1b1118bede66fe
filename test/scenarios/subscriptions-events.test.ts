import pg from 'pg';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stripeEventTypes } from '../../webhooks/stripe/router.ts';
import { startTestService, type TestService } from '../support/service.ts';
import type { CardClient } from './card-world.ts';
import { withLostDeliveries } from './provider-events.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;
let database: pg.Pool;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
});
afterAll(async () => {
  await database.end();
  await service.stop();
});

const heard: ReadonlySet<string> = new Set(stripeEventTypes);
const dayMs = 86_400_000;

/** Every event of a client that is heard, newest first. */
async function eventsOf({ id }: CardClient): Promise<readonly Stripe.Event[]> {
  const stripe = world.stripe();
  const { data } = await stripe.customers.list({ limit: 100 });
  const holder = data.find(({ metadata }) => metadata.baisa_customer === id);
  const events: Stripe.Event[] = [];
  for await (const event of stripe.events.list({ limit: 100 })) {
    const object = JSON.stringify(event.data.object);
    if (heard.has(event.type) && (object.includes(id) || (holder && object.includes(holder.id)))) events.push(event);
  }
  return events;
}

async function linesOf(sql: string, { id }: CardClient): Promise<readonly string[]> {
  const { rows } = await database.query<{ line: string }>(sql, [id]);
  return rows.map(({ line }) => line);
}

const arrangements = {
  'the newest first': (events: readonly Stripe.Event[]) => events,
  'the newest first, each twice': (events: readonly Stripe.Event[]) => events.flatMap((event) => [event, event]),
  'by their names': (events: readonly Stripe.Event[]) => events.toSorted((a, b) => (a.type < b.type ? -1 : 1)),
};

it.each(Object.entries(arrangements))(
  'a year ends the same when its events come as %s',
  async (_order, arrange) => {
    const client = await world.client('Reversed');
    const starter = await world.plan(client, plans.starter);
    const gold = await world.plan(client, plans.gold);
    const told = new Set<string>();
    let again = 0;
    /** Something happens whose deliveries are all lost; then its events come by hand. */
    const step = async (happen: () => Promise<unknown>): Promise<void> => {
      await withLostDeliveries(service, async () => {
        await happen();
        await service.idle();
      });
      const fresh = (await eventsOf(client)).filter(({ id }) => !told.has(id));
      for (const event of arrange(fresh)) {
        const id = told.has(event.id) ? `${event.id}_again_${again++}` : event.id;
        told.add(event.id);
        expect((await service.deliver(JSON.stringify({ ...event, id }))).status).toBe(200);
        await service.idle();
      }
    };
    const pass = (days: number) => step(() => service.sandbox.advanceClock(`${days}d`));
    const month = async (): Promise<void> => {
      const { periodEnd } = await world.subscription(client);
      const left = new Date(periodEnd ?? '').getTime() - (await service.sandbox.now()).getTime();
      await pass(Math.ceil(left / dayMs) + 1);
    };

    await step(() => world.subscribe(client, { planId: starter, cycle: 'monthly' }));
    expect(await world.subscription(client)).toMatchObject({ status: 'active', planId: starter });
    await month();
    await step(() => world.change(client, { planId: gold }));
    await month();
    expect(await world.subscription(client)).toMatchObject({ status: 'active', planId: gold, pendingChange: null });

    const { data } = await world.stripe().customers.list({ limit: 100 });
    const holder = data.find(({ metadata }) => metadata.baisa_customer === client.id);
    const [method] = (await world.stripe().customers.listPaymentMethods(holder?.id ?? '')).data;
    await service.sandbox.setCard(method?.id ?? '', 'insufficient_funds');
    await month();
    expect(await world.subscription(client)).toMatchObject({ status: 'past_due' });
    await service.sandbox.setCard(method?.id ?? '', null);
    await pass(8);
    expect(await world.subscription(client)).toMatchObject({ status: 'active' });
    await step(() => world.post(client, 'cancel'));
    await month();
    expect(await world.subscription(client)).toMatchObject({ status: 'canceled', planId: gold });

    expect(
      await linesOf(
        `SELECT concat_ws(' ', status, trim_scale(amount_paid), currency) AS line
         FROM invoices WHERE customer_id = $1 ORDER BY created_at, id`,
        client,
      ),
    ).toEqual(['paid 7.7 OMR', 'paid 7.7 OMR', 'paid 19.25 OMR', 'paid 19.25 OMR']);
    expect(
      await linesOf(
        `SELECT concat_ws(' ', trim_scale(q.included), p.name) AS line
         FROM quota_periods q JOIN plans p ON p.id = q.plan_id WHERE q.customer_id = $1 ORDER BY q.period_start, q.id`,
        client,
      ),
    ).toEqual(['100 starter', '100 starter', '400 gold', '400 gold']);
    expect(
      await linesOf(
        `SELECT concat_ws(' ', a.code, trim_scale(sum(e.amount)), e.currency) AS line
         FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
         JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
        WHERE t.customer_id = $1 AND t.code = 'invoice.settle' GROUP BY a.code, e.currency ORDER BY a.code`,
        client,
      ),
    ).toEqual(['clearing 53.9 OMR', 'subscription_revenue -53.9 OMR']);
  },
  90_000,
);
