import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requireAssignable, requireBuyable } from '../../../src/catalog/require-for-sale.ts';
import { inTransaction, type Sql } from '../../../src/database/database.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { addAccount, agency, createWorld, ids, newPlan, platform, type World } from './world.ts';

const two = agency(ids.two);
const client = 'cus_two';
const portal: Scope = { role: 'portal', agencyId: ids.two, customerId: client };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  await world.reset();
  const { database, clock } = world;
  await database.prisma.customer.create({
    data: { agencyId: ids.two, id: 'cus_other', name: 'Other', email: 'other@example.com', createdAt: clock.now() },
  });
});
afterAll(() => world.close());

const refusal = (code: string, status: number) => expect.objectContaining({ code, status });
const publish = async (name: string, change: Parameters<World['publishNew']>[1] = {}, scope: Scope = two) =>
  (await world.publishNew(scope, { name, displayName: name, ...change })).id;
const preview = async (scope: Scope = two, customerId = client) =>
  (await world.offers.previewPlans(scope, customerId, { limit: 100, after: undefined })).map(
    ({ displayName }) => displayName,
  );
const sell = <Sale>(by: (sql: Sql, scope: Scope, sale: { customerId: string; planId: string }) => Promise<Sale>) => {
  return (scope: Scope, planId: string, customerId = client): Promise<Sale> =>
    inTransaction(world.database.pool, (sql) => by(sql, scope, { customerId, planId }));
};
const buy = sell(requireBuyable);
const assign = sell(requireAssignable);

describe('a client', () => {
  test('without offers of its own sees the visible plans of its agency that are for sale', async () => {
    const visible = await publish('visible');
    await publish('hidden', { visibility: 'hidden' });
    await world.catalog.createPlan(two, newPlan({ name: 'draft' }), undefined);
    const disabled = await publish('disabled');
    await world.catalog.switchPlan(two, disabled, 'disable');
    const archived = await publish('archived');
    await world.catalog.switchPlan(two, archived, 'archive');
    await publish('of another agency', {}, agency(ids.one));
    await publish('of the platform', {}, platform);
    expect(await preview()).toEqual(['visible']);
    expect(await world.offers.readOffers(two, client)).toEqual({
      planIds: [visible],
      source: 'visible',
      plansPage: true,
    });
  });

  test('with offers sees exactly what it is offered, hidden plans too', async () => {
    await publish('visible');
    const hidden = await publish('hidden', { visibility: 'hidden' });
    const set = await world.offers.setOffers(two, client, [hidden]);
    expect(set).toEqual({ planIds: [hidden], source: 'own', plansPage: true });
    expect(await preview()).toEqual(['hidden']);
    expect(await preview(two, 'cus_other')).toEqual(['visible']);
  });

  test('with an empty list sees nothing, and its page of plans is hidden', async () => {
    const id = await publish('visible');
    expect(await world.offers.setOffers(two, client, [])).toEqual({ planIds: [], source: 'own', plansPage: false });
    expect(await preview()).toEqual([]);
    await expect(buy(two, id)).rejects.toEqual(refusal('plan_not_buyable', 409));
    await world.offers.removeOffers(two, client);
    expect(await world.offers.readOffers(two, client)).toMatchObject({ source: 'visible', plansPage: true });
    expect(await preview()).toEqual(['visible']);
  });

  test('is offered a disabled plan again as it is enabled, and a deleted one never', async () => {
    const [first, second] = [await publish('first'), await publish('second')];
    await world.offers.setOffers(two, client, [first, second]);
    await world.catalog.switchPlan(two, first, 'disable');
    await world.catalog.deletePlan(two, second);
    expect(await preview()).toEqual([]);
    expect(await world.offers.readOffers(two, client)).toMatchObject({ planIds: [first], plansPage: true });
    await world.catalog.switchPlan(two, first, 'enable');
    expect(await preview()).toEqual(['first']);
  });

  test('sees a custom plan that was made for it, and no other client does', async () => {
    const custom = await publish('custom', { customerId: client });
    expect(await preview()).toEqual(['custom']);
    expect(await preview(two, 'cus_other')).toEqual([]);
    expect(await buy(portal, custom)).toMatchObject({ version: 1, plan: { planId: custom } });
    await expect(buy(two, custom, 'cus_other')).rejects.toEqual(refusal('plan_not_buyable', 409));
    await expect(assign(two, custom, 'cus_other')).rejects.toEqual(refusal('plan_not_assignable', 409));
  });

  test('sees neither the internal name nor what a unit is worth to the agency', async () => {
    await world.publishNew(platform, {
      agencyId: ids.two,
      type: 'revenue_sharing',
      revenueShare: { agencyPercent: '70' },
    });
    const [shown] = await world.offers.previewPlans(portal, client, { limit: 1, after: undefined });
    expect(shown).toMatchObject({
      displayName: 'Gold Tier',
      usage: [{ feature: 'call_minutes', included: '100', price: '0.20', collect: 'balance' }],
    });
    expect(JSON.stringify(shown)).not.toMatch(/gold-2026|revenue|unitPrice":"0\.10/);
  });

  test('is shown its plans page by page, oldest first', async () => {
    for (const name of ['a', 'b', 'c']) await publish(name);
    const [first, second] = await world.offers.previewPlans(portal, client, { limit: 2, after: undefined });
    const rest = await world.offers.previewPlans(portal, client, { limit: 2, after: second?.id });
    expect([first, second, ...rest].map((plan) => plan?.displayName)).toEqual(['a', 'b', 'c']);
  });
});

