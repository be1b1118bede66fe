import { z } from 'zod';
import type { AgencyAccounts } from '../../merchant-accounts/agency-accounts.ts';
import type { MerchantAccount } from '../../merchant-accounts/merchant-account.ts';
import { defineRoute, type Route } from '../route.ts';
import { country, currencyCode, id, isoTime } from '../schemas.ts';

export interface MerchantAccountRouteDependencies {
  readonly agencyAccounts: AgencyAccounts;
}

const usdRate = z
  .string()
  .regex(/^\d{1,7}(\.\d{1,4})?$/, 'A decimal number with at most four decimals, such as "0.385".')
  .refine((rate) => !/^0+(\.0+)?$/.test(rate), 'Must be above 0.')
  .meta({ description: 'Units of the charge currency per USD. The platform’s to set.', example: '0.385' });

const accountAnswer = z
  .object({
    id: id('merchantAccount'),
    agencyId: id('agency'),
    provider: z.enum(['stripe', 'whop']),
    providerAccountId: z.string().meta({ example: 'acct_1Mu7' }),
    status: z.enum(['onboarding', 'restricted', 'active', 'disconnected']).meta({
      description:
        '`onboarding`: the provider’s form is not finished. `restricted`: the provider holds charges back until it has what ' +
        '`requirements` names. `active`: it takes payments. `disconnected`: it no longer answers to us.',
    }),
    chargesEnabled: z.boolean(),
    payoutsEnabled: z.boolean(),
    requirements: z.object({
      currentlyDue: z.array(z.string()),
      pastDue: z.array(z.string()),
      pendingVerification: z.array(z.string()),
      disabledReason: z.string().nullable(),
      deadline: isoTime.nullable().meta({ description: 'When what is currently due turns charges or payouts off.' }),
    }),
    country: z.string(),
    chargeCurrency: z.string().meta({ description: 'What clients should be charged in.' }),
    usdRate: z.string(),
    effectiveCurrency: z
      .string()
      .meta({ description: 'What clients are charged in: USD where the account cannot charge more.' }),
    currencyNotice: z.string().nullable().meta({ description: 'Why the two differ, in plain words.' }),
    chargeableCurrencies: z.array(z.string()).meta({ description: 'What the provider lets this account charge.' }),
    dashboardUrl: z
      .string()
      .nullable()
      .meta({ description: 'The provider’s own pages of the account, for its owner.' }),
    webhookUrl: z.string().nullable().meta({
      description: 'Where a provider tells of this account alone (Whop). Null where one endpoint hears every account.',
    }),
    connectedAt: isoTime.nullable().meta({ description: 'When it could take payments for the first time.' }),
    disconnectedAt: isoTime.nullable(),
    createdAt: isoTime,
  })
  .meta({ id: 'MerchantAccount' });

const onboardingAnswer = accountAnswer
  .extend({
    onboardingUrl: z.string().nullable().meta({
      description:
        'Where the account’s owner gives the provider what it asks for. Works once, for minutes; null when nothing is asked.',
    }),
  })
  .meta({ id: 'OnboardingAccount' });

const credentials = z
  .strictObject({
    apiKey: z.string().trim().min(8).max(500),
    webhookSecret: z.string().trim().min(16).max(500).optional(),
  })
  .meta({
    description:
      'A key of the agency’s own company, kept sealed. Without `webhookSecret` the webhook is registered with the key; with it, the ' +
      'agency’s own webhook is to lead to `webhookUrl`.',
  });

const agencyParams = z.strictObject({ id: id('agency') });
const accountParams = z.strictObject({ id: id('agency'), accountId: id('merchantAccount') });
const tag = 'Merchant accounts';

