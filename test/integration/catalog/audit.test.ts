import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listAuditEntries } from '../../../src/tenancy/audit.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { agency, createWorld, ids, newPlan, platform, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const trail = async (subject: string, scope: Scope = platform) =>
  (await listAuditEntries(world.database, scope, { subject }, { limit: 100, after: undefined })).toReversed();

const one = agency(ids.one);

describe('the audit trail', () => {
  test('says of every change of a plan who made it, when, from what to what', async () => {
    const { catalog, clock } = world;
    const { id } = await catalog.createPlan(one, newPlan({ publish: true }), undefined);
    await catalog.patchPlan(one, id, { cycles: { monthly: '59.00' } });
    await catalog.publishPlan(platform, id);
    await catalog.switchPlan(one, id, 'hide');
    await catalog.switchPlan(one, id, 'archive');
    await catalog.deletePlan(platform, id);

    const entries = await trail(id);
    const byAgency = { role: 'agency', id: 'key_agc_one' };
    const byPlatform = { role: 'platform', id: 'key_platform' };
    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['plan.created', byAgency],
      ['plan.published', byAgency],
      ['plan.changed', byAgency],
      ['plan.published', byPlatform],
      ['plan.switched_hide', byAgency],
      ['plan.switched_archive', byAgency],
      ['plan.deleted', byPlatform],
    ]);
    expect(entries.map(({ before, after }) => ({ before, after }))).toMatchObject([
      { before: null, after: { name: 'gold-2026', status: 'draft', draftVersion: 1, cycles: { yearly: '499.00' } } },
      { before: { status: 'draft', publishedVersion: null }, after: { status: 'published', publishedVersion: 1 } },
      {
        before: { cycles: { monthly: '49.00', yearly: '499.00' }, draftVersion: null },
        after: { cycles: { monthly: '59.00' }, draftVersion: 2 },
      },
      { before: { publishedVersion: 1, draftVersion: 2 }, after: { publishedVersion: 2, draftVersion: null } },
      { before: { visibility: 'visible' }, after: { visibility: 'hidden' } },
      { before: { status: 'published' }, after: { status: 'archived' } },
      { before: { deleted: false }, after: { deleted: true } },
    ]);
    expect(Object.keys(entries[4]?.after ?? {})).toEqual(['visibility']);
    for (const { at, agencyId } of entries) expect({ at, agencyId }).toEqual({ at: clock.now(), agencyId: ids.one });
  });

  test('names the plan that a copy was made of, and a draft that was discarded', async () => {
    const { id } = await world.publishNew(one);
    const copy = await world.catalog.duplicatePlan(one, id, undefined);
    expect(await trail(copy.id)).toMatchObject([{ action: 'plan.duplicated', before: null, after: { copyOf: id } }]);
    await world.catalog.patchPlan(one, id, { trialDays: 7 });
    await world.catalog.discardDraft(one, id);
    expect((await trail(id)).at(-1)).toMatchObject({
      action: 'plan.draft_discarded',
      before: { trialDays: 7, draftVersion: 2 },
      after: { trialDays: 0, draftVersion: null },
    });
  });

  test('has no line for a change that changes nothing', async () => {
    const { id } = await world.publishNew(one);
    await world.catalog.switchPlan(one, id, 'enable');
    await world.catalog.switchPlan(one, id, 'show');
    await world.catalog.publishPlan(one, id);
    await world.catalog.patchPlan(one, id, { displayName: 'Gold Tier' });
    expect((await trail(id)).map(({ action }) => action)).toEqual(['plan.created', 'plan.published']);
  });

  test('has no line for a change that was refused', async () => {
    const { id } = await world.publishNew(one);
    world.livePlans.planIds.push(id);
    await expect(world.catalog.deletePlan(one, id)).rejects.toMatchObject({ code: 'plan_in_use' });
    expect(await trail(id)).toHaveLength(2);
  });

  test('is written with the change or not at all', async () => {
    const { id } = await world.publishNew(one);
    await world.database.pool.query('ALTER TABLE audit_entries RENAME TO hidden_entries');
    await expect(world.catalog.switchPlan(one, id, 'disable')).rejects.toThrow(/audit_entries/);
    await world.database.pool.query('ALTER TABLE hidden_entries RENAME TO audit_entries');
    expect(await world.catalog.getPlan(one, id)).toMatchObject({ status: 'published' });
  });

  test.each(["UPDATE audit_entries SET action = ''", 'DELETE FROM audit_entries', 'TRUNCATE audit_entries'])(
    'refuses %s',
    async (statement) => {
      await world.publishNew(one);
      await expect(world.database.pool.query(statement)).rejects.toThrow(/what was done stays written/);
    },
  );

  test('shows an agency its own entries only, page by page', async () => {
    const { id } = await world.publishNew(one);
    expect(await trail(id, agency(ids.two))).toEqual([]);
    const [newest] = await listAuditEntries(world.database, one, { subject: id }, { limit: 1, after: undefined });
    const rest = await listAuditEntries(world.database, one, { subject: id }, { limit: 9, after: newest?.id });
    expect([newest, ...rest].map((entry) => entry?.action)).toEqual(['plan.published', 'plan.created']);
  });

  test('keeps changes of offers, of clients and of agencies', async () => {
    const { offers } = world;
    const { id } = await world.publishNew(agency(ids.two));
    await offers.setOffers(agency(ids.two), 'cus_two', []);
    await offers.setOffers(agency(ids.two), 'cus_two', [id, id]);
    await offers.setOffers(agency(ids.two), 'cus_two', [id]);
    await offers.removeOffers(agency(ids.two), 'cus_two');
    await offers.removeOffers(agency(ids.two), 'cus_two');
    const changes = (await trail('cus_two')).slice(-3);
    expect(changes.map(({ action, before, after }) => [action, before, after])).toEqual([
      ['offers.set', null, { planIds: [] }],
      ['offers.set', { planIds: [] }, { planIds: [id] }],
      ['offers.removed', { planIds: [id] }, null],
    ]);

    const wholesale = await world.publishNew(platform);
    await offers.setAgencyOffers(platform, ids.two, [wholesale.id]);
    expect(await trail(ids.two)).toMatchObject([
      { action: 'agency_offers.set', before: { planIds: [] }, after: { planIds: [wholesale.id] } },
    ]);
  });
});