describe('a plan that is not for sale to a client', () => {
  test('cannot be bought by guessing its id: to a portal it looks like one that is not there', async () => {
    await world.offers.setOffers(two, client, []);
    const guesses = [
      await publish('visible'),
      await publish('hidden', { visibility: 'hidden' }),
      await publish('custom', { customerId: 'cus_other' }),
      (await world.catalog.createPlan(two, newPlan({ name: 'draft' }), undefined)).id,
      await publish('of another agency', {}, agency(ids.one)),
      await publish('of the platform', {}, platform),
      'plan_absent',
    ];
    const answers = new Set<string>();
    for (const id of guesses) {
      const refused: unknown = await buy(portal, id).catch((error: unknown) => error);
      expect(refused).toEqual(refusal('plan_not_buyable', 404));
      answers.add(String(refused));
    }
    expect(answers.size).toBe(1);
  });

  test('is refused to its agency with every reason', async () => {
    const id = await publish('hidden', { visibility: 'hidden' });
    await world.catalog.switchPlan(two, id, 'disable');
    await expect(buy(two, id)).rejects.toMatchObject({
      code: 'plan_not_buyable',
      errors: [
        { path: 'planId', message: expect.stringMatching(/^It is disabled/) },
        { path: 'planId', message: expect.stringMatching(/^It is hidden/) },
      ],
    });
    await expect(assign(two, id)).rejects.toEqual(refusal('plan_not_assignable', 409));
  });

  test('is not there for an agency that does not sell it, nor is another agency’s client', async () => {
    const id = await publish('of one', {}, agency(ids.one));
    await expect(buy(two, id)).rejects.toEqual(refusal('not_found', 404));
    await expect(buy(agency(ids.one), id)).rejects.toEqual(refusal('not_found', 404));
    await expect(buy(portal, id, 'cus_other')).rejects.toEqual(refusal('not_found', 404));
  });

  test('may be assigned where only offers or visibility stand against it', async () => {
    const id = await publish('hidden', { visibility: 'hidden' });
    await world.offers.setOffers(two, client, []);
    expect(await assign(two, id)).toMatchObject({ plan: { planId: id, agencyId: ids.two }, version: 1 });
  });
});

describe('a sale that is being recorded', () => {
  const waiters = async (): Promise<number> => {
    const { rows } = await world.database.pool.query<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.waiting ?? 0;
  };

  test('keeps the plan from being archived or deleted, and the offers from changing, until it is', async () => {
    const id = await publish('visible');
    const order: string[] = [];
    const noted = async (what: string, change: Promise<unknown>) => {
      await change;
      order.push(what);
    };
    let changes: readonly Promise<void>[] = [];
    await inTransaction(world.database.pool, async (sql) => {
      await requireBuyable(sql, portal, { customerId: client, planId: id });
      changes = [
        noted('archived', world.catalog.switchPlan(two, id, 'archive')),
        noted('offers', world.offers.setOffers(two, client, [])),
      ];
      await expect.poll(waiters).toBe(2);
      order.push('sold');
    });
    await Promise.all(changes);
    expect(order[0]).toBe('sold');
    expect(order.slice(1).sort()).toEqual(['archived', 'offers']);
    await expect(buy(two, id)).rejects.toEqual(refusal('plan_not_buyable', 409));
  });
});