/** The accounts at providers that an agency's clients pay into. */
export function createMerchantAccountRoutes({ agencyAccounts }: MerchantAccountRouteDependencies): Route[] {
  const json = (account: MerchantAccount) => ({
    id: account.id,
    agencyId: account.agencyId,
    provider: account.provider,
    providerAccountId: account.providerAccountId,
    status: account.status,
    chargesEnabled: account.chargesEnabled,
    payoutsEnabled: account.payoutsEnabled,
    requirements: {
      currentlyDue: [...account.requirements.currentlyDue],
      pastDue: [...account.requirements.pastDue],
      pendingVerification: [...account.requirements.pendingVerification],
      disabledReason: account.requirements.disabledReason,
      deadline: account.requirements.deadline?.toISOString() ?? null,
    },
    country: account.country,
    chargeCurrency: account.chargeCurrency,
    usdRate: account.usdRate.toString(),
    effectiveCurrency: account.effectiveCurrency,
    currencyNotice: account.effectiveReason,
    chargeableCurrencies: [...account.chargeableCurrencies],
    dashboardUrl: agencyAccounts.dashboardUrl(account),
    webhookUrl: agencyAccounts.webhookUrl(account),
    connectedAt: account.connectedAt?.toISOString() ?? null,
    disconnectedAt: account.disconnectedAt?.toISOString() ?? null,
    createdAt: account.createdAt.toISOString(),
  });
  const keyOf = ({ id: agencyId, accountId }: z.output<typeof accountParams>) => ({ agencyId, accountId });

  return [
    defineRoute({
      method: 'post',
      path: '/v1/agencies/:id/merchant-accounts',
      summary: 'Connect an account',
      description:
        'Makes an account at the provider and answers where its owner completes it; 200 with a new link while one is not ready. ' +
        '`providerAccountId` takes up an account that was connected before, with its history. `credentials` connects the account of ' +
        'a key of the agency’s own (Whop), and again replaces the key.',
      tag,
      roles: ['platform', 'agency'],
      params: agencyParams,
      body: z.strictObject({
        provider: z.enum(['stripe', 'whop']),
        country: country.optional(),
        chargeCurrency: currencyCode.optional(),
        usdRate: usdRate.optional(),
        providerAccountId: z.string().min(1).max(100).optional(),
        credentials: credentials.optional(),
      }),
      responses: { 200: onboardingAnswer, 201: onboardingAnswer },
      handle: async ({ scope, params, body, request }) => {
        const requestId = request.idempotency?.requestId;
        const { account, made, onboardingUrl } = await agencyAccounts.connect(scope, {
          ...body,
          agencyId: params.id,
          requestId,
        });
        return { status: made ? 201 : 200, body: { ...json(account), onboardingUrl } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/merchant-accounts',
      summary: 'List an agency’s accounts, oldest first',
      tag,
      roles: ['platform', 'agency'],
      params: agencyParams,
      responses: { 200: z.object({ data: z.array(accountAnswer), next: z.null() }) },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: { data: (await agencyAccounts.list(scope, params.id)).map(json), next: null },
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/merchant-accounts/:accountId',
      summary: 'Read an account',
      tag,
      roles: ['platform', 'agency'],
      params: accountParams,
      responses: { 200: accountAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: json(await agencyAccounts.get(scope, keyOf(params))),
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/agencies/:id/merchant-accounts/:accountId/onboarding-link',
      summary: 'Make a new onboarding link',
      tag,
      roles: ['platform', 'agency'],
      params: accountParams,
      responses: { 200: onboardingAnswer },
      handle: async ({ scope, params }) => {
        const { account, onboardingUrl } = await agencyAccounts.link(scope, keyOf(params));
        return { status: 200, body: { ...json(account), onboardingUrl } };
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/agencies/:id/merchant-accounts/:accountId',
      summary: 'Change what an account charges in',
      description: 'Open orders keep their terms; prices are published anew.',
      tag,
      roles: ['platform', 'agency'],
      params: accountParams,
      body: z.strictObject({ chargeCurrency: currencyCode.optional(), usdRate: usdRate.optional() }),
      responses: { 200: accountAnswer },
      handle: async ({ scope, params, body }) => ({
        status: 200,
        body: json(await agencyAccounts.changeTerms(scope, keyOf(params), body)),
      }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/agencies/:id/merchant-accounts/:accountId',
      summary: 'Disconnect an account',
      description: 'Nothing new is sold on it; what was sold, and its history, stay.',
      tag,
      roles: ['platform', 'agency'],
      params: accountParams,
      responses: { 204: z.undefined() },
      handle: async ({ scope, params }) => {
        await agencyAccounts.disconnect(scope, keyOf(params));
        return { status: 204, body: undefined };
      },
    }),
  ];
}
