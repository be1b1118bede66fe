import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import Stripe from 'stripe';
import type { MovableClock } from '../clock.ts';
import { createPool } from '../database/pool.ts';
import { errorMessage } from '../errors.ts';
import { buildAccount } from './api/accounts.ts';
import { buildEndpoint } from './api/webhook-endpoints.ts';
import { Transactions } from './call.ts';
import { CardSwitches } from './card-switches.ts';
import { Challenges } from './challenges.ts';
import { type ClockListener, ClockMover, type ClockMoverSetting } from './clock-mover.ts';
import { clientIdOf } from './connections.ts';
import { controlRoutes } from './control-routes.ts';
import { Deliverer } from './deliverer.ts';
import { DocumentStore } from './documents.ts';
import { DueWork } from './due-work.ts';
import { findEndpointByUrl, saveEndpoint } from './endpoints.ts';
import { FaultSwitch } from './faults.ts';
import { localOnly } from './guards.ts';
import { HostedInvoices } from './hosted-invoices.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { newStripeId } from './identifiers.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { Onboarding } from './onboarding.ts';
import { onboardingRoutes } from './onboarding-routes.ts';
import { payRoutes } from './pay-routes.ts';
import { createTables, readState, writeState } from './schema.ts';
import { SessionPayment } from './session-payment.ts';
import { stripeApi } from './stripe-api.ts';
import { Throttle } from './throttle.ts';
import { newApiKey } from './whop/ids.ts';
import { startWhopSandbox, type WhopSandbox } from './whop/whop-sandbox.ts';

export interface SandboxOptions {
  /** A PostgreSQL database of the sandbox's own; it makes its tables in it. */
  readonly databaseUrl: string;
  /** Shared with the service. Its offset is kept in the database and restored at start. */
  readonly clock: MovableClock;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The one secret key that the API accepts. */
  readonly secretKey: string;
  /** The key of the platform's company at the local Whop; one that nobody knows unless given. */
  readonly whopApiKey?: string;
  /** Of the platform's account, when it is first made; ISO 3166, `AE` unless given. */
  readonly country?: string;
  readonly logger: Logger;
  /** Calls per second and account (Stripe: 100 live, 25 in a test account); no limit unless given. */
  readonly throttlePerSecond?: number | undefined;
  /** Calls per second, account and endpoint (Stripe: 25); no limit unless given. */
  readonly endpointThrottlePerSecond?: number | undefined;
}

export interface EndpointRegistration {
  readonly url: string;
  readonly secret: string;
  readonly enabledEvents: readonly string[];
  readonly connect?: boolean;
  readonly apiVersion?: string;
}

