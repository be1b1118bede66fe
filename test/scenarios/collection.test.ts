import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestService, type TestService } from '../support/service.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
});
afterAll(() => service.stop());

const pass = async (days: number): Promise<void> => {
  await service.sandbox.advanceClock(`${days}d`);
  await service.idle();
};

it('a client that pays without a card starts at once, and by card from its next cycle on when it is told so', async () => {
  const client = await world.client('Outside');
  const planId = await world.plan(client, plans.starter);
  const patch = (body: object) => client.agency.call('PATCH', `/v1/customers/${client.id}`, { body });
  await patch({ collection: 'offline' });
  expect(await world.assign(client, { planId, cycle: 'monthly' })).toMatchObject({
    status: 201,
    body: { status: 'active', collection: 'offline' },
  });
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'offline' });
  expect(await world.payments(client)).toEqual([]);

  await world.save(client);
  await patch({ collection: 'card' });
  expect((await world.subscription(client)).pendingChange).toMatchObject({ collection: 'card' });
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'card', planId });

  // And back again: the provider's subscription ends with what was paid for.
  await patch({ collection: 'offline' });
  await pass(1);
  expect((await world.subscription(client)).pendingChange).toMatchObject({ collection: 'offline' });
  await pass(32);
  expect(await world.subscription(client)).toMatchObject({ status: 'active', collection: 'offline', planId });
  const subscriptions = await world.stripe().subscriptions.list({ status: 'all', limit: 10 });
  expect(subscriptions.data.map(({ status }) => status)).toEqual(['canceled']);
});
