import express, { type Router } from 'express';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { localOnly } from '../guards.ts';
import { readState, writeState } from '../schema.ts';
import { buildAccount } from './accounts.ts';
import { endpointSchema, saveWebhook } from './api/webhooks.ts';
import { WhopTransactions } from './call.ts';
import { whopControlRoutes } from './control-routes.ts';
import { WhopDeliverer } from './deliverer.ts';
import { DueMemberships } from './due-memberships.ts';
import { WhopFaultSwitch } from './faults.ts';
import { newWhopId } from './ids.ts';
import { whopPages } from './pages.ts';
import { parameters } from './route.ts';
import { createWhopTables } from './tables.ts';
import { whopApi } from './whop-api.ts';

export interface WhopSandboxOptions {
  /** The sandbox's own database. */
  readonly pool: Pool;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The key of the platform's company. */
  readonly apiKey: string;
  readonly host: string;
  /** Where the sandbox answers, without a slash at its end, once it does. */
  readonly baseUrl: () => string;
}

export interface WhopSandbox {
  /** The platform's `biz_...`, the same over restarts. */
  readonly companyId: string;
  /** What the SDK's address begins with: `/api/v1` follows. */
  readonly apiBase: () => string;
  readonly routes: Router;
  /** Registers a webhook of the platform's company with a known secret, or points the one of this url at new settings. */
  ensureWebhook(webhook: {
    readonly url: string;
    readonly secret: string;
    readonly events: readonly string[];
  }): Promise<void>;
  /** When a membership is next to be renewed. */
  nextDue(): Promise<Date | undefined>;
  /** Renews what is due. */
  runDue(): Promise<void>;
  /** Resolves when no delivery is due. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the local Whop beside the local Stripe. What an earlier one left undone in the same database goes on. */
export async function startWhopSandbox(options: WhopSandboxOptions): Promise<WhopSandbox> {
  const { pool, clock, logger, baseUrl } = options;
  await createWhopTables(pool);
  const faults = new WhopFaultSwitch();
  const deliverer = new WhopDeliverer({ pool, clock, faults, logger });
  const transactions = new WhopTransactions({ pool, clock, faults, baseUrl, onEmitted: () => deliverer.kick() });
  const companyId = await ensurePlatform(pool, transactions, options.apiKey);
  const memberships = new DueMemberships({ pool, clock, transactions });
  await memberships.run();
  const apiBase = (): string => `${baseUrl()}/whop`;
  deliverer.kick();

  const routes = express.Router();
  routes.use('/whop/api/v1', whopApi({ pool, transactions, faults, logger }));
  routes.use('/whop', localOnly(options.host));
  routes.use(whopPages(transactions));
  routes.use(whopControlRoutes({ pool, transactions, faults, apiKey: options.apiKey, companyId, apiBase }));

  return {
    companyId,
    apiBase,
    routes,
    ensureWebhook: ({ url, secret, events }) =>
      transactions.run(companyId, async (call) => {
        const there = await call.page('webhook', companyId, { first: Number.MAX_SAFE_INTEGER, after: null });
        for (const webhook of there.data) if (webhook.url === url) await call.remove('webhook', webhook.id);
        const endpoint = { url, resource_id: companyId, api_version: 'v1', enabled: true, events };
        await saveWebhook(call, parameters(endpointSchema, endpoint), secret);
      }),
    nextDue: () => memberships.nextDue(),
    runDue: () => memberships.run(),
    settled: () => deliverer.settled(),
    close: () => deliverer.close(),
  };
}

async function ensurePlatform(pool: Pool, transactions: WhopTransactions, apiKey: string): Promise<string> {
  const known = await readState(pool, 'whop_platform');
  const id = known ?? newWhopId('biz');
  await transactions.run(id, async (call) => {
    if (known === undefined) {
      const created = { title: 'Platform', email: null, country: 'US', parent: null, metadata: {} };
      await call.save('account', id, buildAccount({ id, ...created, createdAt: call.isoNow }, 'active'));
    }
    await call.client.query('DELETE FROM whop_keys WHERE account = $1', [id]);
    await call.client.query('INSERT INTO whop_keys (key, account) VALUES ($1, $2)', [apiKey, id]);
  });
  if (known === undefined) await writeState(pool, 'whop_platform', id);
  return id;
}
