import { setTimeout as delay } from 'node:timers/promises';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import Stripe from 'stripe';
import { errorMessage } from '../errors.ts';
import { accountLinkRoutes } from './api/account-links.ts';
import { accountRoutes } from './api/accounts.ts';
import { applicationFeeRoutes } from './api/application-fees.ts';
import { chargeRoutes } from './api/charges.ts';
import { checkoutSessionRoutes } from './api/checkout-sessions.ts';
import { customerRoutes } from './api/customers.ts';
import { disputeRoutes } from './api/disputes.ts';
import { eventRoutes } from './api/events.ts';
import { invoiceRoutes } from './api/invoices.ts';
import { meterEventRoutes } from './api/meter-events.ts';
import { meterRoutes } from './api/meters.ts';
import { paymentIntentRoutes } from './api/payment-intents.ts';
import { paymentMethodRoutes } from './api/payment-methods.ts';
import { priceRoutes } from './api/prices.ts';
import { productRoutes } from './api/products.ts';
import { refundRoutes } from './api/refunds.ts';
import { setupIntentRoutes } from './api/setup-intents.ts';
import { subscriptionItemRoutes } from './api/subscription-items.ts';
import { subscriptionScheduleRoutes } from './api/subscription-schedules.ts';
import { subscriptionRoutes } from './api/subscriptions.ts';
import { taxRateRoutes } from './api/tax-rates.ts';
import { webhookEndpointRoutes } from './api/webhook-endpoints.ts';
import { keyOf } from './authentication.ts';
import type { Call, Transactions } from './call.ts';
import {
  accountInvalid,
  asFailure,
  authenticationFailed,
  invalidRequest,
  rateLimited,
  StripeFailure,
  serverError,
} from './failure.ts';
import type { ApiFault, FaultSwitch } from './faults.ts';
import { parseForm } from './form.ts';
import { fingerprintOf, type IdempotencyKeys, requireValidKey, type StoredReply } from './idempotency.ts';
import { newStripeId } from './identifiers.ts';
import type { Route } from './route.ts';
import type { Throttle } from './throttle.ts';

const routes: readonly Route[] = [
  ...accountRoutes,
  ...accountLinkRoutes,
  ...productRoutes,
  ...priceRoutes,
  ...taxRateRoutes,
  ...meterRoutes,
  ...meterEventRoutes,
  ...customerRoutes,
  ...checkoutSessionRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...setupIntentRoutes,
  ...chargeRoutes,
  ...refundRoutes,
  ...disputeRoutes,
  ...applicationFeeRoutes,
  ...subscriptionRoutes,
  ...subscriptionItemRoutes,
  ...subscriptionScheduleRoutes,
  ...invoiceRoutes,
  ...eventRoutes,
  ...webhookEndpointRoutes,
];

export interface StripeApiSetting {
  readonly secretKey: string;
  readonly platformId: string;
  readonly transactions: Transactions;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly faults: FaultSwitch;
  readonly throttle: Throttle;
  readonly logger: Logger;
}

const bodyLimit = '2mb';

const roots = ['/v1', '/v2'];

