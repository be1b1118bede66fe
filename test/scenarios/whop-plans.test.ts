import Whop from '@whop/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { createWhopSandboxClient } from '../../src/commands/whop-sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { goldInput } from '../unit/catalog/plans.ts';

let service: TestService;
let agency: { readonly id: string; readonly api: ApiClient };
let accountId: string;
/** With the agency's own key, as its owner would at Whop's console. */
let whop: Whop;
let companyId: string;

beforeAll(async () => {
  service = await startTestService();
  agency = await service.agency('Planner');
  const sandbox = createWhopSandboxClient(service.sandbox.url);
  const company = await sandbox.company('Planner');
  companyId = company.id;
  const body = { provider: 'whop', credentials: { apiKey: company.apiKey } };
  accountId = (await agency.api.send('POST', `/v1/agencies/${agency.id}/merchant-accounts`, created, { body })).id;
  const { apiBase } = await sandbox.access();
  whop = new Whop({ apiKey: company.apiKey, baseURL: `${apiBase}/api/v1`, maxRetries: 0, logLevel: 'off' });
});
afterAll(() => service.stop());

const statusAnswer = z.object({
  data: z.array(
    z.object({
      merchantAccountId: z.string(),
      status: z.string(),
      reason: z.string().nullable(),
      notices: z.array(z.string()),
    }),
  ),
});

async function statusOf(planId: string) {
  await service.idle();
  const { data } = await agency.api.get(`/v1/catalog/status?planId=${planId}`, statusAnswer);
  expect(data.map(({ merchantAccountId }) => merchantAccountId)).toEqual([accountId]);
  return data[0];
}

const findingsOf = async (planId: string) => {
  await agency.api.call('POST', '/v1/catalog/drift', { body: { merchantAccountId: accountId } });
  const findings = z.object({
    data: z.array(z.object({ id: z.string(), key: z.string().nullable(), problem: z.string() })),
    checks: z.array(z.object({ failure: z.string().nullable() })),
  });
  const { data, checks } = await agency.api.get(`/v1/catalog/drift?planId=${planId}`, findings);
  expect(checks.map(({ failure }) => failure)).toEqual([null]);
  return data;
};

const publish = async (name: string, change: object = {}): Promise<string> => {
  const body = { ...goldInput, name, tax: { name: 'GST', percent: '5', inclusive: false }, publish: true, ...change };
  return (await agency.api.send('POST', '/v1/plans', created, { body })).id;
};

/** Live plans of a product at Whop: what they cost, and for how many days. */
async function plansOf(planId: string) {
  const products = await whop.products.list({ account_id: companyId, first: 100 });
  const product = products.data.find(({ metadata }) => metadata?.baisa_plan === planId);
  if (!product) throw new Error(`Whop has no product of ${planId}`);
  const plans = await whop.plans.list({ account_id: companyId, product_ids: [product.id], first: 100 });
  return {
    product,
    live: plans.data.filter(({ visibility }) => visibility !== 'archived'),
    archived: plans.data.filter(({ visibility }) => visibility === 'archived'),
  };
}

const shown = (plans: readonly { billing_period: number | null; renewal_price: number; initial_price: number }[]) =>
  plans.map((plan) => [plan.billing_period, plan.renewal_price, plan.initial_price]).sort();

describe('a plan on an agency’s company at Whop', () => {
  it('is in sync there and nowhere else, with what its clients get instead of what Whop lacks', async () => {
    const planId = await publish('synced');
    expect(await statusOf(planId)).toMatchObject({
      status: 'in_sync',
      reason: null,
      notices: [
        expect.stringContaining('merchant of record'),
        expect.stringContaining('more of concurrency'),
        expect.stringContaining('No card is kept'),
        expect.stringContaining('schedules no changes'),
      ],
    });
    const { product, live } = await plansOf(planId);
    expect(product).toMatchObject({ title: 'Gold Tier', visibility: 'hidden' });
    expect(shown(live)).toEqual(
      [
        [30, 49, 0],
        [90, 139, 0],
        [365, 499, 0],
        [null, 0, 45],
      ].sort(),
    );
  });

  it('needs no second write, and shows no drift', async () => {
    const planId = await publish('settled');
    await statusOf(planId);
    const sync = z.object({ operations: z.array(z.unknown()) });
    expect((await agency.api.send('POST', '/v1/catalog/sync', sync, { body: { planId } })).operations).toEqual([]);
    expect(await findingsOf(planId)).toEqual([]);
  });

  it('at another price is another plan of Whop’s, and the old one is archived', async () => {
    const planId = await publish('dearer');
    await statusOf(planId);
    await agency.api.send('PATCH', `/v1/plans/${planId}`, z.unknown(), {
      body: { cycles: { ...goldInput.cycles, monthly: '59.00' } },
    });
    await agency.api.send('POST', `/v1/plans/${planId}/publish`, z.unknown(), {});
    expect((await statusOf(planId))?.status).toBe('in_sync');
    const { live, archived } = await plansOf(planId);
    expect(shown(live)).toContainEqual([30, 59, 0]);
    expect(shown(archived)).toEqual([[30, 49, 0]]);
    expect(await findingsOf(planId)).toEqual([]);
  });

  it('that somebody changed at Whop is found, and restored', async () => {
    const planId = await publish('edited');
    await statusOf(planId);
    const { product, live } = await plansOf(planId);
    await whop.products.update(product.id, { title: 'Cheap Tier' });
    const monthly = live.find(({ billing_period }) => billing_period === 30);
    await whop.plans.update(monthly?.id ?? '', { visibility: 'archived' });
    const findings = await findingsOf(planId);
    expect(findings.map(({ key, problem }) => `${key} ${problem}`).sort()).toEqual([
      'base:monthly archived',
      'product edited',
    ]);
    for (const { id } of findings) await agency.api.send('POST', `/v1/catalog/drift/${id}/restore`, z.unknown(), {});
    await service.idle();
    expect(await findingsOf(planId)).toEqual([]);
    const restored = await plansOf(planId);
    expect(restored.product.title).toBe('Gold Tier');
    expect(shown(restored.live)).toContainEqual([30, 49, 0]);
  });

  it('whose title Whop refuses is blocked, and says so', async () => {
    const planId = await publish('long', { displayName: 'Gold '.repeat(20).trim() });
    expect(await statusOf(planId)).toMatchObject({ status: 'blocked', reason: expect.stringContaining('title') });
  });
});
