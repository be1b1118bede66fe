import { Decimal } from 'decimal.js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import type { MeterDelivery, MeterEvent, MeteringPort } from '../../../src/providers/meter-ports.ts';
import type { PaymentProvider } from '../../../src/providers/port.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import type { Subscription } from '../../../src/subscriptions/subscription.ts';
import { createMeters, type Meters } from '../../../src/usage/meters.ts';
import { createUsageWorld, ids, type UsageClient, type UsageWorld } from './world.ts';

/** A provider's meters in memory: what was sent, in order, and what it counted of each customer. */
class Counted implements MeteringPort {
  readonly sent: MeterEvent[] = [];
  readonly #counted = new Map<string, MeterEvent>();
  answer: (event: MeterEvent) => MeterDelivery | null = () => null;

  async send(_account: unknown, events: readonly MeterEvent[]): Promise<readonly MeterDelivery[]> {
    return events.map((event) => {
      this.sent.push(event);
      const answer = this.answer(event);
      if (answer && !(answer.outcome === 'later' && answer.mayHaveRun)) return answer;
      if (this.#counted.has(event.identifier)) return answer ?? { outcome: 'already' };
      this.#counted.set(event.identifier, event);
      return answer ?? { outcome: 'delivered' };
    });
  }

  async cancel(_account: unknown, { identifier }: Pick<MeterEvent, 'identifier'>) {
    return this.#counted.delete(identifier)
      ? ({ outcome: 'canceled' } as const)
      : ({ outcome: 'late', code: 'resource_missing', message: 'unknown' } as const);
  }

  summaries = async () => [];
  readErrors = async () => ({ errors: [] });

  total(customer: string): string {
    return [...this.#counted.values()]
      .filter(({ providerCustomerId }) => providerCustomerId === customer)
      .reduce((sum, { value }) => sum.plus(value), new Decimal(0))
      .toFixed();
  }
}

let world: UsageWorld;
let planId: string;
let counted: Counted;
let meters: Meters;
let made = 0;

beforeAll(async () => {
  world = await createUsageWorld();
  planId = await world.fixedPlan({
    usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
  });
  const now = world.clock.now();
  await world.database.pool.query(
    `INSERT INTO catalog_links (agency_id, merchant_account_id, remote_id, plan_id, kind, key, fingerprint, active, created_at, updated_at)
     VALUES ($1, $2, 'mtr_1', $3, 'meter', 'meter:call_minutes', 'f', true, $4, $4) ON CONFLICT DO NOTHING`,
    [ids.two, ids.account, planId, now],
  );
});
afterAll(() => world.close());

const metersOver = (metering: MeteringPort): Meters => {
  const { database, clock, ledger } = world;
  const stripe: PaymentProvider = { ...createStripeProvider({ apiKey: 'sk_test_unused' }), metering };
  return createMeters({
    database,
    clock,
    ledger,
    providers: { stripe },
    merchantAccounts: createMerchantAccounts({ database, clock, platformAgencyId: ids.platform }),
    onFailure: (_, error) => {
      throw error;
    },
  });
};

beforeEach(() => {
  counted = new Counted();
  meters = metersOver(counted);
});

async function invoiced(change: Partial<Subscription> = {}): Promise<{ client: UsageClient; customer: string }> {
  made += 1;
  const number = made;
  const customer = `cus_provider_${number}`;
  const client = await world.newClient();
  await client.subscribe(planId, {
    collection: 'card',
    cycle: 'monthly',
    merchantAccountId: ids.account,
    providerCustomerId: customer,
    providerSubscriptionId: `sub_provider_${number}`,
    ...change,
  });
  return { client, customer };
}

const states = async ({ id }: UsageClient): Promise<readonly string[]> => {
  const { rows } = await world.database.pool.query<{ line: string }>(
    `SELECT concat_ws(' ', state, trim_scale(value), code) AS line FROM meter_deliveries WHERE customer_id = $1 ORDER BY revision`,
    [id],
  );
  return rows.map(({ line }) => line);
};

test('two processes at once tell a meter once', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => invoiced()));
  await Promise.all(clients.map(({ client }, index) => client.send([{ id: `two ${index}`, quantity: '110' }])));
  const other = metersOver(counted);
  await Promise.all([meters.sweep(), other.sweep(), meters.sweep()]);
  expect(counted.sent).toHaveLength(clients.length);
  // 2.00 USD are 77 steps of 0.010 OMR.
  expect(clients.map(({ customer }) => counted.total(customer))).toEqual(clients.map(() => '77'));
});

test('a client that pays outside is in no meter', async () => {
  const { client } = await invoiced({ collection: 'offline', providerSubscriptionId: null });
  await client.send([{ id: 'outside', quantity: '150' }]);
  await meters.sweep();
  expect(counted.sent).toEqual([]);
  expect(await states(client)).toEqual([]);
});

test('an answer that was lost is asked for again under the same identifier and time', async () => {
  const { client, customer } = await invoiced();
  await client.send([{ id: 'lost', quantity: '110' }]);
  counted.answer = () => ({ outcome: 'later', mayHaveRun: true, code: 'ECONNRESET', message: 'cut' });
  await meters.sweep();
  expect(await states(client)).toEqual(['pending 77 ECONNRESET']);
  counted.answer = () => null;
  world.clock.advance(120_000);
  await meters.sweep();
  expect(await states(client)).toEqual(['delivered 77']);
  expect(new Set(counted.sent.map(({ identifier, at }) => `${identifier} ${at.toISOString()}`)).size).toBe(1);
  expect(counted.total(customer)).toBe('77');
});

test('what never reached the provider counts when it does, and not at all once it is 35 days old', async () => {
  const { client, customer } = await invoiced();
  await client.send([{ id: 'away', quantity: '110' }]);
  counted.answer = () => ({ outcome: 'later', mayHaveRun: false, code: 'unavailable', message: 'away' });
  await meters.sweep();
  world.clock.advance(3_600_000);
  counted.answer = () => null;
  await meters.sweep();
  const times = counted.sent.map(({ at }) => at.getTime());
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(3_600_000);
  expect(counted.total(customer)).toBe('77');

  const slow = await invoiced();
  await slow.client.send([{ id: 'slow', quantity: '110' }]);
  counted.answer = () => ({ outcome: 'later', mayHaveRun: true, code: 'timeout', message: 'no answer' });
  await meters.sweep();
  counted.answer = () => null;
  const before = counted.sent.length;
  world.clock.advance(35 * 86_400_000);
  await meters.sweep();
  expect(counted.sent).toHaveLength(before);
  expect(await states(slow.client)).toEqual(['unbillable 77 too_old']);
  const { rows } = await world.database.pool.query(
    `SELECT detail ->> 'customerId' AS client FROM alerts WHERE kind = 'usage_unbillable'`,
  );
  expect(rows).toEqual([{ client: slow.client.id }]);
});
