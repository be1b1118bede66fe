import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvent } from '../../../src/usage/usage-event.ts';
import { agency, platform } from '../catalog/world.ts';
import { createUsageWorld, ids, two, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
let perMinute: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
  perMinute = await world.payAsYouGo(two, 'by the minute');
});
afterAll(() => world.close());

const hoursMs = (hours: number): number => hours * 3_600_000;
const later = (hours: number): string => new Date(world.clock.now().getTime() + hoursMs(hours)).toISOString();

async function onFixed(balance = '50.00'): Promise<UsageClient> {
  const client = await world.newClient();
  await client.subscribe(fixed);
  await client.topUp(balance);
  return client;
}

describe('an event', () => {
  test('takes the included minutes first, and draws what goes beyond from the balance in the same transaction', async () => {
    const client = await onFixed();
    expect(await client.outcomes([{ id: 'f1', quantity: '90' }])).toEqual(['accepted']);
    expect(await client.balance()).toBe('50.00');
    expect(await client.outcomes([{ id: 'f2', quantity: '25' }])).toEqual(['accepted']);
    expect(await client.balance()).toBe('47.00');
    expect(await client.totals()).toEqual([
      { feature: 'call_minutes', used: '115', free: '100', addOn: '0', overage: '15', cost: '3' },
    ]);
    const [line] = await world.ledger.statement(ids.two, client.id, { limit: 1 });
    expect(line).toMatchObject({ code: 'usage.draw', source: 'usage:f2' });
  });

  test('counts once, however often and in whatever company it is delivered', async () => {
    const client = await onFixed();
    const event = { id: 'once', quantity: '120' };
    expect(await client.outcomes([event, event])).toEqual(['accepted', 'duplicate']);
    const again = await Promise.all(Array.from({ length: 12 }, () => client.outcomes([event])));
    expect(again.flat()).toEqual(Array.from({ length: 12 }, () => 'duplicate'));
    expect(await client.balance()).toBe('46.00');
  });

  test('counts once when it is delivered by many at the same moment', async () => {
    const client = await onFixed();
    const event = { id: 'race', quantity: '120' };
    const all = Array.from({ length: 25 }, (_, index) => ({ id: `beside ${index}`, quantity: '0' }));
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.outcomes([...all, event])));
    expect(answers.map((each) => each.at(-1)).sort()).toEqual(['accepted', ...Array(7).fill('duplicate')]);
    expect(await client.balance()).toBe('46.00');
  });

  test('under the id of another is refused, and the rest of the batch is recorded', async () => {
    const client = await onFixed();
    await client.send([{ id: 'taken', quantity: '1' }]);
    expect(
      await client.send([
        { id: 'taken', quantity: '2' },
        { id: 'free id', quantity: '3' },
      ]),
    ).toEqual([
      expect.objectContaining({ id: 'taken', status: 'rejected', code: 'event_id_conflict' }),
      { id: 'free id', status: 'accepted', code: null, message: null },
    ]);
    expect(await client.totals()).toMatchObject([{ used: '4' }]);
  });

  test('that is late counts in the period of its time, at that period’s terms', async () => {
    const client = await onFixed();
    const first = world.clock.now().toISOString();
    await client.pastPeriod(71);
    expect(
      await client.outcomes([
        { id: 'l1', quantity: '10' },
        { id: 'l2', quantity: '110', occurredAt: first },
      ]),
    ).toEqual(['accepted', 'accepted']);
    expect(await client.totals()).toMatchObject([
      { used: '110', free: '100', overage: '10', cost: '2' },
      { used: '10', free: '10', overage: '0', cost: '0' },
    ]);
  });

  test('that comes 72 hours after its period is that period’s overage, whatever was left of the quota', async () => {
    const client = await onFixed();
    const first = world.clock.now().toISOString();
    await client.pastPeriod(72);
    await client.send([{ id: 'too late', quantity: '10', occurredAt: first }]);
    expect(await client.totals()).toMatchObject([{ used: '0', free: '0', overage: '10', cost: '2' }]);
    expect(await client.balance()).toBe('48.00');
  });

  test('opens the period that its time lies in, where no sweep has done so yet', async () => {
    const client = await onFixed();
    await client.send([{ id: 'o1', quantity: '100' }]);
    await client.pastPeriod(1);
    await client.send([{ id: 'o2', quantity: '60' }]);
    expect(await client.totals()).toMatchObject([{ free: '100' }, { free: '60', overage: '0' }]);
  });

  test('of a client without a plan is recorded and costs nothing', async () => {
    const client = await world.newClient();
    expect(await client.outcomes([{ id: 'n1', quantity: '7' }])).toEqual(['accepted']);
    expect(await client.totals()).toMatchObject([{ used: '7', free: '0', overage: '7', cost: '0' }]);
    expect(await client.balance()).toBe('0.00');
  });

  test('costs what the version says that the client is on: price by the unit, tax on top', async () => {
    const client = await world.newClient();
    await client.subscribe(
      await world.payAsYouGo(two, 'taxed', { tax: { name: 'GST', percent: '5', inclusive: false } }),
    );
    await client.send([{ id: 't1', quantity: '1.5' }]);
    expect(await client.balance()).toBe('-0.39375');
    expect(await client.totals()).toMatchObject([{ overage: '1.5', cost: '0.39375' }]);
  });
});

