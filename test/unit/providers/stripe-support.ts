import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { AccountRef, CheckoutPort, PaymentProvider } from '../../../src/providers/port.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';

/** Shaped like a key, so that a leak of it is a leak of a key. */
export const apiKey = 'sk_test_51NotARealKeyButShapedLikeOne';

export const platform: AccountRef = { id: 'acct_platform', platform: true };
export const connected: AccountRef = { id: 'acct_agency', platform: false };

/** The capabilities that Stripe has; a missing one fails the test that needs it. */
export function capabilities(provider: PaymentProvider) {
  const { accounts, catalog, checkout, payments, webhookEndpoints } = provider;
  const { refunds, disputes, fees, balance, events } = provider;
  const { taxRates, meters } = catalog ?? {};
  if (!catalog || !taxRates || !meters || !checkout || !payments || !webhookEndpoints) {
    throw new Error(`${provider.name} lacks a capability`);
  }
  if (!refunds || !disputes || !fees || !balance || !events) throw new Error(`${provider.name} gives no money back`);
  const reversals = { refunds, disputes, fees, balance, events };
  return { accounts, catalog, taxRates, meters, checkout, payments, webhookEndpoints, ...reversals };
}

/** Without the SDK's own tries, unless told: one answer, one outcome. */
export const stripeAt = (options: { apiBase?: string; timeoutMs?: number; maxNetworkRetries?: number } = {}) =>
  capabilities(createStripeProvider({ apiKey, maxNetworkRetries: 0, ...options }));

export async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome: unknown = await call.catch((error: unknown) => error);
  if (outcome instanceof ProviderError) return outcome;
  throw new Error('the call did not fail with a ProviderError', { cause: outcome });
}

export const aWrite = (checkout: CheckoutPort, idempotencyKey = 'op:1'): Promise<unknown> =>
  checkout.createCustomer(
    platform,
    { customerId: 'cus_1', name: 'Salma', email: 'salma@example.com' },
    { idempotencyKey },
  );

export interface LocalServer {
  readonly url: string;
  readonly requests: () => number;
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server on a free port, for what an interceptor inside the process cannot do to a connection. */
export async function serve(answer: Answer): Promise<LocalServer> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    answer(request, response, await text(request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
