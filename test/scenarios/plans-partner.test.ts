import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planViewSchema } from '../../src/catalog/plan-view.ts';
import { type PlanWorld, startPlanWorld } from './plan-world.ts';

/** Each test is named after the sentence of the guide to partner plans that it proves. */

let world: PlanWorld;
let client: string;
beforeAll(async () => {
  world = await startPlanWorld();
  client = await world.client();
});
afterAll(() => world.service.stop());

const namesOf = (plans: readonly { readonly name: string }[]) => plans.map(({ name }) => name);

test('“pricing plans that can be offered to resellers and their customers”', async () => {
  const body = { name: 'wholesale', displayName: 'Wholesale', type: 'usage_based', pricingModel: 'fixed' };
  const { api } = world.service;
  const { id } = await api.send('POST', '/v1/plans', planViewSchema, {
    body: { ...body, cycles: { monthly: '99.00' }, currency: 'USD', publish: true },
  });
  expect(await world.refused('PUT', `/v1/customers/${client}/offers`, { planIds: [id] })).toEqual({
    status: 422,
    code: 'offered_plan_unknown',
  });
  expect(await api.call('PUT', `/v1/agencies/${world.agencyId}/offers`, { body: { planIds: [id] } })).toMatchObject({
    status: 200,
    body: { planIds: [id] },
  });
  const customer = await world.client();
  await world.offer(customer, [id]);
  expect(await world.shown(customer)).toEqual(['Wholesale']);
});

describe('Manage Plans', () => {
  test('“View all created plans”', async () => {
    await world.plan('viewed-first');
    await world.plan('viewed-second', { publish: false });
    expect(namesOf(await world.list()).slice(0, 2)).toEqual(['viewed-second', 'viewed-first']);
  });

  test('“Search plans by name”', async () => {
    await world.plan('needle-2026', { displayName: 'Sharp' });
    expect(namesOf(await world.list('?q=NEEDLE'))).toEqual(['needle-2026']);
    expect(namesOf(await world.list('?q=sharp'))).toEqual(['needle-2026']);
    expect(await world.list('?q=no-such-plan')).toEqual([]);
  });

  test('“Check plan type (Usage-Based or Revenue-Sharing)”', async () => {
    const body = { name: 'shared', displayName: 'Shared', type: 'revenue_sharing', pricingModel: 'fixed' };
    await world.service.api.send('POST', '/v1/plans', planViewSchema, {
      body: {
        ...body,
        agencyId: world.agencyId,
        cycles: { monthly: '79.00' },
        currency: 'USD',
        revenueShare: { agencyPercent: '70' },
      },
    });
    expect(namesOf(await world.list('?type=revenue_sharing'))).toEqual(['shared']);
    expect(namesOf(await world.list('?type=usage_based'))).not.toContain('shared');
  });

  test('“Enable or disable a plan using the Status toggle”', async () => {
    const { id } = await world.plan('toggled');
    expect(await world.turn(id, 'disable')).toMatchObject({ status: 'disabled' });
    expect(await world.shown(client)).not.toContain('toggled');
    expect(namesOf(await world.list('?status=disabled'))).toEqual(['toggled']);
    expect(await world.turn(id, 'enable')).toMatchObject({ status: 'published' });
    expect(await world.shown(client)).toContain('toggled');
  });

  test('“Control whether a plan is visible or hidden”', async () => {
    const { id } = await world.plan('veiled');
    await world.turn(id, 'hide');
    expect(await world.shown(client)).not.toContain('veiled');
    expect(namesOf(await world.list('?visibility=hidden'))).toEqual(['veiled']);
    await world.turn(id, 'show');
    expect(await world.shown(client)).toContain('veiled');
  });
});

describe('Available Actions', () => {
  test('“Duplicate: Create a copy of an existing plan for faster setup”', async () => {
    const { id } = await world.plan('original', { cycles: { monthly: '10.00', yearly: '100.00' }, trialDays: 14 });
    expect(await world.turn(id, 'duplicate')).toMatchObject({
      name: 'original-copy',
      status: 'draft',
      cycles: { monthly: '10.00', yearly: '100.00' },
      trialDays: 14,
    });
  });

  test('“Archive: Disable a plan so it can no longer be assigned (existing assignments remain unaffected)”', async () => {
    const { id, version, frozen } = await world.plan('outdated');
    expect(await world.turn(id, 'archive')).toMatchObject({ status: 'archived', version, frozen });
    expect(await world.shown(client)).not.toContain('outdated');
    expect(await world.refused('POST', `/v1/plans/${id}/enable`)).toEqual({ status: 409, code: 'plan_archived' });
    expect(await world.refused('PUT', `/v1/customers/${client}/offers`, { planIds: [id] })).toEqual({
      status: 422,
      code: 'offered_plan_archived',
    });
  });
});

