import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldInput, payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { type Answered, type Service, startService } from '../http/tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const call = (method: string, path: string, body?: object, key = service.first.key): Promise<Answered> =>
  service.call(method, path, { key, ...(body === undefined ? {} : { body }) });
const publish = async (name: string, change: object = {}): Promise<string> => {
  const answer = await call('POST', '/v1/plans', { ...payAsYouGoInput, name, publish: true, ...change });
  expect(answer).toMatchObject({ status: 201 });
  return String(answer.body.id);
};
const newClient = async (): Promise<string> => {
  const { body } = await call('POST', '/v1/customers', { name: 'Client', email: 'client@example.com' });
  return `/v1/customers/${String(body.id)}`;
};

describe('over HTTP', () => {
  test('a subscription is started, read, and ended, and nothing is answered that was not declared', async () => {
    const [client, planId] = [await newClient(), await publish('payg')];
    expect(await call('GET', `${client}/subscription`)).toMatchObject({
      status: 404,
      body: { code: 'no_subscription' },
    });
    const started = await call('POST', `${client}/subscription`, { planId });
    expect(started.status).toBe(201);
    expect(started.body).toEqual({
      id: expect.stringMatching(/^sub_/),
      customerId: client.split('/').at(-1),
      planId,
      planVersion: 1,
      displayName: 'Pay as you go',
      pricingModel: 'pay_as_you_go',
      status: 'active',
      pauseReason: null,
      collection: 'none',
      cycle: null,
      addOns: {},
      merchantAccountId: null,
      periodStart: null,
      periodEnd: null,
      trialEndsAt: null,
      cancelAt: null,
      pendingChange: null,
      startedAt: service.clock.now().toISOString(),
      endedAt: null,
    });
    expect(await call('POST', `${client}/subscription`, { planId })).toMatchObject({ status: 200, body: started.body });
    expect(await call('GET', `${client}/subscription`)).toMatchObject({ status: 200, body: started.body });

    const over = { ...started.body, status: 'canceled', endedAt: service.clock.now().toISOString() };
    expect(await call('POST', `${client}/subscription/cancel`)).toMatchObject({ status: 200, body: over });
    expect(await call('GET', `${client}/subscription`)).toMatchObject({ status: 200, body: over });
    expect(await call('POST', `${client}/subscription/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'subscription_over' },
    });
  });

  test('another plan beside a live one, and a plan with a base fee, are refused with a sentence that says what to do', async () => {
    const [client, first, second] = [await newClient(), await publish('first'), await publish('second')];
    const fixed = await call('POST', '/v1/plans', { ...goldInput, name: 'fixed', publish: true });
    expect(await call('POST', `${client}/subscription`, { planId: fixed.body.id })).toMatchObject({
      status: 422,
      body: { code: 'cycle_required', errors: [{ path: 'cycle' }] },
    });
    await call('POST', `${client}/subscription`, { planId: first });
    expect(await call('POST', `${client}/subscription`, { planId: second })).toMatchObject({
      status: 409,
      body: { code: 'subscription_exists', detail: expect.stringContaining('cancel that subscription first') },
    });
  });

  test('an agency reads the limits of its own plan, and null where it has none', async () => {
    const agencyId = service.first.agency.id;
    expect(await call('GET', `/v1/agencies/${agencyId}/limits`)).toMatchObject({ status: 200, body: { value: null } });

    const plan = { ...payAsYouGoInput, name: 'reseller', limits: { maxConcurrency: 40 }, publish: true };
    const planId = (await service.call('POST', '/v1/plans', { body: plan })).body.id;
    const { body } = await service.call('GET', `/v1/agencies/${agencyId}`);
    await service.call('POST', `/v1/customers/${String(body.customerId)}/subscription`, { body: { planId } });
    expect(await call('GET', `/v1/agencies/${agencyId}/limits`)).toMatchObject({
      status: 200,
      body: { planId, version: 1, limits: { maxConcurrency: 40 }, recurring: [] },
    });
    expect(await call('GET', `/v1/agencies/${agencyId}/limits`, undefined, service.second.key)).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  test('a plan with a live subscription cannot be deleted, and archiving it leaves the subscription as it is', async () => {
    const [client, planId] = [await newClient(), await publish('used')];
    const started = await call('POST', `${client}/subscription`, { planId });
    expect(await call('DELETE', `/v1/plans/${planId}`)).toMatchObject({
      status: 409,
      body: { code: 'plan_in_use', detail: expect.stringContaining('live subscriptions: 1') },
    });
    expect(await call('POST', `/v1/plans/${planId}/archive`)).toMatchObject({ status: 200 });
    expect(await call('GET', `${client}/subscription`)).toMatchObject({ status: 200, body: started.body });
    await call('POST', `${client}/subscription/cancel`);
    expect(await call('DELETE', `/v1/plans/${planId}`)).toMatchObject({ status: 204 });
  });
});
