import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { errorMessage } from '../../errors.ts';
import { accountRoutes } from './api/accounts.ts';
import { checkoutRoutes } from './api/checkouts.ts';
import { membershipRoutes } from './api/memberships.ts';
import { paymentRoutes } from './api/payments.ts';
import { planRoutes } from './api/plans.ts';
import { productRoutes } from './api/products.ts';
import { reversalRoutes } from './api/reversals.ts';
import { webhookRoutes } from './api/webhooks.ts';
import type { WhopTransactions } from './call.ts';
import { asWhopFailure, badRequest, WhopFailure } from './failure.ts';
import type { WhopFaultSwitch } from './faults.ts';
import { fingerprintOf, once } from './idempotency.ts';
import type { WhopRoute } from './route.ts';

const routes: readonly WhopRoute[] = [
  ...accountRoutes,
  ...productRoutes,
  ...planRoutes,
  ...checkoutRoutes,
  ...paymentRoutes,
  ...reversalRoutes,
  ...membershipRoutes,
  ...webhookRoutes,
];

/** The one version whose shapes this sandbox has. */
const apiVersion = '2026-07-20';

export interface WhopApiSetting {
  readonly pool: Pool;
  readonly transactions: WhopTransactions;
  readonly faults: WhopFaultSwitch;
  readonly logger: Logger;
}

/** Whop's API under `/whop/api/v1`, as its official SDK calls it. */
export function whopApi(setting: WhopApiSetting): Router {
  const router = express.Router();
  router.use(express.json({ limit: '1mb', strict: false, type: () => true }));
  const mount = { GET: 'get', POST: 'post', PATCH: 'patch', DELETE: 'delete' } as const;
  for (const route of routes) {
    router[mount[route.method]](route.path, (request: Request, response: Response) =>
      answer(setting, route, request, response),
    );
  }
  router.use((request: Request) => {
    throw new WhopFailure(404, 'not_found', `No such address: ${request.method} ${request.path}`);
  });
  router.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const known = asWhopFailure(error);
    if (!known) setting.logger.error({ error: errorMessage(error) }, 'sandbox call failed');
    const failure = known ?? new WhopFailure(500, 'internal_server_error', 'The sandbox failed; see its log.');
    response.status(failure.status).json(failure.body);
  });
  return router;
}

/** The account of the key. Throws 401. */
async function authenticate(pool: Pool, request: Request): Promise<string> {
  const key = /^Bearer (.+)$/.exec(request.get('authorization') ?? '')?.[1];
  const { rows } = await pool.query<{ account: string }>('SELECT account FROM whop_keys WHERE key = $1', [key ?? '']);
  const found = rows[0];
  if (found) return found.account;
  throw new WhopFailure(401, 'unauthorized', 'The API key is missing or wrong.');
}

const cutConnection = (request: Request): void => {
  request.socket.destroy();
};

async function answer(
  { pool, transactions, faults }: WhopApiSetting,
  route: WhopRoute,
  request: Request,
  response: Response,
): Promise<void> {
  const caller = await authenticate(pool, request);
  const version = request.get('api-version-date');
  if (version !== apiVersion) throw badRequest(`Api-Version-Date: this sandbox speaks ${apiVersion} only`);
  const fault = faults.takeApiFault(request.method, request.path);
  if (fault?.cut === 'before') return cutConnection(request);
  if (fault?.status === 429) throw new WhopFailure(429, 'too_many_requests', 'Too many requests.');
  if (fault?.status === 500) throw new WhopFailure(500, 'internal_server_error', 'Something went wrong.');

  const key = request.get('idempotency-key');
  const body: unknown = request.body;
  const query = new URLSearchParams(request.originalUrl.split('?')[1] ?? '');
  const id = typeof request.params.id === 'string' ? request.params.id : '';
  const reply = await transactions.run(caller, async (call) => {
    const run = async () => ({ status: 200, body: await route.run(call, { id, query, body }) });
    return key === undefined || route.method === 'GET' || route.forgetsKeys
      ? run()
      : once(call, key, fingerprintOf(request.method, request.path, body), run);
  });
  if (fault?.cut === 'after') return cutConnection(request);
  response.status(reply.status).json(reply.body);
}
