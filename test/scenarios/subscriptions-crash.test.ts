import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { created, issuedKey } from '../../src/commands/api-answers.ts';
import { createApiClient } from '../../src/commands/api-client.ts';
import { cards, createSandboxClient, providerSessionOf } from '../../src/commands/sandbox-client.ts';
import {
  freePorts,
  newPlatformKey,
  type ServiceProcess,
  type ServiceProcessOptions,
  startServiceProcess,
} from '../../src/commands/service-process.ts';
import { until } from '../../src/commands/until.ts';
import { startEmbeddedServer } from '../../src/database/embedded-server.ts';
import { createPool } from '../../src/database/pool.ts';
import type { CardClient, WorldService } from './card-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let options: ServiceProcessOptions;
let service: ServiceProcess;

beforeEach(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'baisa-year-'));
  options = { ...(await freePorts()), dataDir, platformApiKey: newPlatformKey() };
  service = await startServiceProcess(options);
});
afterEach(async () => {
  await service.stop();
  await rm(options.dataDir, { recursive: true, force: true });
});

async function crash(): Promise<void> {
  await service.kill();
  service = await startServiceProcess(options);
}

/** The service in its process, as the world sees it; its addresses are the same after a crash. */
async function worldService(): Promise<WorldService> {
  const api = createApiClient(service.url, options.platformApiKey);
  const sandbox = createSandboxClient(service.sandboxUrl);
  return {
    api,
    sandbox,
    sandboxSecretKey: (await sandbox.access()).secretKey,
    // The clock answers when everything that is due is done on both sides.
    idle: async () => void (await sandbox.advanceClock('1s')),
    agency: async (name) => {
      const body = { name, email: 'crash@agency.example', country: 'OM' };
      const { id } = await api.send('POST', '/v1/agencies', created, { body });
      const { key } = await api.send('POST', `/v1/agencies/${id}/api-keys`, issuedKey, { body: {} });
      return { id, api: api.as(key) };
    },
    customer: async (agency) => {
      const body = { name: 'Crash', email: 'crash@client.example' };
      return (await agency.send('POST', '/v1/customers', created, { body })).id;
    },
  };
}

const dayMs = 86_400_000;

/** What is in the books at the end, read from the files that the last process left. */
async function booksOf({ id }: CardClient) {
  await service.stop();
  const server = await startEmbeddedServer({ dataDir: options.dataDir });
  const pool = createPool(server.urlOf('baisa'), 1, () => undefined);
  const read = async (sql: string): Promise<readonly string[]> =>
    (await pool.query<{ line: string }>(sql, [id])).rows.map(({ line }) => line);
  try {
    return {
      invoices: await read(
        `SELECT concat_ws(' ', status, trim_scale(amount_paid), currency) AS line
           FROM invoices WHERE customer_id = $1 ORDER BY created_at, id`,
      ),
      quotas: await read(
        `SELECT concat_ws(' ', trim_scale(q.included), p.name) AS line
           FROM quota_periods q JOIN plans p ON p.id = q.plan_id WHERE q.customer_id = $1 ORDER BY q.period_start, q.id`,
      ),
      ledger: await read(
        `SELECT concat_ws(' ', a.code, trim_scale(sum(e.amount)), e.currency) AS line
           FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
           JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
          WHERE t.customer_id = $1 AND t.code = 'invoice.settle' GROUP BY a.code, e.currency ORDER BY a.code`,
      ),
    };
  } finally {
    await pool.end();
    await server.stop();
  }
}

it('ends the same when the process is killed after each step of a subscription, and while its months pass', async () => {
  const outside = await worldService();
  const { sandbox } = outside;
  const world = subscriptionWorld(outside);
  const client = await world.client('Crash');
  const starter = await world.plan(client, plans.starter);
  const gold = await world.plan(client, plans.gold);

  /** Days pass; the process is killed on the way, and what is left of them passes after it is back. */
  const pass = async (days: number): Promise<void> => {
    const began = await sandbox.now();
    const arrival = new Date(began.getTime() + days * dayMs);
    // Killed before it can answer.
    const moving = sandbox.moveClock(arrival).catch(() => undefined);
    await until(
      'a clock that has begun to move',
      () => sandbox.now(),
      (now) => now.getTime() > began.getTime() + dayMs,
    );
    await crash();
    await moving;
    if ((await sandbox.now()) < arrival) await sandbox.moveClock(arrival);
    await outside.idle();
  };
  const month = async (): Promise<void> => {
    const { periodEnd } = await world.subscription(client);
    const left = new Date(periodEnd ?? '').getTime() - (await sandbox.now()).getTime();
    await pass(Math.ceil(left / dayMs) + 1);
  };
  const state = () => world.subscription(client);

  const answer = await world.request(client, { planId: starter, cycle: 'monthly' });
  const { url } = z.object({ url: z.string() }).parse(answer.body);
  await crash();
  await sandbox.pay(providerSessionOf(url), { card: cards.visa });
  await crash();
  await outside.idle();
  expect(await state()).toMatchObject({ status: 'active', planId: starter });
  await month();

  expect(await world.change(client, { planId: gold })).toMatchObject({ status: 200 });
  await crash();
  await outside.idle();
  expect(await state()).toMatchObject({ planId: starter, pendingChange: { planId: gold } });
  await month();
  expect(await state()).toMatchObject({ status: 'active', planId: gold, pendingChange: null });

  const customers = await world.stripe().customers.list({ limit: 100 });
  const holder = customers.data.find(({ metadata }) => metadata.baisa_customer === client.id);
  const [method] = (await world.stripe().customers.listPaymentMethods(holder?.id ?? '')).data;
  await sandbox.setCard(method?.id ?? '', 'insufficient_funds');
  await month();
  expect(await state()).toMatchObject({ status: 'past_due' });
  await sandbox.setCard(method?.id ?? '', null);
  await pass(8);
  expect(await state()).toMatchObject({ status: 'active' });

  expect(await world.post(client, 'cancel')).toMatchObject({ status: 200 });
  await crash();
  await outside.idle();
  expect((await state()).cancelAt).not.toBeNull();
  await month();
  expect(await state()).toMatchObject({ status: 'canceled', planId: gold });

  expect(await booksOf(client)).toEqual({
    invoices: ['paid 7.7 OMR', 'paid 7.7 OMR', 'paid 19.25 OMR', 'paid 19.25 OMR'],
    quotas: ['100 starter', '100 starter', '400 gold', '400 gold'],
    ledger: ['clearing 53.9 OMR', 'subscription_revenue -53.9 OMR'],
  });
}, 600_000);
