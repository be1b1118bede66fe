import type { AccountRef, PaymentProvider } from '../port.ts';
import { createAccounts } from './accounts.ts';
import { createCheckout } from './checkout.ts';
import { createDisputes } from './disputes.ts';
import { createInvoices } from './invoices.ts';
import { createPayments } from './payments.ts';
import { createPrices } from './plans.ts';
import { createProducts } from './products.ts';
import { createRefunds } from './refunds.ts';
import { createSubscriptions } from './subscriptions.ts';
import { apiVersion, createWhopCalls, type WhopCallsOptions } from './whop-calls.ts';

export interface WhopProviderOptions extends WhopCallsOptions {
  /** The platform's own company, `biz_...`. */
  readonly companyId: string;
  /** Whether the host that is asked moves real money. */
  readonly livemode: boolean;
}

/**
 * Whop behind the port: SDK 0.0.42, in the one API version that its types describe. It counts in decimal major units and is merchant
 * of record; it shows no entries of its balance and keeps no log of events, holds nothing on cards, counts no usage, subscribes nobody by a saved card and schedules no change: those capabilities
 * are absent.
 */
export function createWhopProvider(options: WhopProviderOptions): PaymentProvider {
  const calls = createWhopCalls(options);
  const products = createProducts(calls);
  const hasOwnKey = async ({ id, platform }: AccountRef): Promise<boolean> =>
    !platform && (await options.keyOf?.(id)) != null;
  const checkout = createCheckout(calls, { hasOwnKey });
  return {
    name: 'whop',
    apiVersion,
    accounts: createAccounts(calls, { ...options, hasOwnKey }),
    catalog: { ...products.port, ...createPrices(calls, products.ids) },
    checkout,
    payments: createPayments(calls),
    refunds: createRefunds(calls),
    disputes: createDisputes(calls),
    subscriptions: createSubscriptions(calls, checkout),
    invoices: createInvoices(calls),
  };
}
