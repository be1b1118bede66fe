import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUsageWorld, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
});
afterAll(() => world.close());

async function onFixed(balance = '50.00'): Promise<UsageClient> {
  const client = await world.newClient();
  await client.subscribe(fixed);
  await client.topUp(balance);
  return client;
}

describe('a correction', () => {
  test('takes an event back in part and then whole, and gives back what it cost', async () => {
    const client = await onFixed();
    await client.send([{ id: 'c1', quantity: '130' }]);
    expect(await client.balance()).toBe('44.00');
    expect(await client.outcomes([{ id: 'c2', quantity: '-10', reverses: 'c1' }])).toEqual(['accepted']);
    expect(await client.balance()).toBe('46.00');
    expect(
      await client.outcomes([
        { id: 'c3', quantity: '-121', reverses: 'c1' },
        { id: 'c4', quantity: '-120', reverses: 'c1' },
        { id: 'c5', quantity: '-1', reverses: 'c1' },
      ]),
    ).toEqual(['reversal_exceeds_event', 'accepted', 'reversal_exceeds_event']);
    expect(await client.balance()).toBe('50.00');
    expect(await client.totals()).toMatchObject([{ used: '0', free: '0', overage: '0', cost: '0' }]);
  });

  test('counts in the period of what it takes back, and in the same batch too', async () => {
    const client = await onFixed();
    await client.send([{ id: 'p1', quantity: '130' }]);
    await client.pastPeriod(1);
    const events = [
      { id: 'p2', quantity: '-30', reverses: 'p1' },
      { id: 'p4', quantity: '-5', reverses: 'p3' },
      { id: 'p3', quantity: '5' },
    ];
    expect(await client.outcomes(events)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await client.totals()).toMatchObject([{ used: '100', overage: '0' }, { used: '0' }]);
    expect(await client.balance()).toBe('50.00');
  });

  test('takes nothing back of another client’s event that one beside it takes the id of', async () => {
    const [owner, other] = [await onFixed(), await onFixed()];
    await owner.send([{ id: 'owned', quantity: '110' }]);
    await other.send([{ id: 'own', quantity: '110' }]);
    const events = [
      { id: 'owned', quantity: '110' },
      { id: 'not owned', quantity: '-110', reverses: 'owned' },
    ];
    expect(await other.outcomes(events)).toEqual(['event_id_conflict', 'reversed_event_unknown']);
    expect(await other.balance()).toBe('48.00');
    expect(await owner.outcomes([{ id: 'owner’s', quantity: '-110', reverses: 'owned' }])).toEqual(['accepted']);
    expect(await owner.balance()).toBe('50.00');
  });

  test('counts in the period of what is recorded, whatever is sent beside it under the same id', async () => {
    const client = await onFixed();
    await client.send([{ id: 'same id', quantity: '110' }]);
    await client.pastPeriod(1);
    const events = [
      { id: 'same id', quantity: '110' },
      { id: 'goes back', quantity: '-110', reverses: 'same id' },
      { id: 'stays', quantity: '110' },
    ];
    expect(await client.outcomes(events)).toEqual(['event_id_conflict', 'accepted', 'accepted']);
    expect(await client.totals()).toMatchObject([
      { used: '0', cost: '0' },
      { used: '110', cost: '2' },
    ]);
  });

  test('counts in the period of the first of two in its batch that have one id', async () => {
    const client = await onFixed();
    const occurredAt = world.clock.now().toISOString();
    await client.pastPeriod(1);
    const events = [
      { id: 'twice', quantity: '110', occurredAt },
      { id: 'twice', quantity: '110' },
      { id: 'of the first', quantity: '-10', reverses: 'twice' },
    ];
    expect(await client.outcomes(events)).toEqual(['accepted', 'event_id_conflict', 'accepted']);
    expect(await client.totals()).toMatchObject([{ used: '100', cost: '0' }, { used: '0' }]);
  });

  test.each([
    ['negative_quantity', { quantity: '-1' }],
    ['reversal_not_negative', { quantity: '1', reverses: 'r0' }],
    ['reversed_event_unknown', { quantity: '-1', reverses: 'nobody' }],
    ['reversed_event_unknown', { quantity: '-1', reverses: 'r0', feature: 'messages' }],
  ] as const)('is refused as %s: %j', async (code, event) => {
    const client = await onFixed();
    await client.send([{ id: 'r0', quantity: '2' }]);
    expect(await client.outcomes([{ id: `r ${code} ${JSON.stringify(event)}`, ...event }])).toEqual([code]);
  });
});