describe('what is wrong with an event', () => {
  test('is said of it alone', async () => {
    const client = await onFixed();
    const results = await client.send([
      { id: 'w1', quantity: '1' },
      { id: 'w2', quantity: '1', feature: 'teleports' },
      { id: 'w3', quantity: '1', customerId: 'cus_nobody' },
      { id: 'w4', quantity: '1', occurredAt: later(1) },
      { id: 'w5', quantity: '1', occurredAt: later(-24 * 365) },
      { id: 'w6', quantity: 'many' },
      { id: 'w7', quantity: '0.0000001' },
      { id: 'w8', quantity: '2' },
    ]);
    expect(results.map(({ code }) => code)).toEqual([
      null,
      'unknown_feature',
      'unknown_customer',
      'occurred_in_future',
      'before_customer',
      'invalid_event',
      'invalid_event',
      null,
    ]);
    expect(results[5]).toMatchObject({ id: 'w6', message: expect.stringMatching(/^quantity: /) });
    expect(await client.totals()).toMatchObject([{ used: '3' }]);
  });

  test.each([
    ['id', { id: 'nul \u0000' }],
    ['id', { id: 'half a pair \ud800' }],
    ['customerId', { customerId: 'cus\u0000' }],
    ['customerId', { customerId: 'cus\udc00' }],
    ['feature', { feature: 'call\u0000minutes' }],
    ['sessionId', { sessionId: 'ses\u0000' }],
    ['reverses', { reverses: 'ev\u0000', quantity: '-1' }],
    ['reverses', { reverses: 'ev\ud800', quantity: '-1' }],
    ['quantity', { quantity: '99999999999999' }],
    ['quantity', { quantity: '-1000000000', reverses: 'beside' }],
  ])('is that what no column keeps is in its %s, and those beside it are recorded: %j', async (field, change) => {
    const client = await onFixed();
    const beside = { id: `beside ${client.id}`, quantity: '1' };
    const [first, second] = await client.send([{ id: `odd ${client.id}`, quantity: '1', ...change }, beside]);
    expect(first).toMatchObject({ code: 'invalid_event', message: expect.stringMatching(new RegExp(`^${field}: `)) });
    expect(second).toMatchObject({ status: 'accepted' });
  });

  test('is that no column keeps what it costs, and those beside it are recorded', async () => {
    const client = await world.newClient();
    const usage = [{ feature: 'call_minutes', unitPrice: '500000', overagePrice: '500000' }];
    await client.subscribe(await world.payAsYouGo(two, 'dear', { usage }));
    const events = [
      { id: 'dear', quantity: '999999999' },
      { id: 'not so dear', quantity: '1' },
    ];
    expect(await client.outcomes(events)).toEqual(['cost_too_large', 'accepted']);
    expect(await client.balance()).toBe('-500000.00');
  });

  test('is that its client is another agency’s, for all that caller knows', async () => {
    const client = await onFixed();
    expect(await client.outcomes([{ id: 'x1', quantity: '1' }], agency(ids.one))).toEqual(['unknown_customer']);
    expect(await client.outcomes([{ id: 'x1', quantity: '1' }], platform)).toEqual(['accepted']);
  });

  test('is that there are 1,001 of them', async () => {
    const client = await onFixed();
    const events = Array.from({ length: 1_001 }, (_, index) => ({ id: `m${index}`, quantity: '0.1' }));
    await expect(client.send(events)).rejects.toMatchObject({ status: 422, code: 'too_many_events' });
    expect(await client.totals()).toEqual([]);
    await client.send(events.slice(1));
    expect(await client.totals()).toMatchObject([{ used: '100' }]);
  });
});

