import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import { startTestService, type TestService } from '../support/service.ts';
import type { CardClient } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof subscriptionWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = subscriptionWorld(service);
});
afterAll(() => service.stop());

/** A client on Starter, and what its agency has beside it. */
async function subscriber(name: string): Promise<{ readonly client: CardClient; readonly starter: string }> {
  const client = await world.client(name);
  const starter = await world.plan(client, plans.starter);
  await world.subscribe(client, { planId: starter, cycle: 'monthly' });
  return { client, starter };
}

describe('a change is refused', () => {
  it('to a plan that is archived, to a draft, to another client’s, and to one of another agency', async () => {
    const { client, starter } = await subscriber('Refused');
    const send = (path: string) => client.agency.send('POST', path, z.unknown());
    const archived = await world.plan(client, plans.gold);
    await send(`/v1/plans/${archived}/archive`);
    const { id: draft } = await client.agency.send('POST', '/v1/plans', created, {
      body: { ...plans.gold, name: 'draft' },
    });
    const other = await world.beside(client);
    const tailored = await world.plan(client, { ...plans.gold, name: 'tailored', customerId: other.id });
    const foreign = await world.plan(await world.client('Elsewhere'), plans.gold);
    for (const [planId, status, code] of [
      [archived, 409, 'plan_not_assignable'],
      [draft, 409, 'plan_not_assignable'],
      [tailored, 409, 'plan_not_assignable'],
      [foreign, 404, 'not_found'],
    ] as const) {
      expect(await world.change(client, { planId }), planId).toMatchObject({ status, body: { code } });
    }
    expect(await world.subscription(client)).toMatchObject({ planId: starter, pendingChange: null });
  });

  it('to what the plan does not sell', async () => {
    const { client } = await subscriber('Choosy');
    for (const [body, code] of [
      [{ cycle: 'quarterly' }, 'cycle_not_offered'],
      [{ addOns: { concurrency: 5 } }, 'add_on_above_limit'],
      [{ addOns: { seats: 1 } }, 'add_on_unknown'],
    ] as const) {
      expect(await world.change(client, body), code).toMatchObject({ status: 422, body: { code } });
    }
    expect((await world.subscription(client)).pendingChange).toBeNull();
  });

  it('of a client without a subscription, of pay-as-you-go, and of what is over', async () => {
    const client = await world.client('Without');
    const gold = await world.plan(client, plans.gold);
    expect(await world.change(client, { planId: gold })).toMatchObject({ status: 404 });
    const payg = await world.plan(client, {
      ...{ name: 'payg', displayName: 'Payg', type: 'usage_based', pricingModel: 'pay_as_you_go', currency: 'USD' },
      usage: [{ feature: 'call_minutes', unitPrice: '0.25' }],
    });
    await world.assign(client, { planId: payg });
    expect(await world.change(client, { planId: gold })).toMatchObject({ status: 409, body: { code: 'no_cycle' } });
    await world.post(client, 'cancel');
    for (const refused of [await world.change(client, { planId: gold }), await world.post(client, 'resume')]) {
      expect(refused).toMatchObject({ status: 409, body: { code: 'subscription_over' } });
    }
  });
});

it('two changes at once leave one of them, here and at the provider', async () => {
  const { client } = await subscriber('Twice');
  const gold = await world.plan(client, plans.gold);
  const answers = await Promise.all([
    world.change(client, { planId: gold }),
    world.change(client, { addOns: { concurrency: 2 } }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  await service.idle();
  const { pendingChange } = await world.subscription(client);
  await service.sandbox.advanceClock('32d');
  await service.idle();
  expect(await world.subscription(client)).toMatchObject({
    planId: pendingChange?.planId,
    addOns: pendingChange?.addOns,
    pendingChange: null,
  });
});
