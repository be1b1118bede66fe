import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inTransaction } from '../../../src/database/database.ts';
import { idOfRequest } from '../../../src/ids.ts';
import { livePlanOf } from '../../../src/subscriptions/live-plan.ts';
import { agency, ids, platform } from '../catalog/world.ts';
import { client, createSubscriptionWorld, portal, type SubscriptionWorld, two } from './world.ts';

let world: SubscriptionWorld;
beforeAll(async () => {
  world = await createSubscriptionWorld();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const refusal = (code: string, status: number) => expect.objectContaining({ code, status });
const key = { agencyId: ids.two, customerId: client };
const rows = () => world.database.prisma.subscription.findMany({ orderBy: { id: 'asc' } });
/** What was written down about subscriptions to a plan; the trail is kept over the tests. */
const audited = (planId: string) =>
  world.database.prisma.auditEntry.findMany({
    where: { action: { startsWith: 'subscription.' }, after: { path: ['planId'], equals: planId } },
    orderBy: { id: 'asc' },
  });

describe('a client', () => {
  test('is on the plan that its agency assigns from that moment, at the version of that moment', async () => {
    const planId = await world.payAsYouGo(two, 'payg');
    const { subscription, started } = await world.start(two, planId);
    expect(started).toBe(true);
    expect(subscription).toMatchObject({
      id: expect.stringMatching(/^sub_/),
      ...key,
      plan: { agencyId: ids.two, planId },
      planVersion: 1,
      status: 'active',
      cycle: null,
      merchantAccountId: null,
      startedAt: world.clock.now(),
      endedAt: null,
    });
    expect(await world.subscriptions.find(portal, client)).toEqual(subscription);

    await world.catalog.patchPlan(two, planId, {
      usage: [{ feature: 'call_minutes', included: '0', collect: 'balance', unitPrice: '0.30' }],
    });
    await world.catalog.publishPlan(two, planId);
    expect(await livePlanOf(world.database.pool, key)).toMatchObject({
      agencyId: ids.two,
      planId,
      version: 1,
      document: { usage: [{ unitPrice: '0.25' }] },
    });
  });

  test('takes a plan that it may buy by itself, and no other', async () => {
    const visible = await world.payAsYouGo(two, 'visible');
    const hidden = await world.payAsYouGo(two, 'hidden', { visibility: 'hidden' });
    await expect(world.start(portal, hidden)).rejects.toEqual(refusal('plan_not_buyable', 404));
    expect(await world.start(portal, visible)).toMatchObject({ started: true, subscription: { status: 'active' } });
  });

  test('is assigned a hidden plan by its agency or the platform', async () => {
    const hidden = await world.payAsYouGo(two, 'hidden', { visibility: 'hidden' });
    expect(await world.start(platform, hidden)).toMatchObject({ started: true });
  });

  test('that is put on its plan again stays on it', async () => {
    const planId = await world.payAsYouGo(two, 'payg');
    const first = await world.start(two, planId);
    await world.catalog.switchPlan(two, planId, 'archive');
    expect(await world.start(two, planId)).toEqual({ ...first, started: false });
    expect(await world.told()).toHaveLength(1);
    expect(await audited(planId)).toHaveLength(1);
  });

  test('is on one plan at a time', async () => {
    await world.start(two, await world.payAsYouGo(two, 'first'));
    const second = await world.payAsYouGo(two, 'second');
    await expect(world.start(two, second)).rejects.toEqual(refusal('subscription_exists', 409));
    expect(await rows()).toHaveLength(1);
  });

  test('has one subscription however many requests start one at once', async () => {
    const plans = await Promise.all(['a', 'b', 'c'].map((name) => world.payAsYouGo(two, name)));
    const answers = await Promise.allSettled([...plans, ...plans].map((planId) => world.start(two, planId)));
    const done = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    expect(done.filter(({ started }) => started)).toHaveLength(1);
    expect(new Set(done.map(({ subscription }) => subscription.id)).size).toBe(1);
    expect(await rows()).toHaveLength(1);
    expect(await world.told()).toHaveLength(1);
  });

  test('is started once by one request, even where the subscription ended before it was sent again', async () => {
    const planId = await world.payAsYouGo(two, 'payg');
    const request = { customerId: client, planId, requestId: 'req_01h455vb4pex5vsknk084sn02q' };
    const first = await world.subscriptions.start(two, request);
    expect(first.subscription.id).toBe(idOfRequest('subscription', request.requestId));
    await world.subscriptions.cancel(two, client);
    expect(await world.subscriptions.start(two, request)).toMatchObject({ subscription: { status: 'canceled' } });
    expect(await rows()).toHaveLength(1);
  });

  test('is not put on a plan with a base fee, which is paid at checkout', async () => {
    const fixed = (await world.publishNew(two)).id;
    await expect(world.start(two, fixed)).rejects.toMatchObject({
      status: 422,
      code: 'plan_needs_checkout',
      errors: [{ path: 'planId', message: expect.stringMatching(/pay-as-you-go plan to start at once\.$/) }],
    });
    expect(await rows()).toEqual([]);
    expect(await world.told()).toEqual([]);
  });
});

describe('an end', () => {
  test('is at once, and leaves the client free for another plan', async () => {
    const planId = await world.payAsYouGo(two, 'payg');
    const { subscription } = await world.start(two, planId);
    world.clock.advance(3_600_000);
    const over = await world.subscriptions.cancel(portal, client);
    expect(over).toEqual({ ...subscription, status: 'canceled', endedAt: world.clock.now() });
    expect(await world.subscriptions.find(two, client)).toEqual(over);
    expect(await livePlanOf(world.database.pool, key)).toBeNull();
    await expect(world.subscriptions.cancel(two, client)).rejects.toEqual(refusal('subscription_over', 409));

    const again = await world.start(two, planId);
    expect(again).toMatchObject({ started: true, subscription: { status: 'active' } });
    expect(await world.subscriptions.find(two, client)).toEqual(again.subscription);
  });

  test('of what never began is refused', async () => {
    await expect(world.subscriptions.cancel(two, client)).rejects.toEqual(refusal('no_subscription', 404));
    await expect(world.subscriptions.find(two, client)).rejects.toEqual(refusal('no_subscription', 404));
    expect(await livePlanOf(world.database.pool, key)).toBeNull();
  });

  test('of the last subscription takes a plan out of sale that is archived', async () => {
    const planId = await world.payAsYouGo(two, 'payg', {
      packs: [{ feature: 'call_minutes', quantity: '100', price: '9.00' }],
    });
    await world.runJobs();
    await world.addClient('cus_other');
    for (const customerId of [client, 'cus_other']) await world.start(two, planId, customerId);
    const shown = () => [...world.port.products.values()].map(({ active }) => active);

    await world.catalog.switchPlan(two, planId, 'archive');
    await world.runJobs();
    await world.subscriptions.cancel(two, client);
    await world.runJobs();
    expect({ shown: shown(), prices: world.port.livePrices.length }).toEqual({ shown: [true], prices: 1 });
    await world.subscriptions.cancel(two, 'cus_other');
    await world.runJobs();
    expect({ shown: shown(), prices: world.port.livePrices.length }).toEqual({ shown: [false], prices: 0 });
  });
});

test('a start and an end are told and written down, in the transaction of the change', async () => {
  const planId = await world.payAsYouGo(two, 'payg');
  const { subscription } = await world.start(two, planId);
  await world.subscriptions.cancel(portal, client);
  const at = world.clock.now().toISOString();
  const data = { subscriptionId: subscription.id, customerId: client, planId, planVersion: 1, startedAt: at };
  expect(await world.told()).toMatchObject([
    { type: 'subscription.activated', agencyId: ids.two, data: { ...data, status: 'active', endedAt: null } },
    { type: 'subscription.canceled', agencyId: ids.two, data: { ...data, status: 'canceled', endedAt: at } },
  ]);
  expect(await audited(planId)).toMatchObject([
    { action: 'subscription.started', subject: subscription.id, actorRole: 'agency', before: null },
    {
      action: 'subscription.canceled',
      actorRole: 'portal',
      before: { status: 'active' },
      after: { status: 'canceled', endedAt: at },
    },
  ]);
});

test('a plan with a live subscription is not deleted, and one whose last has ended is', async () => {
  const planId = await world.payAsYouGo(two, 'payg');
  await world.start(two, planId);
  await expect(world.catalog.deletePlan(two, planId)).rejects.toMatchObject({
    code: 'plan_in_use',
    message: expect.stringContaining('live subscriptions: 1'),
  });
  await world.subscriptions.cancel(two, client);
  await world.catalog.deletePlan(two, planId);
  expect(await world.subscriptions.find(two, client)).toMatchObject({ plan: { planId }, status: 'canceled' });
});

test('a client of another tenant is not there', async () => {
  const planId = await world.payAsYouGo(agency(ids.one), 'payg');
  await world.addClient('cus_other');
  for (const attempt of [
    () => world.start(agency(ids.one), planId),
    () => world.start(portal, planId, 'cus_other'),
    () => world.subscriptions.cancel(agency(ids.one), client),
    () => world.subscriptions.find(portal, 'cus_other'),
    () => world.start(two, planId),
  ]) {
    await expect(attempt()).rejects.toEqual(refusal('not_found', 404));
  }
});

describe('the database keeps', () => {
  const add = (change: Readonly<Record<string, unknown>>) => {
    const now = world.clock.now();
    const row = {
      ...{ agency_id: ids.two, id: 'sub_x', customer_id: client, plan_agency_id: ids.two, plan_id: 'plan_x' },
      ...{ plan_version: 1, status: 'active', started_at: now, created_at: now, updated_at: now, ...change },
    };
    const names = Object.keys(row);
    const places = names.map((_, index) => `$${index + 1}`);
    return world.database.pool.query(
      `INSERT INTO subscriptions (${names.join(', ')}) VALUES (${places.join(', ')})`,
      Object.values(row),
    );
  };

  test('one live subscription per client, and any number that are over', async () => {
    const over = { status: 'expired', ended_at: world.clock.now() };
    await add({ id: 'sub_1', ...over });
    await add({ id: 'sub_2', ...over });
    await add({ id: 'sub_3', status: 'paused' });
    await expect(add({ id: 'sub_4', status: 'trialing' })).rejects.toMatchObject({
      constraint: 'subscriptions_one_live',
    });
  });

  test.each([
    ['a status of the table of states', { status: 'over' }, 'subscriptions_status'],
    ['an end for what is over', { status: 'canceled' }, 'subscriptions_ended'],
    ['no end for what is live', { ended_at: new Date() }, 'subscriptions_ended'],
    ['a cycle that plans are sold by', { cycle: 'weekly' }, 'subscriptions_cycle'],
    ['a client that is there', { customer_id: 'cus_absent' }, 'subscriptions_customer'],
  ])('%s', async (_what, change, constraint) => {
    await expect(add(change)).rejects.toMatchObject({ constraint });
  });
});

test('a start that is rolled back tells nothing and leaves nothing', async () => {
  const planId = await world.payAsYouGo(two, 'payg');
  await world.database.pool.query('ALTER TABLE test_events ADD CONSTRAINT refuse CHECK (false) NOT VALID');
  await expect(world.start(two, planId)).rejects.toMatchObject({ constraint: 'refuse' });
  await world.database.pool.query('ALTER TABLE test_events DROP CONSTRAINT refuse');
  expect(await rows()).toEqual([]);
  expect(await audited(planId)).toEqual([]);
  await inTransaction(world.database.pool, async (sql) => expect(await livePlanOf(sql, key)).toBeNull());
});