describe('Plan Basics', () => {
  test('“Plan Name: Internal identifier”, “Plan Display Name: Name visible to resellers or customers”', async () => {
    const { id } = await world.plan('internal-identifier', { displayName: 'Shown to all' });
    expect((await world.remote(id)).product.name).toBe('Shown to all');
    expect(JSON.stringify(await world.shownPlans(client))).not.toContain('internal-identifier');
    const body = { name: 'internal-identifier', displayName: 'Other', type: 'usage_based', pricingModel: 'fixed' };
    const twin = { ...body, cycles: { monthly: '1.00' }, currency: 'USD' };
    expect(await world.refused('POST', '/v1/plans', twin)).toEqual({ status: 409, code: 'plan_name_taken' });
  });

  test('“You can offer multiple billing options under a single plan”', async () => {
    const { id } = await world.plan('three-cycles', {
      cycles: { monthly: '49.00', quarterly: '139.00', yearly: '499.00' },
    });
    expect((await world.remote(id)).prices).toEqual(
      expect.arrayContaining(['18.870 OMR each month', '53.520 OMR each 3 months', '192.120 OMR each year']),
    );
  });

  test('“Select the Currency; Enter pricing for each enabled billing cycle”', async () => {
    const { id } = await world.plan('in-rials', {
      currency: 'OMR',
      cycles: { quarterly: '45.000', yearly: '170.500' },
    });
    const { prices } = await world.remote(id);
    expect(prices.toSorted()).toEqual(['170.500 OMR each year', '45.000 OMR each 3 months']);
    const body = { name: 'x', displayName: 'x', type: 'usage_based', pricingModel: 'fixed', currency: 'USD' };
    const unpriced = { ...body, cycles: { monthly: '49.00', yearly: '' } };
    expect(await world.refused('POST', '/v1/plans', unpriced)).toEqual({ status: 422, code: 'cycle_without_price' });
  });

  test('“Enable GST if applicable to the plan”', async () => {
    const { id } = await world.plan('taxed', {
      cycles: { monthly: '100.00' },
      tax: { name: 'GST', percent: '5', inclusive: false },
    });
    // In a currency whose totals must end in 0 the published price includes its tax: 38.500 and 5 %.
    expect((await world.remote(id)).prices).toContain('40.430 OMR each month');
  });
});

test('Plan Benefits: “Messages”, “WhatsApp Conversations”, “Team Members”', async () => {
  const usage = [
    { feature: 'messages', included: '10000' },
    { feature: 'whatsapp_conversations', included: '1000' },
  ];
  const { id } = await world.plan('benefits', { usage, recurring: [{ feature: 'team_members', included: 10 }] });
  const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
  expect(shown).toMatchObject({ usage, recurring: [{ feature: 'team_members', included: 10 }] });
});

describe('Saving the Plan', () => {
  test('“Click Create Plan to save and activate the plan”', async () => {
    const made = await world.plan('activated', { publish: true });
    expect(made).toMatchObject({ status: 'published', version: 1 });
    expect(await world.shown(client)).toContain('activated');
  });

  test('“Click Discard to cancel changes”', async () => {
    const { id } = await world.plan('kept');
    expect(await world.change(id, { cycles: { monthly: '59.00' } })).toMatchObject({ draft: { version: 2 } });
    const discarded = await world.agency.call('DELETE', `/v1/plans/${id}/draft`);
    expect(discarded).toMatchObject({ status: 200, body: { draft: null, cycles: { monthly: '49.00' } } });
  });

  test('“Once created, the plan becomes available for assignment based on its visibility and status”', async () => {
    await world.plan('available');
    await world.plan('still-a-draft', { publish: false });
    await world.plan('only-by-name', { visibility: 'hidden' });
    const shown = await world.shown(client);
    expect(shown).toContain('available');
    expect(shown).not.toContain('still-a-draft');
    expect(shown).not.toContain('only-by-name');
  });
});

test('“Archive outdated plans instead of deleting them to preserve historical data”', async () => {
  const { id } = await world.plan('historical');
  await world.turn(id, 'archive');
  expect(await world.read(id)).toMatchObject({ status: 'archived', cycles: { monthly: '49.00' } });
  expect(namesOf(await world.list('?status=archived'))).toContain('historical');
  const trail = await world.agency.call('GET', `/v1/audit?subject=${id}`);
  expect(trail.body).toMatchObject({
    data: [
      { action: 'plan.switched_archive', before: { status: 'published' }, after: { status: 'archived' } },
      { action: 'plan.published' },
      { action: 'plan.created' },
    ],
  });
});
