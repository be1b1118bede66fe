import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { countryOf, countrySpec } from '../countries.ts';
import { DocumentStore } from '../documents.ts';
import { accountInvalid } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { emptyable, flag, mergeMetadata, metadata, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

/** A new account that can charge at once: the sandbox has no onboarding. */
export function buildAccount(setting: {
  id: string;
  country: string;
  email: string | null;
  type: Stripe.Account.Type;
  metadata: Stripe.Metadata;
  createdSeconds: number;
}): Stripe.Account {
  return {
    id: setting.id,
    object: 'account',
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    country: setting.country,
    created: setting.createdSeconds,
    default_currency: countryOf(setting.country).settlement,
    details_submitted: true,
    email: setting.email,
    metadata: setting.metadata,
    payouts_enabled: true,
    type: setting.type,
  };
}

const accountCreate = parameters({
  country: text.optional(),
  email: text.optional(),
  type: z.enum(['standard', 'express', 'custom', 'none']).optional(),
  metadata: emptyable(metadata).optional(),
  controller: z
    .strictObject({
      fees: z.strictObject({ payer: text.optional() }).optional(),
      losses: z.strictObject({ payments: text.optional() }).optional(),
      requirement_collection: text.optional(),
      stripe_dashboard: z.strictObject({ type: text.optional() }).optional(),
    } satisfies Rules<Stripe.AccountCreateParams.Controller>)
    .optional(),
  capabilities: z
    .strictObject({
      card_payments: z.strictObject({ requested: flag.optional() }).optional(),
      transfers: z.strictObject({ requested: flag.optional() }).optional(),
    } satisfies Rules<Stripe.AccountCreateParams.Capabilities>)
    .optional(),
} satisfies Rules<Stripe.AccountCreateParams>);

async function createAccount(call: Call, params: z.output<typeof accountCreate>): Promise<Stripe.Account> {
  const account = buildAccount({
    id: newStripeId('acct'),
    country: params.country ?? call.account.country ?? 'AE',
    email: params.email ?? null,
    type: params.type ?? 'none',
    metadata: mergeMetadata({}, params.metadata),
    createdSeconds: call.nowSeconds,
  });
  const own = new DocumentStore(call.store.client, account.id);
  own.save('account', account);
  await own.flush();
  return account;
}

async function retrieveAccount(call: Call, id: string): Promise<Stripe.Account> {
  if (id !== call.account.id && !call.onPlatform) throw accountInvalid(id);
  const account = await new DocumentStore(call.store.client, id).find('account', id);
  if (!account) throw accountInvalid(id);
  return account;
}

export const accountRoutes: readonly Route[] = [
  route('GET', '/v1/account', parameters({}), async (call) => call.account),
  route('GET', '/v1/accounts/:id', parameters({}), (call, _params, id) => retrieveAccount(call, id)),
  route('POST', '/v1/accounts', accountCreate, createAccount),
  route('GET', '/v1/country_specs/:id', parameters({}), async (_call, _params, id) => countrySpec(id)),
];
