import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../src/database/database.ts';
import type { CallAnswer } from '../../../src/usage/start-call.ts';
import { agency, platform } from '../catalog/world.ts';
import { createUsageWorld, ids, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
beforeAll(async () => {
  world = await createUsageWorld();
});
afterAll(() => world.close());

const minuteMs = 60_000;

function sessionOf(answer: CallAnswer) {
  if (!answer.allowed) throw new Error(`the call was refused: ${answer.reason}`);
  return answer.session;
}

describe('an agency’s own plan', () => {
  let asClient: UsageClient;
  let clients: readonly UsageClient[];
  beforeAll(async () => {
    const planId = await world.payAsYouGo(platform, 'for resellers', {
      recurring: [{ feature: 'concurrency', included: 3 }],
    });
    const own = await world.payAsYouGo(agency(ids.one), 'of the agency');
    asClient = world.clientOf(ids.platform, 'cus_agency_one');
    await world.addClient(asClient.id, ids.platform);
    await world.database.prisma.customer.updateMany({ where: { id: asClient.id }, data: { externalId: ids.one } });
    await asClient.subscribe(planId);
    await asClient.topUp('5.00');
    clients = await Promise.all(Array.from({ length: 4 }, () => world.newClient(ids.one)));
    for (const client of clients) {
      await client.subscribe(own);
      await client.topUp('5.00');
    }
  });
  /** No call of before lives. */
  const waitForSlots = () => world.clock.advance(3 * minuteMs);

  test('limits the calls of all its clients together', async () => {
    const answers = await Promise.all(clients.flatMap((client) => [client.refusal('a'), client.refusal('b')]));
    expect(answers.filter((answer) => answer === 'allowed')).toHaveLength(3);
    expect(answers.filter((answer) => answer === 'agency_no_free_slot')).toHaveLength(5);
  });

  test('limits its own calls and its clients’ together, whoever asks', async () => {
    waitForSlots();
    const [first] = clients;
    expect(await asClient.refusal('own 1')).toBe('allowed');
    expect(await first?.refusal('of a client')).toBe('allowed');
    expect(sessionOf(await asClient.call('own 2')).slots).toEqual({ used: 3, limit: 3 });
    expect(await asClient.refusal('own 3')).toBe('no_free_slot');
    expect(await first?.refusal('one more')).toBe('agency_no_free_slot');
  });

  test('has no slot for a call whose lease ran out, once others have all of them', async () => {
    waitForSlots();
    const [first, second] = clients;
    if (!first || !second) throw new Error('the agency has no clients');
    const { id } = sessionOf(await first.call('late'));
    waitForSlots();
    const { id: other } = sessionOf(await second.call('x'));
    for (const callId of ['y', 'z']) expect(await asClient.refusal(callId)).toBe('allowed');
    await expect(world.gate.extend(platform, id)).rejects.toMatchObject({ status: 409, code: 'no_free_slot' });
    expect((await world.gate.extend(platform, other)).slots.used).toBe(1);
    await world.gate.end(platform, other);
    expect((await world.gate.extend(platform, id)).slots.used).toBe(1);
  });

  test('is read without its lock where no call is let in', async () => {
    const [first] = clients;
    await inTransaction(world.database.pool, async (sql) => {
      await sql.query('SELECT 1 FROM customers WHERE id = $1 FOR UPDATE', [asClient.id]);
      expect(await world.gate.entitlements(platform, first?.id ?? '')).toMatchObject({ cover: 'subscription' });
    });
  });

  test('pauses its clients with it', async () => {
    waitForSlots();
    await asClient.takeBack('6.00');
    expect(await clients[0]?.refusal('c')).toBe('agency_paused');
  });
});
