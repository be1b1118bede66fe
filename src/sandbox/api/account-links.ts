import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { requireConnected } from '../connections.ts';
import { accountInvalid, invalidRequest } from '../failure.ts';
import { newLinkToken } from '../identifiers.ts';
import { parameters, type Rules, text, webAddress } from '../parameters.ts';
import { type Route, route } from '../route.ts';
import { loadAccount } from './accounts.ts';

const linkCreate = parameters({
  account: text,
  type: z.enum(['account_onboarding', 'account_update']),
  refresh_url: webAddress,
  return_url: webAddress,
  collection_options: z
    .strictObject({
      fields: z.enum(['currently_due', 'eventually_due']).optional(),
      future_requirements: z.enum(['include', 'omit']).optional(),
    } satisfies Rules<Stripe.AccountLinkCreateParams.CollectionOptions>)
    .optional(),
} satisfies Rules<Stripe.AccountLinkCreateParams>);

/** Stripe says only that links are short-lived; it tells the time in each. */
const lifetimeSeconds = 300;

async function createLink(call: Call, params: z.output<typeof linkCreate>): Promise<Stripe.AccountLink> {
  if (!call.onPlatform) throw invalidRequest('Only a platform can create account links.');
  if (params.account === call.account.id) throw accountInvalid(params.account);
  await requireConnected(call, params.account);
  const account = await loadAccount(call, params.account);
  if (params.type === 'account_update' && account.controller?.requirement_collection !== 'application') {
    throw invalidRequest(
      'You cannot create `account_update` type Account Links for accounts whose requirements Stripe collects.',
      { param: 'type' },
    );
  }
  const token = newLinkToken();
  const expiresAt = call.nowSeconds + lifetimeSeconds;
  call.store.save('onboarding_link', {
    id: token,
    created: call.nowSeconds,
    accountId: account.id,
    refreshUrl: params.refresh_url,
    returnUrl: params.return_url,
    expiresAt,
    visited: false,
    finished: false,
  });
  return {
    object: 'account_link',
    created: call.nowSeconds,
    expires_at: expiresAt,
    url: `${call.baseUrl}/connect/onboarding/${token}`,
  };
}

export const accountLinkRoutes: readonly Route[] = [route('POST', '/v1/account_links', linkCreate, createLink)];
