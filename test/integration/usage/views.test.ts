import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction } from '../../../src/database/database.ts';
import { Money } from '../../../src/money/money.ts';
import { selectEvents } from '../../../src/usage/show-usage.sql.ts';
import { agency, platform } from '../catalog/world.ts';
import { createUsageWorld, ids, type Sent, two, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
});
afterAll(() => world.close());

const dayMs = 86_400_000;

test('a client sees free and add-on minutes, what is left, overage so far and what it will come to', async () => {
  const client = await world.newClient();
  await client.subscribe(fixed);
  await client.licence('20');
  await client.send([{ id: 'v1', quantity: '110' }]);
  world.clock.advance(10 * dayMs);
  const portal = { role: 'portal', agencyId: ids.two, customerId: client.id } as const;
  const [shown, ...others] = await world.usage.show(portal, client.id, {});
  expect(others).toEqual([]);
  expect(shown).toMatchObject({
    feature: 'call_minutes',
    unit: 'minute',
    planId: fixed,
    collect: 'balance',
    events: 1,
  });
  const text = (value: Decimal | undefined) => value?.toFixed();
  expect([shown?.free.included, shown?.free.used, shown?.addOn.granted, shown?.addOn.used].map(text)).toEqual([
    '100',
    '100',
    '20',
    '10',
  ]);
  expect([shown?.used, shown?.remaining, shown?.overage, shown?.forecast.quantity].map(text)).toEqual([
    '110',
    '10',
    '0',
    '330',
  ]);
  expect(shown?.forecast.cost.toDecimalString()).toBe('42.00');
});

test('a client sees what is included before it has used any, and nothing of a feature that it does not have', async () => {
  const client = await world.newClient();
  await client.subscribe(fixed);
  const shown = await world.usage.show(two, client.id, {});
  expect(shown.map(({ feature, used, remaining }) => [feature, used.toFixed(), remaining.toFixed()])).toEqual([
    ['call_minutes', '0', '100'],
  ]);
  expect(await world.usage.show(two, client.id, { feature: 'messages' })).toEqual([]);
  await expect(world.usage.show(agency(ids.one), client.id, {})).rejects.toMatchObject({ status: 404 });
});

test('each figure is explained down to its events, page by page, and each draw to its events', async () => {
  const client = await world.newClient();
  await client.subscribe(fixed);
  await client.send(Array.from({ length: 7 }, (_, index) => ({ id: `e${index}`, quantity: '20' })));
  await client.send([{ id: 'e7', quantity: '-5', reverses: 'e3' }]);
  const [shown] = await world.usage.show(two, client.id, {});
  const first = await world.usage.explain(two, client.id, { feature: 'call_minutes', limit: 5, after: undefined });
  const second = await world.usage.explain(two, client.id, {
    feature: 'call_minutes',
    limit: 5,
    after: first.next ?? undefined,
  });
  expect(second.next).toBeNull();
  const events = [...first.data, ...second.data];
  expect(events.map(({ id }) => id).sort()).toEqual(Array.from({ length: 8 }, (_, index) => `e${index}`));
  const sum = (part: 'free' | 'addOn' | 'overage') =>
    events.reduce((total, event) => total.plus(event[part]), new Decimal(0)).toFixed();
  expect([sum('free'), sum('addOn'), sum('overage')]).toEqual([
    shown?.free.used.toFixed(),
    shown?.addOn.used.toFixed(),
    shown?.overage.toFixed(),
  ]);
  const lines = await world.ledger.statement(ids.two, client.id, { limit: 10 });
  for (const line of lines) {
    const drawn = events.filter(({ draw }) => draw === line.reference);
    const cost = drawn.reduce((total, each) => total.plus(each.cost), Money.zero('USD'));
    expect(cost.negated().toString()).toBe(line.amount.toString());
  }
  expect(lines).toHaveLength(2);
});