export interface Sandbox {
  readonly url: string;
  readonly port: number;
  /** The platform's `acct_...`, the same over restarts. */
  readonly accountId: string;
  /** The `ca_...` of the platform's Connect integration, for OAuth calls. */
  readonly clientId: string;
  /** The local Whop, on the same port. */
  readonly whop: Omit<WhopSandbox, 'routes' | 'close' | 'settled' | 'nextDue' | 'runDue'>;
  /** Registers an endpoint with a known secret, or points the one of this url at new settings. */
  ensureWebhookEndpoint(endpoint: EndpointRegistration): Promise<void>;
  /**
   * Called as the clock moves, once a day at least and at the end, after what fell due here was done and delivered; also
   * at every moment that `nextDue` answers.
   */
  onClockMoved(turn: ClockListener['turn'], nextDue?: ClockListener['nextDue']): void;
  /** Resolves when no delivery is in flight or due. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const poolSize = 10;

/** Starts the local provider. What an earlier one left undone in the same database (deliveries, expiries) goes on. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, logger } = options;
  const pool = createPool(options.databaseUrl, poolSize, (error) =>
    logger.warn({ error: errorMessage(error) }, 'sandbox lost a database connection'),
  );
  try {
    await createTables(pool);
    const accountId = await ensurePlatform(pool, clock, options.country ?? 'AE');
    return await serve(options, pool, accountId);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function ensurePlatform(pool: Pool, clock: MovableClock, country: string): Promise<string> {
  const existing = await readState(pool, 'platform_account');
  if (existing !== undefined) return existing;
  const account = buildAccount({
    id: newStripeId('acct'),
    country,
    email: null,
    type: 'standard',
    metadata: {},
    createdSeconds: Math.floor(clock.now().getTime() / 1000),
  });
  const client = await pool.connect();
  try {
    const store = new DocumentStore(client, account.id);
    store.save('account', account);
    await store.flush();
  } finally {
    client.release();
  }
  await writeState(pool, 'platform_account', account.id);
  return account.id;
}

const earliest = (a: Date | undefined, b: Date | undefined): Date | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

async function serve(options: SandboxOptions, pool: Pool, accountId: string): Promise<Sandbox> {
  const { clock, logger, host } = options;
  const faults = new FaultSwitch();
  const deliverer = new Deliverer({ pool, clock, faults, logger });
  let url = '';
  const transactions: Transactions = new Transactions({
    pool,
    clock,
    faults,
    platformId: accountId,
    baseUrl: () => url,
    onCommitted: ({ emitted, scheduled }) => {
      if (emitted) deliverer.kick();
      if (scheduled) dueWork.wake();
    },
  });
  const dueWork = new DueWork({ pool, clock, transactions, logger });
  const whop = await startWhopSandbox({
    pool,
    clock,
    logger: logger.child({ provider: 'whop' }),
    apiKey: options.whopApiKey ?? newApiKey(),
    host,
    baseUrl: () => url,
  });
  const settled = async (): Promise<void> => {
    await deliverer.settled();
    await whop.settled();
  };
  const dueOfBoth: ClockMoverSetting['dueWork'] = {
    nextDue: async () => earliest(await dueWork.nextDue(), await whop.nextDue()),
    run: async () => {
      await dueWork.run();
      await whop.runDue();
    },
  };
  const clockMover = new ClockMover({ pool, clock, dueWork: dueOfBoth, deliverer: { settled } });
  await clockMover.restore();

  const payment = new SessionPayment({ pool, transactions });
  const challenges = new Challenges({ pool, transactions });
  const invoices = new HostedInvoices({ pool, transactions });
  const cardSwitches = new CardSwitches({ pool, transactions });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(
    stripeApi({
      secretKey: options.secretKey,
      platformId: accountId,
      transactions,
      idempotencyKeys: new IdempotencyKeys(),
      faults,
      throttle: new Throttle({
        perSecond: options.throttlePerSecond,
        endpointPerSecond: options.endpointThrottlePerSecond,
      }),
      logger,
    }),
  );
  app.use(oauthRoutes({ secretKey: options.secretKey, platformId: accountId, transactions }));
  app.use(['/pay', '/connect', '/sandbox'], localOnly(host));
  app.use(whop.routes);
  app.use(payRoutes(payment, challenges, invoices));
  app.use(onboardingRoutes(new Onboarding({ transactions, platformId: accountId })));
  app.use(
    controlRoutes({
      pool,
      secretKey: options.secretKey,
      accountId,
      transactions,
      payment,
      challenges,
      invoices,
      cardSwitches,
      faults,
      deliverer,
      clockMover,
    }),
  );
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    logger.error({ error: errorMessage(error) }, 'sandbox request failed');
    response.status(500).json({ error: { type: 'api_error', message: 'The sandbox failed; see its log.' } });
  });

  const server = createServer(app);
  const port = await listen(server, host, options.port);
  url = `http://${publicHost(host)}:${port}`;
  deliverer.kick();
  dueWork.wake();

  return {
    url,
    port,
    accountId,
    clientId: clientIdOf(accountId),
    whop,
    ensureWebhookEndpoint: (endpoint) => ensureWebhookEndpoint(transactions, accountId, endpoint),
    onClockMoved: (turn, nextDue) => clockMover.onMoved({ turn, nextDue }),
    settled,
    close: async () => {
      await stop(server);
      await dueWork.close();
      await deliverer.close();
      await whop.close();
      await pool.end();
    },
  };
}

/** An address that listens everywhere is no address to be sent to. */
const publicHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};

const isAddress = (address: string | AddressInfo | null): address is AddressInfo =>
  address !== null && typeof address === 'object';

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(isAddress(address) ? address.port : port);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

async function ensureWebhookEndpoint(
  transactions: Transactions,
  accountId: string,
  registration: EndpointRegistration,
): Promise<void> {
  await transactions.run(accountId, null, async (call) => {
    await call.store.serialize('webhook endpoints');
    const connect = registration.connect ?? false;
    const apiVersion = registration.apiVersion ?? Stripe.API_VERSION;
    const existing = await findEndpointByUrl(call.store, registration.url, connect);
    const made = buildEndpoint(call, {
      url: registration.url,
      enabledEvents: registration.enabledEvents,
      connect,
      apiVersion,
      description: 'Registered at start',
      metadata: {},
    });
    const endpoint = existing ? { ...made, id: existing.id, created: existing.created } : made;
    await saveEndpoint(call.store, endpoint, { secret: registration.secret, connect, apiVersion });
  });
}
