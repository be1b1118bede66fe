import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsageWorld, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
});
afterAll(() => world.close());

const hoursMs = (hours: number): number => hours * 3_600_000;

async function onFixed(balance = '50.00'): Promise<UsageClient> {
  const client = await world.newClient();
  await client.subscribe(fixed);
  await client.topUp(balance);
  return client;
}

describe('licences', () => {
  test('are drawn on after the quota and before the balance, by earliest expiry, from period to period', async () => {
    const client = await onFixed();
    const soon = new Date(world.clock.now().getTime() + hoursMs(24 * 40));
    const never = await client.licence('30');
    const first = await client.licence('20', { expiresAt: soon });
    await client.send([{ id: 'a1', quantity: '125' }]);
    expect(await client.totals()).toMatchObject([{ free: '100', addOn: '25', overage: '0' }]);
    await client.pastPeriod(1);
    await client.send([{ id: 'a2', quantity: '130' }]);
    expect((await client.totals())[1]).toMatchObject({ free: '100', addOn: '25', overage: '5', cost: '1' });
    expect(await client.balance()).toBe('49.00');
    expect(await client.drawn()).toEqual({ [never]: 30, [first]: 20 });
  });

  test('are not drawn on twice by two periods of one batch', async () => {
    const client = await onFixed();
    const licence = await client.licence('10');
    const occurredAt = world.clock.now().toISOString();
    await client.send([{ id: 'q1', quantity: '100' }]);
    await client.pastPeriod(1);
    await client.send([{ id: 'q2', quantity: '100' }]);
    const events = [
      { id: 'q4', quantity: '8' },
      { id: 'q3', quantity: '8', occurredAt },
    ];
    expect(await client.outcomes(events)).toEqual(['accepted', 'accepted']);
    expect(await client.totals()).toMatchObject([
      { addOn: '8', overage: '0', cost: '0' },
      { addOn: '2', overage: '6', cost: '1.2' },
    ]);
    expect(await client.balance()).toBe('48.80');
    expect(await client.drawn()).toEqual({ [licence]: 10 });
  });

  test('are allocated again by time when a late event comes, and the difference is posted', async () => {
    const client = await onFixed();
    const start = world.clock.now().toISOString();
    world.clock.advance(hoursMs(2));
    await client.licence('50', { expiresAt: new Date(world.clock.now().getTime() + hoursMs(1)) });
    const during = world.clock.now().toISOString();
    world.clock.advance(hoursMs(5));
    await client.send([
      { id: 'b1', quantity: '100', occurredAt: during },
      { id: 'b2', quantity: '10' },
    ]);
    expect(await client.totals()).toMatchObject([{ free: '100', addOn: '0', overage: '10' }]);
    expect(await client.balance()).toBe('48.00');
    await client.send([{ id: 'b3', quantity: '40', occurredAt: start }]);
    expect(await client.totals()).toMatchObject([{ used: '150', free: '100', addOn: '40', overage: '10', cost: '2' }]);
    expect(await client.balance()).toBe('48.00');
  });

  test('are given back when an event in time is taken back after closing, and nothing late is free for it', async () => {
    const client = await onFixed();
    const occurredAt = world.clock.now().toISOString();
    const whole = await client.licence('10');
    world.clock.advance(hoursMs(1));
    const begun = await client.licence('5');
    await client.send([
      { id: 'g1', quantity: '110', occurredAt },
      { id: 'g2', quantity: '10' },
    ]);
    expect(await client.totals()).toMatchObject([{ free: '100', addOn: '15', overage: '5', cost: '1' }]);
    await client.pastPeriod(73);
    const late = { id: 'g3', quantity: '4', occurredAt };
    expect(await client.outcomes([late, { id: 'g4', quantity: '-110', reverses: 'g1' }])).toEqual([
      'accepted',
      'accepted',
    ]);
    expect(await client.totals()).toMatchObject([{ used: '10', free: '10', addOn: '0', overage: '4', cost: '0.8' }]);
    expect(await client.drawn()).toEqual({ [whole]: 0, [begun]: 0 });
    await client.send([
      { id: 'g5', quantity: '-4', reverses: 'g3' },
      { id: 'g6', quantity: '7', occurredAt },
      { id: 'g7', quantity: '-1', reverses: 'g2' },
    ]);
    expect(await client.totals()).toMatchObject([{ used: '9', free: '9', addOn: '0', overage: '7', cost: '1.4' }]);
    expect(await client.balance()).toBe('48.60');
  });

  test('that began within the period are drawn on for what the database says was used since, less what was late', async () => {
    const client = await onFixed();
    const occurredAt = world.clock.now().toISOString();
    world.clock.advance(hoursMs(1));
    const licence = await client.licence('1000');
    const during = world.clock.now().toISOString();
    await client.send([
      { id: 'e1', quantity: '60', occurredAt },
      { id: 'e2', quantity: '60' },
      { id: 'e3', quantity: '60' },
    ]);
    expect(await client.totals()).toMatchObject([{ free: '100', addOn: '80', overage: '0' }]);
    // Used before the licence, it takes the rest of the quota, and pushes what came during the licence onto it.
    await client.send([{ id: 'e4', quantity: '50', occurredAt }]);
    expect(await client.totals()).toMatchObject([{ free: '100', addOn: '120', overage: '10', cost: '2' }]);
    await client.pastPeriod(73);
    await client.send([{ id: 'e5', quantity: '9', occurredAt: during }]);
    await client.send([{ id: 'e6', quantity: '-60', reverses: 'e1' }]);
    expect(await client.totals()).toMatchObject([{ used: '170', free: '100', addOn: '70', overage: '9', cost: '1.8' }]);
    expect(await client.drawn()).toEqual({ [licence]: 70 });
  });

  test('are not drawn on twice by events that come at the same moment', async () => {
    const client = await onFixed();
    await client.licence('60');
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        client.send(Array.from({ length: 30 }, (_, part) => ({ id: `d${index}.${part}`, quantity: '0.2' }))),
      ),
    );
    expect(await client.totals()).toMatchObject([{ used: '180', free: '100', addOn: '60', overage: '20', cost: '4' }]);
    expect(await client.balance()).toBe('46.00');
  });
});