describe('a balance', () => {
  test('below zero pauses the client at once, and the credit above zero resumes it, each told once', async () => {
    const client = await world.newClient();
    await client.subscribe(perMinute);
    await client.topUp('1.00');
    await client.send([{ id: 's1', quantity: '4' }]);
    expect(await client.told()).toEqual([]);
    await client.send([{ id: 's2', quantity: '1' }]);
    expect(await client.told()).toEqual(['service.paused', 'notice service_paused']);
    await client.send([{ id: 's3', quantity: '1' }]);
    await client.topUp('0.50');
    expect(await client.balance()).toBe('0.00');
    expect(await client.told()).toHaveLength(2);
    await client.topUp('0.01');
    expect(await client.told()).toEqual(['service.paused', 'notice service_paused', 'service.resumed']);
  });

  test('that an operator takes below zero pauses too', async () => {
    const client = await world.newClient();
    await client.takeBack('0.01');
    expect(await client.told()).toEqual(['service.paused', 'notice service_paused']);
  });

  test('below the threshold of the client’s auto-refill is told once until it is above again', async () => {
    const client = await world.newClient();
    await client.subscribe(perMinute);
    await client.topUp('3.00');
    const now = world.clock.now();
    await world.database.prisma.autoRefill.create({
      data: {
        agencyId: ids.two,
        customerId: client.id,
        enabled: true,
        threshold: '2',
        amount: '5',
        evaluatedAt: now,
        createdAt: now,
        updatedAt: now,
      },
    });
    for (const [index, quantity] of ['4', '1', '1'].entries()) await client.send([{ id: `low${index}`, quantity }]);
    expect(await client.told()).toEqual(['balance.low']);
    await client.topUp('5.00');
    await client.send([{ id: 'low again', quantity: '20' }]);
    expect(await client.told()).toEqual(['balance.low', 'balance.low']);
  });
});

test('CloudEvents are taken by their own names, and are unique by source and id', async () => {
  const client = await onFixed();
  const cloud = (source: string, quantity: string) => ({
    specversion: '1.0',
    id: 'ce1',
    source,
    type: 'call_minutes',
    subject: client.id,
    time: world.clock.now().toISOString(),
    traceparent: 'an extension',
    data: { quantity },
  });
  const results = await world.usage.ingest(two, [
    readEvent(cloud('/calls', '2')),
    readEvent(cloud('/calls', '2')),
    readEvent(cloud('/other', '3')),
    readEvent({ ...cloud('/calls', '2'), specversion: '0.3' }),
  ]);
  expect(results.map(({ id, status, code }) => [id, status, code])).toEqual([
    ['ce1', 'accepted', null],
    ['ce1', 'duplicate', null],
    ['ce1', 'accepted', null],
    ['ce1', 'rejected', 'invalid_event'],
  ]);
  expect(await client.totals()).toMatchObject([{ used: '5' }]);
});
