import type Stripe from 'stripe';
import { z } from 'zod';
import { able, capabilitiesOf, capabilityOf, notOnboarded, withStanding } from '../account-standing.ts';
import type { Call } from '../call.ts';
import { connect, requireConnected } from '../connections.ts';
import { countryOf, countrySpec } from '../countries.ts';
import { DocumentStore } from '../documents.ts';
import { accountInvalid, invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  emptyable,
  flag,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
  webAddress,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';

const businessProfile = z.strictObject({
  mcc: text.optional(),
  name: text.optional(),
  product_description: text.optional(),
  support_email: text.optional(),
  support_phone: text.optional(),
  url: webAddress.optional(),
} satisfies Rules<Stripe.AccountCreateParams.BusinessProfile>);

const controllerRule = z.strictObject({
  fees: z.strictObject({ payer: z.enum(['account', 'application']).default('account') }).prefault({}),
  losses: z.strictObject({ payments: z.enum(['stripe', 'application']).default('stripe') }).prefault({}),
  requirement_collection: z.enum(['stripe', 'application']).default('stripe'),
  stripe_dashboard: z.strictObject({ type: z.enum(['full', 'express', 'none']).default('full') }).prefault({}),
} satisfies Rules<Stripe.AccountCreateParams.Controller>);

const requested = z.strictObject({ requested: flag.optional() }).optional();

const accountCreate = parameters({
  business_profile: businessProfile.optional(),
  capabilities: z
    .strictObject({
      card_payments: requested,
      transfers: requested,
    } satisfies Rules<Stripe.AccountCreateParams.Capabilities>)
    .optional(),
  controller: controllerRule.optional(),
  country: text.optional(),
  email: text.optional(),
  metadata: emptyable(metadata).optional(),
  type: z.enum(['standard', 'express', 'custom', 'none']).optional(),
} satisfies Rules<Stripe.AccountCreateParams>);

type CreateRequest = z.output<typeof accountCreate>;

const accountUpdate = parameters({
  business_profile: businessProfile.optional(),
  email: text.optional(),
  metadata: emptyable(metadata).optional(),
} satisfies Rules<Stripe.AccountUpdateParams>);

const accountList = parameters({ ...paging, created: created.optional() } satisfies Rules<Stripe.AccountListParams>);

/** The type that Stripe answers for accounts that were made without one, by their dashboard. */
const typeOfDashboard = { full: 'standard', express: 'express', none: 'none' } as const;

const emptyProfile: Stripe.Account.BusinessProfile = {
  mcc: null,
  minority_owned_business_designation: null,
  name: null,
  product_description: null,
  specified_commercial_transactions_act_url: null,
  support_address: null,
  support_email: null,
  support_phone: null,
  support_url: null,
  url: null,
};

const mergeProfile = (
  current: Stripe.Account.BusinessProfile | null | undefined,
  change: z.output<typeof businessProfile> | undefined,
): Stripe.Account.BusinessProfile => ({
  ...emptyProfile,
  ...current,
  ...Object.fromEntries(Object.entries(change ?? {}).filter(([, value]) => value !== undefined)),
});

/** An account that can charge at once, in its country's currency. */
export function buildAccount(setting: {
  id: string;
  country: string;
  email: string | null;
  type: Stripe.Account.Type;
  metadata: Stripe.Metadata;
  createdSeconds: number;
}): Stripe.Account {
  const account: Stripe.Account = {
    id: setting.id,
    object: 'account',
    business_profile: emptyProfile,
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active' },
    country: setting.country,
    created: setting.createdSeconds,
    default_currency: countryOf(setting.country).settlement,
    details_submitted: true,
    charges_enabled: true,
    email: setting.email,
    metadata: setting.metadata,
    payouts_enabled: true,
    type: setting.type,
  };
  return withStanding(account, able);
}

/** Without `controller` the account is active at once; with it, it has to be onboarded before it can charge. */
function newAccount(call: Call, params: CreateRequest): Stripe.Account {
  const { controller } = params;
  const account = buildAccount({
    id: newStripeId('acct'),
    country: params.country ?? call.account.country ?? 'AE',
    email: params.email ?? null,
    type: controller ? typeOfDashboard[controller.stripe_dashboard.type] : (params.type ?? 'none'),
    metadata: mergeMetadata({}, params.metadata),
    createdSeconds: call.nowSeconds,
  });
  const described = { ...account, business_profile: mergeProfile(null, params.business_profile) };
  if (!controller) return described;
  return withStanding(
    {
      ...described,
      business_type: null,
      capabilities: capabilitiesAskedFor(params),
      controller: { ...controller, type: 'application', is_controller: true },
    },
    notOnboarded,
  );
}

/** Who has a dashboard of Stripe's asks for both unless told otherwise; without one they must be named. */
function capabilitiesAskedFor({ capabilities, controller }: CreateRequest): Stripe.Account.Capabilities {
  if (!capabilities) {
    if (controller?.stripe_dashboard.type !== 'none') return { card_payments: 'inactive', transfers: 'inactive' };
    throw invalidRequest('Accounts without a dashboard must request capabilities.', {
      code: 'parameter_missing',
      param: 'capabilities',
    });
  }
  return {
    ...(capabilities.card_payments?.requested ? { card_payments: 'inactive' } : {}),
    ...(capabilities.transfers?.requested ? { transfers: 'inactive' } : {}),
  };
}

function requirePlatform(call: Call): void {
  if (!call.onPlatform) throw invalidRequest('Only a platform can work with connected accounts.');
}

async function createAccount(call: Call, params: CreateRequest): Promise<Stripe.Account> {
  requirePlatform(call);
  if (params.controller && params.type !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: type, controller.', {
      code: 'parameters_exclusive',
      param: 'controller',
    });
  }
  const account = newAccount(call, params);
  call.on(account).store.save('account', account);
  connect(call, account);
  return account;
}