test('the agency’s report says who used what and who owes what, and where it is collected', async () => {
  const month = world.clock.now().toISOString().slice(0, 7);
  const invoiced = await world.fixedPlan({
    usage: [{ feature: 'call_minutes', included: '10', overagePrice: '0.50', collect: 'invoice' }],
  });
  const [drawn, card, offline] = [await world.newClient(), await world.newClient(), await world.newClient()];
  await world.database.prisma.customer.updateMany({ where: { id: offline.id }, data: { collection: 'offline' } });
  await drawn.subscribe(fixed);
  for (const client of [card, offline]) await client.subscribe(invoiced);
  for (const client of [drawn, card, offline]) await client.send([{ id: `r ${client.id}`, quantity: '110' }]);
  const report = await world.usage.report(two, ids.two, { limit: 100 });
  const of = ({ id }: UsageClient) => {
    const line = report.lines.find(({ customerId }) => customerId === id);
    return [
      line?.overage,
      line?.drawn.toDecimalString(),
      line?.invoiced.toDecimalString(),
      line?.owed.toDecimalString(),
    ];
  };
  expect(report.period).toBe(month);
  expect(of(drawn)).toEqual(['10', '2.00', '0.00', '0.00']);
  expect(of(card)).toEqual(['100', '0.00', '50.00', '0.00']);
  expect(of(offline)).toEqual(['100', '0.00', '0.00', '50.00']);
  expect([await drawn.balance(), await card.balance(), await offline.balance()]).toEqual(['-2.00', '0.00', '0.00']);
  expect(report.totals.cost.toString()).toBe(
    report.lines.reduce((total, { cost }) => total.plus(cost), Money.zero('USD')).toString(),
  );
  expect(report.next).toBeNull();
  const earlier = await world.usage.report(platform, ids.two, { period: '2020-01', limit: 100 });
  expect(earlier.lines).toEqual([]);
  await expect(world.usage.report(agency(ids.one), ids.two, { limit: 100 })).rejects.toMatchObject({ status: 404 });
});

async function linesOf(period: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { customerId, feature } of world.usage.reportLines(ids.two, period)) {
    lines.push(`${customerId} ${feature}`);
  }
  return lines;
}

test('the agency’s report is read page by page, each line once, with the totals of all of it on each', async () => {
  world.clock.advance(31 * dayMs);
  const period = world.clock.now().toISOString().slice(0, 7);
  for (const quantity of ['101', '102', '103', '104', '105']) {
    const client = await world.newClient();
    await client.subscribe(fixed);
    const of = (feature: string) => ({ id: `${feature} ${client.id}`, quantity, feature });
    await client.send([of('call_minutes'), of('messages')]);
  }
  const paged: string[] = [];
  let after: string | undefined;
  do {
    const page = await world.usage.report(two, ids.two, { period, limit: 3, after });
    expect(page.totals.drawn.toString()).toBe('3.00 USD');
    paged.push(...page.lines.map(({ customerId, feature }) => `${customerId} ${feature}`));
    after = page.next ?? undefined;
  } while (after !== undefined);
  expect(paged).toHaveLength(10);
  expect(paged).toEqual(await linesOf(period));
  for (const wrong of ['no cursor', '["a","b","c"]', '["a","b","c","d"]', '[1,2,3,4]']) {
    const asked = world.usage.report(two, ids.two, { limit: 3, after: wrong });
    await expect(asked).rejects.toMatchObject({ status: 422, code: 'invalid_request' });
  }
});

test('the agency’s report has each of its lines once, however many there are', async () => {
  const client = await world.newClient();
  await world.database.pool.query(
    `INSERT INTO usage_totals (agency_id, customer_id, feature, holder_id, period_start, period_end, collect, included, updated_at)
     SELECT $1, $2, 'feature ' || n, '', '2027-05-01', '2027-06-01', 'balance', 0, now() FROM generate_series(1, 2001) n`,
    [ids.two, client.id],
  );
  const lines = await linesOf('2027-05');
  expect(lines).toHaveLength(2_001);
  expect(new Set(lines).size).toBe(2_001);
});

