import type { AccountRef, PaymentProvider } from '../port.ts';
import { createAccounts } from './accounts.ts';
import { createCheckout } from './checkout.ts';
import { createPayments } from './payments.ts';
import { createPrices } from './plans.ts';
import { createProducts } from './products.ts';
import { apiVersion, createWhopCalls, type WhopCallsOptions } from './whop-calls.ts';

export interface WhopProviderOptions extends WhopCallsOptions {
  /** The platform's own company, `biz_...`. */
  readonly companyId: string;
  /** Whether the host that is asked moves real money. */
  readonly livemode: boolean;
}

/**
 * Whop behind the port: SDK 0.0.42, in the one API version that its types describe. It counts in decimal major units and is merchant
 * of record; it holds nothing on cards, counts no usage and schedules no change of a subscription: those capabilities are absent.
 */
export function createWhopProvider(options: WhopProviderOptions): PaymentProvider {
  const calls = createWhopCalls(options);
  const products = createProducts(calls);
  const hasOwnKey = async ({ id, platform }: AccountRef): Promise<boolean> =>
    !platform && (await options.keyOf?.(id)) != null;
  return {
    name: 'whop',
    apiVersion,
    accounts: createAccounts(calls, { ...options, hasOwnKey }),
    catalog: { ...products.port, ...createPrices(calls, products.ids) },
    checkout: createCheckout(calls, { hasOwnKey }),
    payments: createPayments(calls),
  };
}
