import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PlanWorld, startPlanWorld } from './plan-world.ts';

/** Each test is named after the question or answer of the re-billing FAQ that it proves. */

let world: PlanWorld;
beforeAll(async () => {
  world = await startPlanWorld();
});
afterAll(() => world.service.stop());

test('How to hide Subscription Plans? “Navigate to the Pricing tab and deselect all plans”', async () => {
  const client = await world.client();
  await world.plan('Starter');
  expect(await world.offers(client)).toMatchObject({ source: 'visible', plansPage: true });
  expect(await world.offer(client, [])).toEqual({ planIds: [], source: 'own', plansPage: false });
  expect(await world.shown(client)).toEqual([]);
});

test('How to enable subscription plans? “select the subscription plans you want to display in the client account”', async () => {
  const client = await world.client();
  const [first, second] = [await world.plan('Displayed'), await world.plan('Not displayed')];
  await world.offer(client, []);
  expect(await world.offer(client, [first.id])).toMatchObject({ planIds: [first.id], plansPage: true });
  expect(await world.shown(client)).toEqual(['Displayed']);
  expect(await world.shown(await world.client())).toContain(second.displayName);
});

test('How to set custom pricing? “create or edit customized pricing plans tailored specifically to a client account”', async () => {
  const [client, other] = [await world.client(), await world.client()];
  const { id } = await world.plan('Tailored', { customerId: client, cycles: { monthly: '35.00' } });
  expect(await world.shown(client)).toContain('Tailored');
  expect(await world.shown(other)).not.toContain('Tailored');
  expect(await world.refused('PUT', `/v1/customers/${other}/offers`, { planIds: [id] })).toEqual({
    status: 422,
    code: 'offered_plan_of_another_client',
  });
  await world.change(id, { cycles: { monthly: '30.00' } });
  expect(await world.turn(id, 'publish')).toMatchObject({ version: 2, cycles: { monthly: '30.00' } });
});

test('How to delete a pricing plan? “Yes, you can delete a pricing plan”', async () => {
  const client = await world.client();
  const { id } = await world.plan('Deleted');
  expect((await world.agency.call('DELETE', `/v1/plans/${id}`)).status).toBe(204);
  expect(await world.refused('GET', `/v1/plans/${id}`)).toEqual({ status: 404, code: 'not_found' });
  expect(await world.list('?q=Deleted')).toEqual([]);
  expect(await world.shown(client)).not.toContain('Deleted');
});

test('How to update pricing safely? A change is “offered to your clients as an updated option”: the next version', async () => {
  const client = await world.client();
  const { id } = await world.plan('Updated', { cycles: { monthly: '49.00' } });
  const price = async () => (await world.shownPlans(client)).find((plan) => plan.id === id)?.cycles.monthly;
  expect(await world.change(id, { cycles: { monthly: '59.00' } })).toMatchObject({
    version: 1,
    cycles: { monthly: '49.00' },
    draft: { version: 2, cycles: { monthly: '59.00' } },
  });
  expect(await price()).toBe('49.00');
  await world.turn(id, 'publish');
  expect(await price()).toBe('59.00');
  expect((await world.remote(id)).prices).toContain('22.720 OMR each month');
});

test('How to update pricing safely? “you can create a new plan and offer it to your clients as an updated option”', async () => {
  const client = await world.client();
  const { id } = await world.plan('Old price', { name: 'old-price' });
  const copy = await world.turn(id, 'duplicate');
  await world.change(copy.id, { displayName: 'New price', cycles: { monthly: '59.00' } });
  await world.turn(copy.id, 'publish');
  await world.offer(client, [copy.id]);
  await world.turn(id, 'archive');
  expect(await world.shown(client)).toEqual(['New price']);
});

test('How to limit plans for clients? “Yes, you can limit certain plans”', async () => {
  const client = await world.client();
  const limited = await world.plan('Limited to some', { visibility: 'hidden' });
  expect(await world.shown(client)).not.toContain('Limited to some');
  await world.offer(client, [limited.id]);
  expect(await world.shown(client)).toEqual(['Limited to some']);
});

test('Are there limits on plans? “You can create as many plans as needed”', async () => {
  const client = await world.client();
  const names = Array.from({ length: 120 }, (_, number) => `Many ${String(number).padStart(3, '0')}`);
  for (const name of names) await world.plan(name);
  expect((await world.list('?q=many')).map(({ name }) => name)).toEqual(names.toReversed());
  expect((await world.shown(client)).filter((name) => name.startsWith('Many'))).toEqual(names);
});

test('How to offer trials for plans?', async () => {
  const client = await world.client();
  const { id } = await world.plan('With a trial', { trialDays: 14, trialEnd: 'convert' });
  const shown = (await world.shownPlans(client)).find((plan) => plan.id === id);
  expect(shown).toMatchObject({ trialDays: 14, trialEnd: 'convert' });
});
