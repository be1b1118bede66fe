import { Router } from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { FixedClock } from '../../../src/clock.ts';
import { openDatabase } from '../../../src/database/database.ts';
import { createInbox } from '../../../src/delivery/inbox.ts';
import { migrateJobs } from '../../../src/delivery/jobs.ts';
import { createRateLimits } from '../../../src/delivery/rate-limits.ts';
import { createApp } from '../../../src/http/app.ts';
import { callLimits } from '../../../src/http/call-limits.ts';
import type { Route } from '../../../src/http/route.ts';
import { createRoutes } from '../../../src/http/routes/all.ts';
import { listen } from '../../../src/http/server.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { resolveAll } from '../../../src/outgoing/address.ts';
import { createSender } from '../../../src/outgoing/send.ts';
import { createRooms } from '../../../src/rooms.ts';
import type { Agency } from '../../../src/tenancy/agency.ts';
import { apiKeyHasher, signerOf } from '../../../src/tenancy/api-key.ts';
import { issueApiKey } from '../../../src/tenancy/api-keys.ts';
import { createAuthenticator } from '../../../src/tenancy/authenticate.ts';
import { createConsoleSessions } from '../../../src/tenancy/console-sessions.ts';
import { createAgency } from '../../../src/tenancy/create-agency.ts';
import { createCustomer } from '../../../src/tenancy/create-customer.ts';
import type { Customer } from '../../../src/tenancy/customer.ts';
import { ensurePlatformAgency } from '../../../src/tenancy/ensure-platform-agency.ts';
import { createPortal } from '../../../src/tenancy/portal.ts';
import { createNoteRefusal } from '../../../src/tenancy/refusals.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { sealerOf } from '../../../src/tenancy/sealed.ts';
import { createMigratedDatabase } from '../../support/database.ts';

export const platformKey = 'baisa_pk_for-tests-only-0123456789abcdef';
const platform: Scope = { role: 'platform', keyId: 'key_test' };

export interface Tenant {
  readonly agency: Agency;
  readonly customer: Customer;
  readonly key: string;
  readonly scope: Scope;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly key?: string | undefined;
  readonly body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface ServiceOptions {
  readonly routes?: () => readonly Route[];
  /** Left out: nobody is limited. */
  readonly callsPerSecond?: number;
}

export const publicUrl = 'http://127.0.0.1';

/** The service's HTTP face, with every route and no provider, over a database of its own, with a platform and two agencies that each have a customer. */
export async function startService(options: ServiceOptions = {}) {
  const clock = new FixedClock('2026-11-21T08:00:00.000Z');
  const testDatabase = await createMigratedDatabase();
  const database = openDatabase(testDatabase.url);
  const { prisma, pool } = database;
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  await migrateJobs(pool, log);
  const hash = apiKeyHasher('an encryption key of the tests, long enough');
  const dependencies = { prisma, clock, hash };
  const platformAgency = await ensurePlatformAgency(dependencies, { apiKey: platformKey, country: 'OM' });
  const merchantAccounts = createMerchantAccounts({ database, clock, platformAgencyId: platformAgency.id });
  const inbox = createInbox({ pool, clock });
  const rooms = createRooms({
    backfill: {
      inbox,
      eventTypes: [],
      eventsHandled: async () => new Set(),
      onFinding: () => undefined,
      askAccount: async () => [],
    },
    database,
    clock,
    providers: {},
    merchantAccounts,
    defaultTerms: { chargeCurrency: 'OMR', usdRate: '0.385' },
    sign: signerOf('an encryption key of the tests, long enough', 'onboarding state'),
    sealer: sealerOf('an encryption key of the tests, long enough'),
    sender: createSender({ allowPrivateAddresses: false, resolve: resolveAll }),
    webhooksAllowPrivateAddresses: false,
    mailer: null,
    publicUrl,
    log,
  });
  const portal = createPortal({ database, clock, hash, publicUrl });
  const authenticate = createAuthenticator({ sql: pool, clock, hash, log });
  const limits = createRateLimits(undefined, callLimits(options.callsPerSecond ?? 1_000), log);
  const routes = [
    ...createRoutes({
      ...dependencies,
      ...rooms,
      portal,
      inbox,
      wakeInbox: () => undefined,
    }),
    ...(options.routes?.() ?? []),
  ];
  const checks: Record<string, string> = { database: 'ok' };
  const metrics = new Registry();
  const app = createApp({
    routes,
    authenticate,
    idempotency: { sql: pool, clock },
    log,
    webhooks: Router(),
    health: { ready: async () => checks },
    metrics,
    publicUrl,
    ...(options.callsPerSecond === undefined ? {} : { limits }),
    noteRefusal: createNoteRefusal({
      sql: pool,
      clock,
      log,
      firstOfMinute: async (name) => (await limits.take('refusal', name)).allowed,
    }),
    portal: { portal, ledger: rooms.ledger },
    consoleSessions: createConsoleSessions({ database, clock, hash, authenticate }),
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });

  const tenant = async (name: string): Promise<Tenant> => {
    const email = `${name}@example.com`;
    const agency = await createAgency(dependencies, platform, {
      name,
      email,
      country: 'OM',
      settings: {},
      requestId: undefined,
    });
    const { key, apiKey } = await issueApiKey(dependencies, platform, {
      agencyId: agency.id,
      name: 'test',
      requestId: undefined,
    });
    const customer = await createCustomer(dependencies, platform, {
      agencyId: agency.id,
      name: `${name}'s client`,
      email,
      externalId: undefined,
      collection: 'card',
      requestId: undefined,
    });
    return { agency, customer, key, scope: { role: 'agency', agencyId: agency.id, keyId: apiKey.id } };
  };

  const call = async (
    method: string,
    path: string,
    { key = platformKey, body, text, headers }: CallOptions = {},
  ): Promise<Answered> => {
    const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const answered = await response.text();
    const parsed: unknown = response.headers.get('content-type')?.includes('json')
      ? JSON.parse(answered)
      : { text: answered };
    return { status: response.status, headers: response.headers, body: isRecord(parsed) ? parsed : { value: parsed } };
  };

  return {
    ...dependencies,
    pool,
    app,
    routes,
    lines,
    checks,
    server,
    call,
    tenant,
    first: await tenant('first'),
    second: await tenant('second'),
    stop: async () => {
      await server.close();
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type Service = Awaited<ReturnType<typeof startService>>;