/** Throws 403 `account_invalid` for an account that is not here; whether it is connected is asked elsewhere. */
export async function loadAccount(call: Call, id: string): Promise<Stripe.Account> {
  const account = await new DocumentStore(call.store.client, id).find('account', id);
  if (!account) throw accountInvalid(id);
  return account;
}

/** Itself, or for the platform one that is connected to it. */
async function retrieveAccount(call: Call, id: string): Promise<Stripe.Account> {
  if (id === call.account.id) return call.account;
  if (!call.onPlatform) throw accountInvalid(id);
  await requireConnected(call, id);
  return loadAccount(call, id);
}

async function updateAccount(call: Call, params: z.output<typeof accountUpdate>, id: string): Promise<Stripe.Account> {
  requirePlatform(call);
  const own = call.on(await retrieveAccount(call, id));
  const account = await own.store.lock('account', id, 'account');
  const updated: Stripe.Account = {
    ...account,
    business_profile: mergeProfile(account.business_profile, params.business_profile),
    email: params.email ?? account.email ?? null,
    metadata: mergeMetadata(account.metadata ?? {}, params.metadata),
  };
  own.store.save('account', updated);
  own.emit('account.updated', updated, id);
  return updated;
}

async function listAccounts(call: Call, params: z.output<typeof accountList>): Promise<Stripe.ApiList<Stripe.Account>> {
  requirePlatform(call);
  const page = await listDocuments(call.store, 'connection', '/v1/accounts', params, { all: ['authorized:true'] });
  const { rows } = await call.store.client.query<{ id: string; body: Stripe.Account }>(
    `SELECT id, body FROM documents WHERE account = ANY($1) AND type = 'account' AND id = account`,
    [page.data.map(({ id }) => id)],
  );
  const bodies = new Map(rows.map(({ id, body }) => [id, body]));
  return { ...page, data: page.data.flatMap(({ id }) => bodies.get(id) ?? []) };
}

async function listCapabilities(call: Call, id: string): Promise<Stripe.ApiList<Stripe.Capability>> {
  const account = await retrieveAccount(call, id);
  return {
    object: 'list',
    data: capabilitiesOf(account).map((name) => capabilityOf(account, name)),
    has_more: false,
    url: `/v1/accounts/${id}/capabilities`,
  };
}

const collection = '/v1/accounts';

export const accountRoutes: readonly Route[] = [
  route('GET', '/v1/account', parameters({}), async (call) => call.account),
  route('POST', collection, accountCreate, createAccount),
  route('GET', collection, accountList, listAccounts),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) => retrieveAccount(call, id)),
  route('POST', `${collection}/:id`, accountUpdate, updateAccount),
  route('GET', `${collection}/:id/capabilities`, parameters({}), (call, _params, id) => listCapabilities(call, id)),
  route('GET', '/v1/country_specs/:id', parameters({}), async (_call, _params, id) => countrySpec(id)),
];
