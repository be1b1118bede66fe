import nock from 'nock';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { AccountRef, PaymentProvider } from '../../../src/providers/port.ts';
import { createWhopProvider, type WhopProviderOptions } from '../../../src/providers/whop/whop-provider.ts';

export const apiKey = 'apik_platform_NotARealKey';
export const ownKey = 'apik_agency_NotARealKey';

export const platform: AccountRef = { id: 'biz_platform', platform: true };
/** Under the platform's company, so that the platform's key reaches it. */
export const child: AccountRef = { id: 'biz_child', platform: false };
/** Connected with a key of its own. */
export const independent: AccountRef = { id: 'biz_own', platform: false };

/** The capabilities that Whop has; a missing one fails the test that needs it. */
export function capabilities(provider: PaymentProvider) {
  const { accounts, catalog, checkout, payments, refunds, disputes } = provider;
  const { connect, ofKey, listen } = accounts;
  if (!catalog || !checkout || !payments || !connect || !ofKey || !listen || !refunds || !disputes) {
    throw new Error(`${provider.name} lacks a capability`);
  }
  return { accounts, connect, ofKey, listen, catalog, checkout, payments, refunds, disputes };
}

export const whopAt = (options: Partial<WhopProviderOptions> = {}) =>
  capabilities(
    createWhopProvider({
      apiKey,
      companyId: platform.id,
      livemode: true,
      keyOf: async (accountId) => (accountId === independent.id ? ownKey : null),
      ...options,
    }),
  );

/** Whop's API, for a call under a key and in the API version of the SDK's types; any other call finds nothing. */
export const api = (key = apiKey) =>
  nock('https://api.whop.com', {
    reqheaders: { authorization: `Bearer ${key}`, 'api-version-date': '2026-07-20' },
  });

export const page = (...data: readonly object[]) => ({ data, page_info: {} });

export async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome: unknown = await call.catch((error: unknown) => error);
  if (outcome instanceof ProviderError) return outcome;
  throw new Error('the call did not fail with a ProviderError', { cause: outcome });
}
