import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { cards, type SandboxOnboarding } from '../../src/commands/sandbox-client.ts';
import type { TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';

export const accountAnswer = z.object({
  id: z.string(),
  providerAccountId: z.string(),
  status: z.enum(['onboarding', 'restricted', 'active', 'disconnected']),
  requirements: z.object({
    currentlyDue: z.array(z.string()),
    disabledReason: z.string().nullable(),
    deadline: z.string().nullable(),
  }),
  chargeCurrency: z.string(),
  effectiveCurrency: z.string(),
  currencyNotice: z.string().nullable(),
  chargeableCurrencies: z.array(z.string()),
  onboardingUrl: z.string().nullable().optional(),
});
export type AccountAnswer = z.output<typeof accountAnswer>;

const statusAnswer = z.object({
  data: z.array(
    z.object({
      planId: z.string(),
      merchantAccountId: z.string(),
      status: z.string(),
      reason: z.string().nullable(),
    }),
  ),
});
export type PlanStatus = z.output<typeof statusAnswer>['data'][number];

const money = z.object({ amount: z.string(), currency: z.string() });
export const revenueAnswer = z.object({
  totals: z.array(
    z.object({ currency: z.string(), gross: money, providerFee: money, platformShare: money, agencyShare: money }),
  ),
});

export interface ConnectedAgency {
  readonly id: string;
  readonly api: ApiClient;
  readonly account: AccountAnswer;
}

/** An agency, a platform's plan for it to resell, and what its provider and its clients do: over HTTP, as each of them would. */
export function agencyWorld(service: TestService) {
  const accountOf = async (agency: { id: string; api: ApiClient }): Promise<AccountAnswer> => {
    const { data } = await agency.api.get(
      `/v1/agencies/${agency.id}/merchant-accounts`,
      z.object({ data: z.array(accountAnswer) }),
    );
    const account = data.at(-1);
    if (!account) throw new Error('the agency has no account');
    return account;
  };

  const begin = async (name: string, body: object): Promise<ConnectedAgency> => {
    const agency = await service.agency(name);
    const account = await agency.api.send('POST', `/v1/agencies/${agency.id}/merchant-accounts`, accountAnswer, {
      body: { provider: 'stripe', ...body },
    });
    return { ...agency, account };
  };

  return {
    accountOf,
    begin,
    /** Creates an agency, connects an account and goes through the provider's form. */
    connect: async (name: string, body: object, outcome: SandboxOnboarding = 'complete'): Promise<ConnectedAgency> => {
      const agency = await begin(name, body);
      await service.sandbox.onboard(agency.account.providerAccountId, outcome);
      await service.idle();
      return { ...agency, account: await accountOf(agency) };
    },
    /** A plan of the platform's that agencies may sell: 70 % of what is net of 5 % tax is theirs. */
    platformPlan: async (name: string, agencies: readonly { readonly id: string }[]): Promise<string> => {
      const body = {
        ...payAsYouGoInput,
        name,
        type: 'revenue_sharing',
        tax: { name: 'GST', percent: '5', inclusive: true },
        revenueShare: { agencyPercent: '70' },
        publish: true,
      };
      const { id } = await service.api.send('POST', '/v1/plans', created, { body });
      for (const agency of agencies) {
        await service.api.send('PUT', `/v1/agencies/${agency.id}/offers`, z.unknown(), { body: { planIds: [id] } });
      }
      await service.idle();
      return id;
    },
    /** A client of the agency's that lives on the plan. */
    subscriber: async (agency: { readonly api: ApiClient }, planId: string): Promise<string> => {
      const customerId = await service.customer(agency.api);
      await agency.api.send('POST', `/v1/customers/${customerId}/subscription`, created, { body: { planId } });
      return customerId;
    },
    pay: async (customerId: string, amount = '5.00'): Promise<void> => {
      const { sessionId } = await service.startTopUp(customerId, amount);
      await service.sandbox.pay(sessionId, { card: cards.visa });
      await service.idle();
      await service.sandbox.advanceClock('2s');
    },
    /** Where a plan stands, by account. */
    statuses: async (api: ApiClient, planId: string): Promise<Readonly<Record<string, PlanStatus>>> => {
      const { data } = await api.get(`/v1/catalog/status?planId=${planId}`, statusAnswer);
      return Object.fromEntries(data.map((row) => [row.merchantAccountId, row]));
    },
    revenue: (api: ApiClient, agencyId: string) => api.get(`/v1/agencies/${agencyId}/revenue`, revenueAnswer),
  };
}
