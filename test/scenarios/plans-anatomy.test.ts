import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlanBody, type PlanWorld, startPlanWorld } from './plan-world.ts';

/** Each test is named after the sentence of the guide to white-label plans that it proves. */

let world: PlanWorld;
let client: string;
beforeAll(async () => {
  world = await startPlanWorld();
  client = await world.client();
});
afterAll(() => world.service.stop());

const minutes = { feature: 'call_minutes', included: '100', unitPrice: '0.10', overagePrice: '0.20' };
const slots = { feature: 'concurrency', included: 2, unitPrice: '15.00' };

describe('Plan Anatomy', () => {
  test('“A Plan consists of three main components: Base Subscription, Usage-Based Features, Recurring Features”', async () => {
    const { id } = await world.plan('Professional', { usage: [minutes], recurring: [slots] });
    expect(await world.read(id)).toMatchObject({
      cycles: { monthly: '49.00' },
      usage: [{ feature: 'call_minutes', included: '100' }],
      recurring: [slots],
    });
  });

  test('“Base Subscription: The fixed monthly fee for access (e.g., $49/month)”', async () => {
    const { id } = await world.plan('Base');
    // 49.00 x 0.385 = 18.865, half-up to the step that a card takes.
    expect((await world.remote(id)).prices).toContain('18.870 OMR each month');
  });
});

describe('Basic Configuration', () => {
  test('“Name: The display name (e.g., "Gold Tier")” is what the client and the provider see', async () => {
    const { id } = await world.plan('gold-tier-internal', { displayName: 'Gold Tier' });
    expect(await world.shown(client)).toContain('Gold Tier');
    const remote = await world.remote(id);
    expect(remote.product).toMatchObject({ name: 'Gold Tier', active: true });
    expect(JSON.stringify([remote, await world.shownPlans(client)])).not.toContain('gold-tier-internal');
  });

  test('“Description: Internal note or display text for the plan”', async () => {
    const { id } = await world.plan('Described', { description: 'For growing teams' });
    expect((await world.remote(id)).product.description).toBe('For growing teams');
  });

  test('“Fixed Monthly Price: The customer pays a set amount every month regardless of usage”', async () => {
    const refused = {
      name: 'fixed',
      displayName: 'Fixed',
      type: 'usage_based',
      pricingModel: 'fixed',
      currency: 'USD',
    };
    expect(await world.refused('POST', '/v1/plans', refused)).toEqual({ status: 422, code: 'fixed_without_cycle' });
    const { id } = await world.plan('Fixed', { cycles: { monthly: '20.00' }, usage: [minutes] });
    expect((await world.remote(id)).prices).toContain('7.700 OMR each month');
  });

  test('“Pay As You Go: No monthly fee; the customer only pays for exactly what they use”', async () => {
    const payAsYouGo: PlanBody = {
      pricingModel: 'pay_as_you_go',
      usage: [{ feature: 'call_minutes', unitPrice: '0.25' }],
    };
    const { id } = await world.plan('Pay As You Go', { ...payAsYouGo, cycles: {} });
    expect((await world.remote(id)).prices).toEqual([]);
    const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
    expect(shown).toMatchObject({ cycles: {}, usage: [{ included: '0', price: '0.25' }] });
    const refused = { ...payAsYouGo, name: 'x', displayName: 'x', type: 'usage_based', currency: 'USD' };
    expect(await world.refused('POST', '/v1/plans', { ...refused, cycles: { monthly: '1.00' } })).toEqual({
      status: 422,
      code: 'pay_as_you_go_with_cycles',
    });
  });
});

describe('Configure Call Minutes', () => {
  test('“Included Quantity: How many minutes are "free" with the base subscription?”', async () => {
    const { id } = await world.plan('Included', { usage: [minutes] });
    const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
    expect(shown?.usage).toMatchObject([{ feature: 'call_minutes', included: '100' }]);
  });

  test('“Unit Price: (Optional) The cost calculation value for the included minutes (internal tracking)”', async () => {
    const { unitPrice: _, ...without } = minutes;
    const optional = await world.plan('Without unit price', { usage: [without] });
    expect(optional.frozen?.usage).toEqual([{ feature: 'call_minutes', unitPrice: null, price: '0.20' }]);
    const { id, frozen } = await world.plan('With unit price', { usage: [minutes] });
    expect(frozen?.usage).toEqual([{ feature: 'call_minutes', unitPrice: '0.10', price: '0.20' }]);
    const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
    expect(JSON.stringify(shown?.usage)).not.toContain('0.10');
  });

  test('“Overage Unit Price: The cost per minute after the included 100 minutes are used up”', async () => {
    const { id, frozen } = await world.plan('Overage', { usage: [minutes] });
    expect(frozen?.usage).toMatchObject([{ price: '0.20' }]);
    const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
    expect(shown?.usage).toMatchObject([{ price: '0.20' }]);
  });
});

describe('Configure Recurring Features', () => {
  test('“Included Quantity: How many simultaneous calls allow in the base plan?”', async () => {
    const { recurring } = await world.plan('Slots', { recurring: [slots] });
    expect(recurring).toMatchObject([{ feature: 'concurrency', included: 2 }]);
  });

  test('“Unit Price: The monthly rental cost for every additional concurrency slot”', async () => {
    const { id } = await world.plan('Rented slots', { recurring: [slots] });
    const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
    expect(shown?.recurring).toEqual([slots]);
  });
});

test('“Max Concurrency: The absolute maximum number of simultaneous calls this plan allows, regardless of add-ons”', async () => {
  const { limits } = await world.plan('Limited', { recurring: [slots], limits: { maxConcurrency: 10 } });
  expect(limits).toEqual({ maxConcurrency: 10 });
  const body = { name: 'narrow', displayName: 'Narrow', type: 'usage_based', pricingModel: 'fixed', currency: 'USD' };
  const narrow = { ...body, cycles: { monthly: '49.00' }, recurring: [slots], limits: { maxConcurrency: 1 } };
  expect(await world.refused('POST', '/v1/plans', narrow)).toEqual({ status: 422, code: 'limit_below_included' });
});

test('“Creating a plan does not apply it to anyone automatically”', async () => {
  const other = await world.client();
  await world.offer(other, []);
  await world.plan('Just made');
  expect(await world.offers(other)).toMatchObject({ planIds: [], source: 'own' });
  expect(await world.shown(other)).toEqual([]);
});
