import { z } from 'zod';
import { offeredPlanSchema } from '../../src/catalog/offered-plan.ts';
import type { PlanDocumentInput } from '../../src/catalog/plan-document.ts';
import { type PlanView, planViewSchema } from '../../src/catalog/plan-view.ts';
import { type ApiClient, problemSchema } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

const offersSchema = z.object({ planIds: z.array(z.string()), source: z.string(), plansPage: z.boolean() });

const remoteProduct = z.looseObject({ name: z.string(), description: z.string().nullable(), active: z.boolean() });
const remotePrices = z.object({
  data: z.array(
    z.looseObject({
      currency: z.string(),
      unit_amount: z.int().nullable(),
      active: z.boolean(),
      recurring: z.looseObject({ interval: z.string(), interval_count: z.int() }).nullable(),
    }),
  ),
});

export type PlanBody = Partial<PlanDocumentInput> & { readonly publish?: boolean };

/** A fixed plan of one price; a scenario says what else it is about. */
const plain = {
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly: '49.00' },
  currency: 'USD',
} satisfies PlanBody;

/** An agency that makes and sells plans, over HTTP, and what its clients and its provider see of them. */
export interface PlanWorld {
  readonly service: TestService;
  readonly agencyId: string;
  readonly agency: ApiClient;
  client(): Promise<string>;
  /** A published plan of the agency's, unless the body says otherwise. Its name is `name` and, where none is given, its display name. */
  plan(name: string, body?: PlanBody): Promise<PlanView>;
  read(planId: string): Promise<PlanView>;
  change(planId: string, body: PlanBody): Promise<PlanView>;
  turn(
    planId: string,
    turn: 'enable' | 'disable' | 'archive' | 'hide' | 'show' | 'publish' | 'duplicate',
  ): Promise<PlanView>;
  list(query?: string): Promise<readonly PlanView[]>;
  /** The display names that a client is shown. */
  shown(customerId: string): Promise<readonly string[]>;
  shownPlans(customerId: string): Promise<readonly z.output<typeof offeredPlanSchema>[]>;
  offer(customerId: string, planIds: readonly string[]): Promise<z.output<typeof offersSchema>>;
  offers(customerId: string): Promise<z.output<typeof offersSchema>>;
  /** The code and sentence of a refusal. Throws where there is none. */
  refused(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly code: string }>;
  /** The plan at the provider, once everything due is done. */
  remote(planId: string): Promise<{
    readonly product: z.output<typeof remoteProduct>;
    /** Of live recurring prices, such as `18.870 OMR each month`. */
    readonly prices: readonly string[];
  }>;
}

/** The account of the tests charges rials, of which the provider counts thousandths. */
const priceText = ({ currency, unit_amount, recurring }: z.output<typeof remotePrices>['data'][number]): string => {
  const count = recurring?.interval_count ?? 1;
  const period = count === 1 ? recurring?.interval : `${count} ${recurring?.interval}s`;
  return `${((unit_amount ?? 0) / 1000).toFixed(3)} ${currency.toUpperCase()} each ${period}`;
};

export async function startPlanWorld(): Promise<PlanWorld> {
  const service = await startTestService();
  const { id: agencyId, api: agency } = await service.agency('Plans');
  const shownPlans: PlanWorld['shownPlans'] = (customerId) =>
    agency.all(`/v1/customers/${customerId}/plans`, offeredPlanSchema);

  return {
    service,
    agencyId,
    agency,
    client: () => service.customer(agency),
    plan: (name, body = {}) =>
      agency.send('POST', '/v1/plans', planViewSchema, {
        body: { ...plain, name, displayName: name, publish: true, ...body },
      }),
    read: (planId) => agency.get(`/v1/plans/${planId}`, planViewSchema),
    change: (planId, body) => agency.send('PATCH', `/v1/plans/${planId}`, planViewSchema, { body }),
    turn: (planId, turn) => agency.send('POST', `/v1/plans/${planId}/${turn}`, planViewSchema),
    list: (query = '') => agency.all(`/v1/plans${query}`, planViewSchema),
    shown: async (customerId) => (await shownPlans(customerId)).map(({ displayName }) => displayName),
    shownPlans,
    offer: (customerId, planIds) =>
      agency.send('PUT', `/v1/customers/${customerId}/offers`, offersSchema, { body: { planIds } }),
    offers: (customerId) => agency.get(`/v1/customers/${customerId}/offers`, offersSchema),
    refused: async (method, path, body) => {
      const { status, body: answer } = await agency.call(method, path, body === undefined ? {} : { body });
      return { status, code: problemSchema.parse(answer).code };
    },
    remote: async (planId) => {
      await service.idle();
      const product = await service.sandbox.provider(`/v1/products/baisa_${planId}`, remoteProduct);
      const path = `/v1/prices?limit=100&active=true&product=baisa_${planId}`;
      const { data } = await service.sandbox.provider(path, remotePrices);
      return { product, prices: data.filter(({ recurring }) => recurring !== null).map(priceText) };
    },
  };
}