test.each([null, 'call_minutes'])(
  'a page of a client’s events is read in the order of an index: feature %s',
  async (feature) => {
    const client = await world.newClient();
    const now = world.clock.now();
    const plan = await inTransaction(world.database.pool, async (sql) => {
      // So small a table would be read whole.
      await sql.query('SET LOCAL enable_seqscan = off');
      const page = [ids.two, client.id, feature, new Date(0), now, now, 'last seen', 50];
      const { rows } = await sql.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${selectEvents}`, page);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toContain('Index Scan Backward');
    expect(plan).not.toContain('Sort');
  },
);

test('a client’s usage also counts on the plan that its agency has with the platform, once', async () => {
  const planId = await world.payAsYouGo(platform, 'for resellers', {
    usage: [{ feature: 'call_minutes', unitPrice: '0.01' }],
  });
  const asClient = world.clientOf(ids.platform, 'cus_agency_one');
  await world.addClient(asClient.id, ids.platform);
  await world.database.prisma.customer.updateMany({ where: { id: asClient.id }, data: { externalId: ids.one } });
  await asClient.subscribe(planId);
  const client = await world.newClient(ids.one);
  const scope = agency(ids.one);
  const events = [
    { id: 'resold', quantity: '100' },
    { id: 'text', quantity: '3', feature: 'messages' },
  ];
  expect(await client.outcomes(events, scope)).toEqual(['accepted', 'accepted']);
  expect(await client.outcomes(events, scope)).toEqual(['duplicate', 'duplicate']);
  expect(await asClient.balance()).toBe('-1.00');
  await client.send([{ id: 'resold back', quantity: '-50', reverses: 'resold' }], scope);
  expect(await asClient.totals()).toMatchObject([{ feature: 'call_minutes', used: '50', cost: '0.5' }]);
  expect(await asClient.balance()).toBe('-0.50');
  expect(await client.balance()).toBe('0.00');
});

test('any order, batching and duplication of one period’s events gives the same balance, quotas and totals', async () => {
  const start = world.clock.now();
  world.clock.advance(2 * dayMs);
  let round = 0;
  const events = fc.array(
    fc.record({
      quantity: fc.integer({ min: 0, max: 30_000_000 }).map((millionths) => new Decimal(millionths).div(1e6).toFixed()),
      minute: fc.integer({ min: 0, max: 2_879 }),
      taken: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const delivery = fc.record({
    ranks: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
    size: fc.integer({ min: 1, max: 6 }),
    together: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(events, delivery, delivery, async (list, one, other) => {
      round += 1;
      const results: unknown[] = [];
      for (const [index, { ranks, size, together }] of [one, other].entries()) {
        const client = await world.newClient();
        const anchorAt = start;
        await world.database.prisma.customer.updateMany({ where: { id: client.id }, data: { createdAt: start } });
        await client.subscribe(fixed, { anchorAt, startedAt: start, quotaDueAt: start });
        await client.licence('15', { startsAt: new Date(start.getTime() + dayMs / 2), expiresAt: world.clock.now() });
        const sent = list
          .map(
            ({ quantity, minute }, place): Sent => ({
              id: `prop ${round}.${index}.${place}`,
              quantity,
              occurredAt: new Date(start.getTime() + minute * 60_000).toISOString(),
            }),
          )
          .map((event, place) => ({ event, rank: ranks[place] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ event }) => event);
        const back = list.flatMap(({ quantity, taken }, place): Sent[] =>
          taken && quantity !== '0'
            ? [
                {
                  id: `back ${round}.${index}.${place}`,
                  quantity: `-${quantity}`,
                  reverses: `prop ${round}.${index}.${place}`,
                },
              ]
            : [],
        );
        const batches: Sent[][] = [];
        for (let first = 0; first < sent.length; first += size) batches.push(sent.slice(first, first + size));
        if (together) await Promise.all([...batches, ...batches].map((batch) => client.send(batch)));
        else for (const batch of [...batches, ...batches.slice(0, 2)]) await client.send(batch);
        await Promise.all(back.flatMap((event) => [client.send([event]), client.send([event])]));
        results.push({ balance: await client.balance(), totals: await client.totals() });
      }
      expect(results[1]).toEqual(results[0]);
    }),
    { numRuns: 25 },
  );
}, 120_000);
