import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PlanSwitch } from '../../../src/catalog/switch-plan.ts';
import { agency, createWorld, ids, newPlan, platform, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const refusal = (code: string, status: number) => expect.objectContaining({ code, status });
const names = async () =>
  (await world.catalog.listPlans(platform, {}, { limit: 100, before: undefined })).map(({ name }) => name);

type Status = 'draft' | 'published' | 'disabled' | 'archived';

async function planThatIs(status: Status): Promise<string> {
  const publish = status !== 'draft';
  const { id } = await world.catalog.createPlan(platform, newPlan({ publish }), undefined);
  if (status === 'disabled') await world.catalog.switchPlan(platform, id, 'disable');
  if (status === 'archived') await world.catalog.switchPlan(platform, id, 'archive');
  return id;
}

describe('the switches of a plan', () => {
  const table: readonly (readonly [Status, PlanSwitch, string])[] = [
    ['draft', 'enable', 'plan_not_published'],
    ['draft', 'disable', 'plan_not_published'],
    ['draft', 'archive', 'plan_not_published'],
    ['published', 'enable', 'published'],
    ['published', 'disable', 'disabled'],
    ['published', 'archive', 'archived'],
    ['disabled', 'enable', 'published'],
    ['disabled', 'disable', 'disabled'],
    ['disabled', 'archive', 'archived'],
    ['archived', 'enable', 'plan_archived'],
    ['archived', 'disable', 'plan_archived'],
    ['archived', 'archive', 'archived'],
  ];

  test.each(table)('a %s plan, %s: %s', async (from, turn, outcome) => {
    const id = await planThatIs(from);
    const turned = world.catalog.switchPlan(platform, id, turn);
    if (outcome.startsWith('plan_')) await expect(turned).rejects.toEqual(refusal(outcome, 409));
    else await expect(turned).resolves.toMatchObject({ status: outcome });
  });

  test.each(['draft', 'published', 'disabled', 'archived'] as const)('a %s plan is hidden and shown', async (from) => {
    const id = await planThatIs(from);
    expect(await world.catalog.switchPlan(platform, id, 'hide')).toMatchObject({ visibility: 'hidden', status: from });
    expect(await world.catalog.switchPlan(platform, id, 'show')).toMatchObject({ visibility: 'visible', status: from });
  });
});

describe('an archived plan', () => {
  test('is neither changed nor published again', async () => {
    const id = await planThatIs('archived');
    const patched = world.catalog.patchPlan(platform, id, { displayName: 'Golden' });
    await expect(patched).rejects.toEqual(refusal('plan_archived', 409));
    await expect(world.catalog.publishPlan(platform, id)).rejects.toEqual(refusal('plan_archived', 409));
  });

  test('keeps its version readable, and lives on in a copy', async () => {
    const id = await planThatIs('archived');
    expect(await world.catalog.getPlan(platform, id)).toMatchObject({ status: 'archived', version: 1 });
    const copy = await world.catalog.duplicatePlan(platform, id, undefined);
    expect(await world.catalog.publishPlan(platform, copy.id)).toMatchObject({ status: 'published' });
  });
});

describe('a published plan is never edited in place', () => {
  test('a change drafts the next version, also while the plan is in use', async () => {
    const { id } = await world.publishNew(platform);
    world.livePlans.planIds.push(id);
    const changed = await world.catalog.patchPlan(platform, id, { cycles: { monthly: '59.00' } });
    expect(changed).toMatchObject({ version: 1, cycles: { monthly: '49.00' }, draft: { version: 2 } });
    await world.catalog.publishPlan(platform, id);
    const { rows } = await world.database.pool.query(
      `SELECT version, status, document #>> '{cycles,monthly}' AS monthly FROM plan_versions WHERE plan_id = $1 ORDER BY version`,
      [id],
    );
    expect(rows).toEqual([
      { version: 1, status: 'superseded', monthly: '49.00' },
      { version: 2, status: 'published', monthly: '59.00' },
    ]);
  });

  test('discarding the draft leaves what is sold, and the next change is drafted anew', async () => {
    const { id } = await world.publishNew(platform);
    await world.catalog.patchPlan(platform, id, { trialDays: 7 });
    const back = await world.catalog.discardDraft(platform, id);
    expect(back).toMatchObject({ version: 1, trialDays: 0, draft: null });
    expect(await world.catalog.patchPlan(platform, id, { trialDays: 3 })).toMatchObject({
      draft: { version: 2, trialDays: 3 },
    });
  });

  test('there is nothing to discard without a draft, or where the draft is all there is', async () => {
    const { id } = await world.publishNew(platform);
    await expect(world.catalog.discardDraft(platform, id)).rejects.toEqual(refusal('plan_without_draft', 409));
    const draft = await world.catalog.createPlan(platform, newPlan({ name: 'silver' }), undefined);
    await expect(world.catalog.discardDraft(platform, draft.id)).rejects.toEqual(refusal('plan_not_published', 409));
  });
});

describe('a deleted plan', () => {
  test('is in no list and answers to no id, but its rows stay', async () => {
    const { id } = await world.publishNew(platform);
    await world.catalog.deletePlan(platform, id);
    expect(await names()).toEqual([]);
    const { catalog } = world;
    for (const attempt of [
      () => catalog.getPlan(platform, id),
      () => catalog.patchPlan(platform, id, { displayName: 'Back' }),
      () => catalog.publishPlan(platform, id),
      () => catalog.switchPlan(platform, id, 'show'),
      () => catalog.duplicatePlan(platform, id, undefined),
      () => catalog.discardDraft(platform, id),
      () => catalog.deletePlan(platform, id),
    ]) {
      await expect(attempt()).rejects.toEqual(refusal('not_found', 404));
    }
    const { rows } = await world.database.pool.query('SELECT version, status FROM plan_versions WHERE plan_id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ version: 1, status: 'published' }]);
  });

  test('leaves its name to another', async () => {
    const { id } = await world.publishNew(platform);
    await world.catalog.deletePlan(platform, id);
    await expect(world.publishNew(platform)).resolves.toMatchObject({ name: 'gold-2026' });
  });

  test('“you can delete a pricing plan, provided it is not currently active with a customer subscription”', async () => {
    const { id } = await world.publishNew(platform);
    world.livePlans.planIds.push(id, id);
    await expect(world.catalog.deletePlan(platform, id)).rejects.toMatchObject({
      code: 'plan_in_use',
      status: 409,
      message: expect.stringMatching(/live subscriptions: 2.*Archive it instead/),
    });
    expect(await names()).toEqual(['gold-2026']);

    await world.catalog.switchPlan(platform, id, 'archive');
    world.livePlans.planIds.length = 0;
    await world.catalog.deletePlan(platform, id);
    expect(await names()).toEqual([]);
  });

  test("cannot be another agency's", async () => {
    const { id } = await world.publishNew(agency(ids.one));
    await expect(world.catalog.deletePlan(agency(ids.two), id)).rejects.toEqual(refusal('not_found', 404));
    expect(await names()).toEqual(['gold-2026']);
  });
});

test('plans are searched for by what is written, not by patterns', async () => {
  for (const name of ['gold_1', 'gold-1', 'gold%1'])
    await world.catalog.createPlan(platform, newPlan({ name }), undefined);
  const found = async (q: string) =>
    (await world.catalog.listPlans(platform, { q }, { limit: 10, before: undefined })).map(({ name }) => name);
  expect(await found('d_1')).toEqual(['gold_1']);
  expect(await found('d%1')).toEqual(['gold%1']);
  expect(await found('d\\')).toEqual([]);
});
