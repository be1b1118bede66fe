import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../../src/ids.ts';
import { agency, createWorld, ids, newPlan, platform, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const refusal = (code: string, status: number) => expect.objectContaining({ code, status });

describe('a plan', () => {
  test('is drafted, then sold, then redrafted while it keeps selling', async () => {
    const { catalog } = world;
    const draft = await catalog.createPlan(platform, newPlan(), undefined);
    expect(draft).toMatchObject({ status: 'draft', version: 1, publishedAt: null, frozen: null, draft: null });

    const renamed = await catalog.patchPlan(platform, draft.id, { displayName: 'Golden' });
    expect(renamed).toMatchObject({ version: 1, displayName: 'Golden', draft: null });

    const sold = await catalog.publishPlan(platform, draft.id);
    expect(sold).toMatchObject({ status: 'published', version: 1, publishedAt: world.clock.now().toISOString() });

    const changed = await catalog.patchPlan(platform, draft.id, { cycles: { monthly: '59.00' } });
    expect(changed).toMatchObject({
      version: 1,
      cycles: { yearly: '499.00' },
      draft: { version: 2, cycles: { monthly: '59.00' } },
    });

    const next = await catalog.publishPlan(platform, draft.id);
    expect(next).toMatchObject({ version: 2, cycles: { monthly: '59.00' }, draft: null });
    expect(next.cycles.yearly).toBeUndefined();
  });

  test('keeps every published version as it was sold', async () => {
    const { id } = await world.publishNew(platform);
    const change = world.database.pool.query(`UPDATE plan_versions SET document = '{}' WHERE plan_id = $1`, [id]);
    await expect(change).rejects.toThrow(/was published and does not change/);
  });

  test('freezes its usage prices in USD at the rate of its publication', async () => {
    const usage = [{ feature: 'call_minutes', included: '100', unitPrice: '0.0385', overagePrice: '0.077' }];
    const sold = await world.publishNew(platform, { currency: 'OMR', usage });
    const frozen = { usdRate: '0.385', usage: [{ feature: 'call_minutes', unitPrice: '0.10', price: '0.20' }] };
    expect(sold.frozen).toEqual(frozen);

    await world.database.prisma.merchantAccount.updateMany({ data: { usdRate: '0.4' } });
    expect((await world.catalog.getPlan(platform, sold.id)).frozen).toEqual(frozen);
  });

  test('is made once by a request that is resumed', async () => {
    const requestId = newId('idempotencyRequest');
    const first = await world.catalog.createPlan(platform, newPlan({ publish: true }), requestId);
    const again = await world.catalog.createPlan(platform, newPlan({ publish: true }), requestId);
    expect(again).toEqual(first);
    expect(await world.takeJobs()).toHaveLength(1);
  });

  test('is not half made when it cannot be published', async () => {
    await world.database.pool.query('ALTER TABLE test_jobs RENAME TO hidden_jobs');
    await expect(world.publishNew(platform)).rejects.toThrow(/test_jobs/);
    await world.database.pool.query('ALTER TABLE hidden_jobs RENAME TO test_jobs');
    expect(await world.catalog.listPlans(platform, {}, { limit: 10, before: undefined })).toEqual([]);
  });

  test('has a name of its own in its agency, free again for other agencies', async () => {
    const { catalog } = world;
    await catalog.createPlan(agency(ids.one), newPlan(), undefined);
    const again = catalog.createPlan(agency(ids.one), newPlan(), undefined);
    await expect(again).rejects.toEqual(refusal('plan_name_taken', 409));
    await expect(catalog.createPlan(agency(ids.two), newPlan(), undefined)).resolves.toMatchObject({
      name: 'gold-2026',
    });
  });

  test('keeps a new name and visibility through later changes and publications', async () => {
    const { id } = await world.publishNew(platform);
    await world.catalog.patchPlan(platform, id, { name: 'gold-renamed' });
    await world.catalog.switchPlan(platform, id, 'hide');
    await world.catalog.patchPlan(platform, id, { displayName: 'Golden' });
    const sold = await world.catalog.publishPlan(platform, id);
    expect(sold).toMatchObject({ name: 'gold-renamed', visibility: 'hidden', displayName: 'Golden', version: 2 });
  });

  test('drafts nothing when nothing that is sold changes', async () => {
    const { id } = await world.publishNew(platform);
    const same = await world.catalog.patchPlan(platform, id, { visibility: 'hidden', cycles: newPlan().cycles });
    expect(same).toMatchObject({ draft: null, visibility: 'hidden' });
  });

  test('is switched off and on, and stays off when a new version is published', async () => {
    const { id } = await world.publishNew(platform);
    expect(await world.catalog.switchPlan(platform, id, 'disable')).toMatchObject({ status: 'disabled' });
    await world.catalog.patchPlan(platform, id, { displayName: 'Golden' });
    expect(await world.catalog.publishPlan(platform, id)).toMatchObject({ status: 'disabled', version: 2 });
    expect(await world.catalog.switchPlan(platform, id, 'enable')).toMatchObject({ status: 'published' });
  });

  test('cannot be switched on before it is published', async () => {
    const { id } = await world.catalog.createPlan(platform, newPlan(), undefined);
    await expect(world.catalog.switchPlan(platform, id, 'enable')).rejects.toEqual(refusal('plan_not_published', 409));
  });

  test('is duplicated into a draft under the next free name', async () => {
    const { id } = await world.publishNew(platform);
    const names: string[] = [];
    for (let copy = 0; copy < 2; copy += 1) {
      const made = await world.catalog.duplicatePlan(platform, id, undefined);
      expect(made).toMatchObject({ status: 'draft', version: 1, displayName: 'Gold Tier' });
      names.push(made.name);
    }
    expect(names).toEqual(['gold-2026-copy', 'gold-2026-copy-2']);
  });

  test('is found by name, type, status and visibility, newest first, page by page', async () => {
    const { catalog } = world;
    await catalog.createPlan(
      platform,
      newPlan({ name: 'silver', displayName: 'Silver Tier', visibility: 'hidden' }),
      undefined,
    );
    await world.publishNew(platform);
    const names = async (filter: Parameters<typeof catalog.listPlans>[1]) =>
      (await catalog.listPlans(platform, filter, { limit: 10, before: undefined })).map(({ name }) => name);
    expect(await names({})).toEqual(['gold-2026', 'silver']);
    expect(await names({ q: 'SILVER' })).toEqual(['silver']);
    expect(await names({ status: 'published' })).toEqual(['gold-2026']);
    expect(await names({ visibility: 'hidden', type: 'usage_based' })).toEqual(['silver']);
    const [first] = await catalog.listPlans(platform, {}, { limit: 1, before: undefined });
    const rest = await catalog.listPlans(platform, {}, { limit: 1, before: first?.id });
    expect(rest.map(({ name }) => name)).toEqual(['silver']);
  });
});

describe('what another tenant owns is not there', () => {
  test('its plans', async () => {
    const { catalog } = world;
    const { id } = await catalog.createPlan(agency(ids.one), newPlan(), undefined);
    const two = agency(ids.two);
    await expect(catalog.getPlan(two, id)).rejects.toEqual(refusal('not_found', 404));
    await expect(catalog.patchPlan(two, id, { displayName: 'Mine' })).rejects.toEqual(refusal('not_found', 404));
    await expect(catalog.publishPlan(two, id)).rejects.toEqual(refusal('not_found', 404));
    await expect(catalog.sync(two, { planId: id, dryRun: false })).rejects.toEqual(refusal('not_found', 404));
    expect(await catalog.listPlans(two, {}, { limit: 10, before: undefined })).toEqual([]);
  });

  test('its clients, as the client of a custom plan', async () => {
    const custom = newPlan({ customerId: 'cus_two' });
    const refused = world.catalog.createPlan(agency(ids.one), custom, undefined);
    await expect(refused).rejects.toEqual(refusal('not_found', 404));
    await expect(world.catalog.createPlan(agency(ids.two), custom, undefined)).resolves.toMatchObject({
      customerId: 'cus_two',
    });
  });

  test('its agency, as the owner of a plan', async () => {
    const refused = world.catalog.createPlan(agency(ids.one), newPlan({ agencyId: ids.two }), undefined);
    await expect(refused).rejects.toEqual(refusal('not_found', 404));
  });

  test('its features', async () => {
    const { catalog } = world;
    const fax = { id: 'fax_pages', name: 'Fax', unit: 'page', kind: 'usage', aggregation: 'sum' } as const;
    await catalog.createFeature(agency(ids.one), undefined, fax);
    const usesFax = newPlan({ usage: [{ feature: 'fax_pages', included: '5' }], packs: [] });
    await expect(catalog.createPlan(agency(ids.one), usesFax, undefined)).resolves.toMatchObject({ status: 'draft' });
    const refused = catalog.createPlan(agency(ids.two), usesFax, undefined);
    await expect(refused).rejects.toEqual(refusal('unknown_feature', 422));
    expect(await catalog.listFeatures(agency(ids.two), undefined)).toHaveLength(9);
  });
});

describe('features', () => {
  test('keep their ids: neither a built-in one nor one of the agency is taken again', async () => {
    const seat = { id: 'desks', name: 'Desks', unit: 'desk', kind: 'recurring', aggregation: 'last' } as const;
    await world.catalog.createFeature(agency(ids.one), undefined, seat);
    for (const id of ['desks', 'call_minutes']) {
      const again = world.catalog.createFeature(agency(ids.one), undefined, { ...seat, id });
      await expect(again).rejects.toEqual(refusal('feature_id_taken', 409));
    }
  });
});

describe('a revenue share', () => {
  const shared = newPlan({ type: 'revenue_sharing', revenueShare: { agencyPercent: '70' } });

  test('is set by the platform only', async () => {
    const refused = world.catalog.createPlan(agency(ids.one), shared, undefined);
    await expect(refused).rejects.toEqual(refusal('platform_only', 403));
    const { id } = await world.catalog.createPlan(platform, { ...shared, agencyId: ids.one }, undefined);
    const raised = world.catalog.patchPlan(agency(ids.one), id, { revenueShare: { agencyPercent: '99' } });
    await expect(raised).rejects.toEqual(refusal('platform_only', 403));
    const dropped = world.catalog.patchPlan(agency(ids.one), id, { type: 'usage_based', revenueShare: null });
    await expect(dropped).rejects.toEqual(refusal('platform_only', 403));
  });

  test('is not carried into another plan by its agency, nor found right in a check', async () => {
    const { id } = await world.catalog.createPlan(platform, { ...shared, agencyId: ids.one }, undefined);
    const copied = world.catalog.duplicatePlan(agency(ids.one), id, undefined);
    await expect(copied).rejects.toEqual(refusal('platform_only', 403));
    const unknown = { ...shared, name: 'of no plan yet' };
    await expect(world.catalog.refuseWrongPlan(agency(ids.one), unknown)).rejects.toEqual(
      refusal('platform_only', 403),
    );
    const named = await world.catalog.getPlan(agency(ids.one), id);
    await world.catalog.refuseWrongPlan(agency(ids.one), { ...shared, name: named.name, displayName: 'Ours' });
    expect(await world.catalog.duplicatePlan(platform, id, undefined)).toMatchObject({
      agencyId: ids.one,
      revenueShare: { agencyPercent: '70' },
    });
  });

  test('does not stop its agency from changing the rest of the plan', async () => {
    const { id } = await world.catalog.createPlan(platform, { ...shared, agencyId: ids.one }, undefined);
    const changed = await world.catalog.patchPlan(agency(ids.one), id, { displayName: 'Ours' });
    expect(changed).toMatchObject({ displayName: 'Ours', revenueShare: { agencyPercent: '70' } });
  });
});

test('a price below the minimum of the account is refused with the least that can be asked', async () => {
  const refused = world.catalog.createPlan(platform, newPlan({ cycles: { monthly: '0.30' } }), undefined);
  await expect(refused).rejects.toMatchObject({
    code: 'price_below_minimum',
    errors: [
      {
        path: 'cycles.monthly',
        message: expect.stringMatching(/^0\.120 OMR cannot be charged: ask for at least \S+ OMR\.$/),
      },
    ],
  });
});
