import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import { type ApiClient, createApiClient } from '../../src/commands/api-client.ts';
import {
  cards,
  createSandboxClient,
  providerSessionOf,
  type SandboxClient,
} from '../../src/commands/sandbox-client.ts';
import { freePorts } from '../../src/commands/service-process.ts';
import { readConfig } from '../../src/config.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { startService } from '../../src/main.ts';
import { atMost, type BenchResult } from './result.ts';

const clients = 1_000;
const months = 12;
/** Subscribing is no part of what is measured: so many clients do it at once. */
const atOnce = 16;

const sessionAnswer = z.object({ url: z.string() });

const planInput = {
  name: 'bench',
  displayName: 'Bench',
  type: 'usage_based',
  pricingModel: 'fixed',
  currency: 'USD',
  cycles: { monthly: '20.00' },
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20' }],
  publish: true,
};

async function subscribe(api: ApiClient, sandbox: SandboxClient, planId: string, number: number): Promise<void> {
  const body = { name: `Client ${number}`, email: `client-${number}@client.example` };
  const { id: customerId } = await api.send('POST', '/v1/customers', created, { body });
  const { url } = await api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey: `subscribe ${number}`,
    body: { customerId, kind: 'subscription', planId, cycle: 'monthly' },
  });
  await sandbox.pay(providerSessionOf(url), { card: cards.visa });
}

/** Throws unless every client paid every month, had its quota in each, and every currency of the ledger nets to zero. */
async function check(databaseUrl: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  try {
    const count = async (sql: string): Promise<number> =>
      Number((await pool.query<{ count: string }>(sql)).rows[0]?.count ?? 0);
    const expected = clients * (months + 1);
    const found = {
      invoices: await count(`SELECT count(*) FROM invoices WHERE status = 'paid'`),
      postings: await count(`SELECT count(*) FROM ledger_transactions WHERE code = 'invoice.settle'`),
      quotas: await count('SELECT count(*) FROM quota_periods'),
    };
    for (const [what, number] of Object.entries(found)) {
      if (number !== expected) throw new Error(`expected ${expected} ${what}, found ${number}`);
    }
    const { rows } = await pool.query<{ currency: string }>(
      'SELECT currency FROM ledger_entries GROUP BY currency HAVING sum(amount) <> 0',
    );
    if (rows.length > 0) throw new Error(`the ledger is off in ${rows.map(({ currency }) => currency).join(', ')}`);
  } finally {
    await pool.end();
  }
}

/** A day after the month's last renewal, so that its invoice is collected. */
function afterMonths(from: Date, count: number): Date {
  const end = new Date(from);
  end.setUTCMonth(end.getUTCMonth() + count);
  end.setUTCDate(end.getUTCDate() + 1);
  return end;
}

/** A year of monthly renewals, the provider's side and ours, moved through by the sandbox's clock. */
export async function benchSubscriptions(
  server: EmbeddedServer,
  progress: (line: string) => void,
): Promise<BenchResult[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'baisa-bench-year-'));
  const databaseUrl = await server.ensureDatabase('bench_subscriptions');
  const { port, sandboxPort } = await freePorts();
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    API_CALLS_PER_SECOND: '9999',
  });
  const service = await startService(config, pino({ level: 'error' }));
  try {
    if (!service.sandbox) throw new Error('the service started without its sandbox');
    const platform = createApiClient(service.url, service.platformApiKey);
    const sandbox = createSandboxClient(service.sandbox.url);
    const agency = { name: 'Bench', email: 'bench@agency.example', country: 'OM' };
    const { id: agencyId } = await platform.send('POST', '/v1/agencies', created, { body: agency });
    const key = z.object({ key: z.string() });
    const api = platform.as((await platform.send('POST', `/v1/agencies/${agencyId}/api-keys`, key, { body: {} })).key);
    const { id: planId } = await api.send('POST', '/v1/plans', created, { body: planInput });
    await service.idle();

    const waiting = Array.from({ length: clients }, (_unused, number) => number);
    const lane = async (): Promise<void> => {
      for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
        await subscribe(api, sandbox, planId, number);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    await service.idle();
    progress(`${clients} clients have subscribed`);

    const begin = await sandbox.now();
    const start = performance.now();
    for (let month = 1; month <= months; month += 1) {
      await sandbox.moveClock(afterMonths(begin, month));
      progress(`month ${month}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
    const took = (performance.now() - start) / 1000;
    progress(`${clients * months} renewals in ${took.toFixed(1)} s`);
    await check(databaseUrl);
    const allowed = { baseline: 'seconds allowed', value: 60, target: 1 };
    return [atMost('subscriptions.year', 'seconds', took, allowed)];
  } finally {
    await service.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
