import Stripe from 'stripe';
import { SettingError } from '../../errors.ts';
import type { PaymentProvider } from '../port.ts';
import { createAccounts } from './accounts.ts';
import { createBalance } from './balance.ts';
import { createCards } from './cards.ts';
import { createCatalog } from './catalog.ts';
import { createCheckout } from './checkout.ts';
import { createDisputes } from './disputes.ts';
import { createEvents } from './events.ts';
import { createFees } from './fees.ts';
import { createHolds } from './holds.ts';
import { createInvoices } from './invoices.ts';
import { createMetering } from './metering.ts';
import { createOffSession } from './off-session.ts';
import { createPayments } from './payments.ts';
import { createRefunds } from './refunds.ts';
import { createStripeCalls } from './stripe-calls.ts';
import { createSubscriptions } from './subscriptions.ts';
import { StripeTransport } from './transport.ts';
import { createWebhookEndpoints } from './webhook-endpoints.ts';

export interface StripeProviderOptions {
  readonly apiKey: string;
  /** The platform's own `ca_...`: with it an account can be disconnected from our side. */
  readonly clientId?: string | undefined;
  /** Another host that speaks Stripe's API, e.g. `http://127.0.0.1:8420`. Default: Stripe. */
  readonly apiBase?: string | undefined;
  /** Of one try, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first, all under one idempotency key, that the SDK makes by itself. */
  readonly maxNetworkRetries?: number | undefined;
}

function hostOf(apiBase: string | undefined): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> {
  if (apiBase === undefined) return {};
  const base = URL.parse(apiBase);
  const protocol = base?.protocol === 'http:' ? 'http' : 'https';
  if (!base || `${protocol}:` !== base.protocol || base.pathname !== '/') {
    throw new SettingError(`STRIPE_API_BASE must be a bare http or https address such as http://127.0.0.1:8420.`);
  }
  // A URL writes an IPv6 address in brackets; a socket wants it bare.
  return {
    host: base.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: base.port || (protocol === 'http' ? 80 : 443),
    protocol,
  };
}

/** Stripe behind the port: SDK 23, in the one API version that its types describe. */
export function createStripeProvider(options: StripeProviderOptions): PaymentProvider {
  const stripe = new Stripe(options.apiKey, {
    apiVersion: Stripe.API_VERSION,
    // On, it writes to the home folder and reports on the machine.
    telemetry: false,
    appInfo: { name: 'Baisa' },
    timeout: options.timeoutMs ?? 20_000,
    maxNetworkRetries: options.maxNetworkRetries ?? 2,
    httpClient: new StripeTransport(),
    ...hostOf(options.apiBase),
  });
  const calls = createStripeCalls(options.apiKey);
  const subscriptions = createSubscriptions(stripe, calls);
  return {
    name: 'stripe',
    apiVersion: Stripe.API_VERSION,
    accounts: createAccounts(stripe, calls, {
      livemode: /^[a-z]+_live_/.test(options.apiKey),
      clientId: options.clientId,
    }),
    catalog: createCatalog(stripe, calls),
    checkout: createCheckout(stripe, calls),
    payments: createPayments(stripe, calls),
    cards: createCards(stripe, calls),
    holds: createHolds(stripe, calls),
    offSession: createOffSession(stripe, calls),
    subscriptions,
    cardSubscriptions: subscriptions,
    schedules: subscriptions,
    refunds: createRefunds(stripe, calls),
    disputes: createDisputes(stripe, calls),
    fees: createFees(stripe, calls),
    balance: createBalance(stripe, calls),
    events: createEvents(stripe, calls),
    invoices: createInvoices(stripe, calls),
    metering: createMetering(stripe, calls),
    webhookEndpoints: createWebhookEndpoints(stripe, calls),
  };
}