describe('an offer is refused, and nothing is stored', () => {
  test.each([
    ['of a plan that is not there', async () => 'plan_absent', 'offered_plan_unknown'],
    ['of another agency’s plan', () => publish('foreign', {}, agency(ids.one)), 'offered_plan_unknown'],
    ['of a platform plan that the agency may not resell', () => publish('p', {}, platform), 'offered_plan_unknown'],
    [
      'of an archived plan',
      async () => {
        const id = await publish('old');
        await world.catalog.switchPlan(two, id, 'archive');
        return id;
      },
      'offered_plan_archived',
    ],
    [
      'of a plan made for another client',
      () => publish('custom', { customerId: 'cus_other' }),
      'offered_plan_of_another_client',
    ],
  ])('%s', async (_case, planned, code) => {
    const planIds = [await publish('good'), await planned()];
    await expect(world.offers.setOffers(two, client, planIds)).rejects.toMatchObject({
      status: 422,
      code,
      errors: [{ path: 'planIds.1', message: expect.stringMatching(/: .+\.$/) }],
    });
    expect(await world.offers.readOffers(two, client)).toMatchObject({ source: 'visible' });
  });

  test("to another agency's client", async () => {
    for (const attempt of [
      () => world.offers.setOffers(agency(ids.one), client, []),
      () => world.offers.readOffers(agency(ids.one), client),
      () => world.offers.removeOffers(agency(ids.one), client),
      () => preview(agency(ids.one)),
      () => preview(portal, 'cus_other'),
    ]) {
      await expect(attempt()).rejects.toEqual(refusal('not_found', 404));
    }
  });
});

describe("the platform's plans", () => {
  test('are sold on by an agency to the clients that it names them to', async () => {
    const wholesale = await publish('wholesale', {}, platform);
    expect(await world.offers.setAgencyOffers(platform, ids.two, [wholesale, wholesale])).toEqual([wholesale]);
    expect(await world.offers.readAgencyOffers(two, ids.two)).toEqual([wholesale]);
    expect(await preview()).toEqual([]);
    await world.offers.setOffers(two, client, [wholesale]);
    expect(await preview()).toEqual(['wholesale']);
    expect(await buy(portal, wholesale)).toMatchObject({
      customer: { agencyId: ids.two },
      plan: { agencyId: ids.platform, planId: wholesale },
    });

    await world.offers.setAgencyOffers(platform, ids.two, []);
    expect(await preview()).toEqual([]);
    await expect(buy(portal, wholesale)).rejects.toEqual(refusal('plan_not_buyable', 404));
  });

  test('are carried to the accounts of an agency as they are offered to it, once', async () => {
    const [wholesale, draft] = [
      await publish('wholesale', {}, platform),
      (await world.catalog.createPlan(platform, newPlan({ name: 'draft' }), undefined)).id,
    ];
    await addAccount(world, { agencyId: ids.two, id: 'macc_two' });
    await world.takeJobs();
    await world.offers.setAgencyOffers(platform, ids.two, [wholesale, draft]);
    const sent = (await world.takeJobs()).map(({ payload }) => payload);
    expect(sent).toContainEqual({ agencyId: ids.platform, planId: wholesale, merchantAccountId: 'macc_two' });
    expect(JSON.stringify(sent)).not.toContain(draft);
    await world.offers.setAgencyOffers(platform, ids.two, [draft, wholesale]);
    expect(await world.takeJobs()).toEqual([]);
  });

  test('go to an agency only if they are the platform’s, for everyone, and for sale', async () => {
    const { offers, catalog } = world;
    const own = await publish('own');
    await expect(offers.setAgencyOffers(platform, ids.two, [own])).rejects.toEqual(
      refusal('offered_plan_unknown', 422),
    );
    await world.database.prisma.customer.create({
      data: {
        agencyId: ids.platform,
        id: 'cus_platform',
        name: 'P',
        email: 'p@example.com',
        createdAt: world.clock.now(),
      },
    });
    const custom = await publish('custom', { customerId: 'cus_platform' }, platform);
    await expect(offers.setAgencyOffers(platform, ids.two, [custom])).rejects.toEqual(
      refusal('offered_plan_custom', 422),
    );
    const archived = await publish('archived', {}, platform);
    await catalog.switchPlan(platform, archived, 'archive');
    await expect(offers.setAgencyOffers(platform, ids.two, [archived])).rejects.toEqual(
      refusal('offered_plan_archived', 422),
    );
  });

  test('are offered by the platform alone, to agencies that are there, and not to itself', async () => {
    const { offers } = world;
    await expect(offers.setAgencyOffers(platform, ids.platform, [])).rejects.toEqual(refusal('platform_agency', 409));
    await expect(offers.setAgencyOffers(platform, 'agc_absent', [])).rejects.toEqual(refusal('not_found', 404));
    await expect(async () => offers.setAgencyOffers(two, ids.two, [])).rejects.toEqual(refusal('not_found', 404));
    await expect(offers.readAgencyOffers(two, ids.one)).rejects.toEqual(refusal('not_found', 404));
  });
});