/** The provider's API under `/v1`, and what there is of `/v2`, as its official SDK calls it. Every refusal has an `error` key. */
export function stripeApi(setting: StripeApiSetting): Router {
  const router = express.Router();
  router.use(roots, express.text({ type: () => true, limit: bodyLimit }));
  for (const route of routes) {
    const handle = (request: Request, response: Response) => answer(setting, route, request, response);
    if (route.method === 'GET') router.get(route.path, handle);
    else if (route.method === 'POST') router.post(route.path, handle);
    else router.delete(route.path, handle);
  }
  router.use(roots, (request) => {
    authenticate(setting, request);
    throw new StripeFailure(404, {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${request.method}: ${request.originalUrl.split('?')[0]}).`,
    });
  });
  router.use(roots, (error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const known = asFailure(error);
    if (!known) setting.logger.error({ error: errorMessage(error) }, 'sandbox call failed');
    const failure = known ?? serverError();
    response.status(failure.status).json(failure.body);
  });
  return router;
}

function authenticate(setting: StripeApiSetting, request: Request): void {
  const key = keyOf(request);
  if (key === undefined) {
    throw authenticationFailed('You did not provide an API key. Send it as Authorization: Bearer YOUR_SECRET_KEY.');
  }
  if (key !== setting.secretKey) throw authenticationFailed(`Invalid API Key provided: ${key.slice(0, 7)}***`);
}

function requireVersion(request: Request): void {
  const version = request.get('stripe-version');
  if (version !== undefined && version !== Stripe.API_VERSION) {
    throw invalidRequest(`Invalid Stripe API version: ${version}. The sandbox speaks ${Stripe.API_VERSION} only.`);
  }
}

const cutConnection = (request: Request): void => {
  request.socket.destroy();
};

async function answer(setting: StripeApiSetting, route: Route, request: Request, response: Response): Promise<void> {
  const requestId = newStripeId('req');
  const key = request.get('idempotency-key');
  // Calls of the second version name the account by its context.
  const accountHeader = request.get('stripe-account') ?? request.get('stripe-context');
  const accountId = accountHeader ?? setting.platformId;
  response.set({ 'Request-Id': requestId, 'Stripe-Version': Stripe.API_VERSION });
  if (key !== undefined) response.set('Idempotency-Key', key);
  if (accountHeader !== undefined) response.set('Stripe-Account', accountHeader);

  authenticate(setting, request);
  requireVersion(request);
  const throttled = setting.throttle.refusal(accountId, `${route.method} ${route.path}`);
  if (throttled !== null) {
    response.set('Stripe-Rate-Limited-Reason', throttled);
    throw rateLimited();
  }
  const fault = setting.faults.takeApiFault({ accountId, method: request.method, path: request.path });
  if (fault?.delayMs !== undefined) await delay(fault.delayMs);
  if (fault?.cut === 'before') return cutConnection(request);
  if (fault?.status === 429) throw rateLimited();
  if (fault?.status === 500 && !fault.storeResult) throw serverError();

  const reply = await execute(setting, route, request, { accountId, key, requestId, fault });
  if (fault?.cut === 'after') return cutConnection(request);
  if (reply.replayed) response.set('Idempotent-Replayed', 'true');
  response.status(reply.status).json(reply.body);
}

interface Execution {
  readonly accountId: string;
  readonly key: string | undefined;
  readonly requestId: string;
  readonly fault: ApiFault | undefined;
}

function execute(
  setting: StripeApiSetting,
  route: Route,
  request: Request,
  { accountId, key, requestId, fault }: Execution,
): Promise<StoredReply> {
  const { transactions, idempotencyKeys } = setting;
  const body = typeof request.body === 'string' ? request.body : '';
  const form = route.method === 'POST' ? body : (request.originalUrl.split('?')[1] ?? '');
  const id = typeof request.params.id === 'string' ? request.params.id : '';
  const identity = { id: requestId, idempotencyKey: key ?? null };
  const connected =
    (work: (call: Call) => Promise<StoredReply>) =>
    (call: Call): Promise<StoredReply> => {
      if (!call.isConnected) throw accountInvalid(accountId);
      return work(call);
    };

  if (key === undefined || route.method !== 'POST') {
    const run = route.prepare(parseForm(form));
    const work = connected(async (call) => ({ ...(await run(call, id)), replayed: false }));
    return route.method === 'GET'
      ? transactions.read(accountId, identity, work)
      : transactions.run(accountId, identity, work);
  }
  requireValidKey(key);
  return idempotencyKeys.exclusively(accountId, key, () =>
    transactions.run(
      accountId,
      identity,
      connected((call) =>
        idempotencyKeys.run(call, key, fingerprintOf(request.method, request.path, body), async () => {
          const run = route.prepare(parseForm(form));
          if (fault?.status === 500) return { status: 500, body: serverError().body };
          return run(call, id);
        }),
      ),
    ),
  );
}
