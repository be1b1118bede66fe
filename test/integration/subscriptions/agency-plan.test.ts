import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { agencyPlanOf } from '../../../src/subscriptions/agency-plan.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { agency, ids, platform } from '../catalog/world.ts';
import { createSubscriptionWorld, type SubscriptionWorld, two } from './world.ts';

/** The agency as the platform's client. */
const asClient = 'cus_agency_two';
const portal: Scope = { role: 'portal', agencyId: ids.platform, customerId: asClient };

let world: SubscriptionWorld;
beforeAll(async () => {
  world = await createSubscriptionWorld();
});
beforeEach(async () => {
  await world.reset();
  await world.database.prisma.customer.createMany({
    data: [
      { id: asClient, externalId: ids.two },
      { id: 'cus_other', externalId: 'not an agency' },
    ].map((customer) => ({
      ...customer,
      agencyId: ids.platform,
      name: customer.id,
      email: `${customer.id}@example.com`,
      createdAt: world.clock.now(),
    })),
  });
});
afterAll(() => world.close());

const refusal = (code: string, status: number) => expect.objectContaining({ code, status });
const reseller = (name: string, change: Parameters<SubscriptionWorld['payAsYouGo']>[2] = {}) =>
  world.payAsYouGo(platform, name, {
    recurring: [{ feature: 'concurrency', included: 20 }],
    limits: { maxConcurrency: 40 },
    ...change,
  });
const shown = async (customerId: string) =>
  (await world.offers.previewPlans(platform, customerId, { limit: 10, after: undefined })).map(({ id }) => id);

test('an agency buys a visible plan of the platform’s, whose limits then cover it', async () => {
  const planId = await reseller('visible');
  expect(await world.subscriptions.agencyLimits(two, ids.two)).toBeNull();
  await world.start(portal, planId, asClient);
  expect(await world.subscriptions.agencyLimits(two, ids.two)).toEqual({
    planId,
    version: 1,
    displayName: 'visible',
    limits: { maxConcurrency: 40 },
    recurring: [{ feature: 'concurrency', included: 20 }],
    usage: [{ feature: 'call_minutes', included: '0' }],
  });
  expect(await agencyPlanOf(world.database.pool, ids.two)).toMatchObject({
    agencyId: ids.platform,
    planId,
    version: 1,
  });
  expect(await agencyPlanOf(world.database.pool, ids.one)).toBeNull();
  expect(await agencyPlanOf(world.database.pool, ids.platform)).toBeNull();
});

test('an agency buys a hidden plan that is offered to it, beside the visible ones, and no other client does', async () => {
  const [visible, hidden] = [await reseller('visible'), await reseller('hidden', { visibility: 'hidden' })];
  await expect(world.start(portal, hidden, asClient)).rejects.toEqual(refusal('plan_not_buyable', 404));
  await world.offers.setAgencyOffers(platform, ids.two, [hidden]);
  expect(await shown(asClient)).toEqual([visible, hidden]);
  expect(await world.offers.readOffers(portal, asClient)).toEqual({
    planIds: [visible, hidden],
    source: 'visible',
    plansPage: true,
  });
  expect(await shown('cus_other')).toEqual([visible]);
  expect(await world.start(portal, hidden, asClient)).toMatchObject({ started: true });
});

test('what is offered to an agency stands beside what is offered to it by name', async () => {
  const [named, offered, other] = [await reseller('named'), await reseller('offered'), await reseller('other')];
  await world.offers.setOffers(platform, asClient, [named]);
  await world.offers.setAgencyOffers(platform, ids.two, [offered, named]);
  expect(await world.offers.readOffers(portal, asClient)).toMatchObject({ planIds: [named, offered], source: 'own' });
  expect(await shown(asClient)).toEqual([named, offered]);
  await expect(world.start(portal, other, asClient)).rejects.toEqual(refusal('plan_not_buyable', 404));
});

test('the platform assigns an agency its plan, and a withdrawn offer keeps it', async () => {
  const hidden = await reseller('hidden', { visibility: 'hidden' });
  await world.offers.setAgencyOffers(platform, ids.two, [hidden]);
  await world.start(platform, hidden, asClient);
  await world.offers.setAgencyOffers(platform, ids.two, []);
  expect(await world.subscriptions.agencyLimits(platform, ids.two)).toMatchObject({ planId: hidden });
  await world.subscriptions.cancel(platform, asClient);
  expect(await world.subscriptions.agencyLimits(platform, ids.two)).toBeNull();
});

test('what an agency’s own client lives on is not the agency’s plan', async () => {
  const planId = await world.payAsYouGo(two, 'own');
  await world.start(two, planId);
  expect(await agencyPlanOf(world.database.pool, ids.two)).toBeNull();
});

test('an agency reads its own limits and no other’s', async () => {
  for (const [scope, id] of [
    [agency(ids.one), ids.two],
    [platform, 'agc_absent'],
  ] as const) {
    await expect(world.subscriptions.agencyLimits(scope, id)).rejects.toEqual(refusal('not_found', 404));
  }
});
