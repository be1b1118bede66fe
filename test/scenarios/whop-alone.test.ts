import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Whop from '@whop/sdk';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { created, orderAnswer, sessionAnswer } from '../../src/commands/api-answers.ts';
import { type ApiClient, createApiClient } from '../../src/commands/api-client.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { freePorts } from '../../src/commands/service-process.ts';
import { createWhopSandboxClient, whopCheckoutOf } from '../../src/commands/whop-sandbox-client.ts';
import { readConfig } from '../../src/config.ts';
import { SettingError } from '../../src/errors.ts';
import { type Service, startService } from '../../src/main.ts';
import { createMigratedDatabase, type TestDatabase } from '../support/database.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Plays Whop's servers: the sandbox of another service. */
let host: TestService;
let database: TestDatabase;
let folder: string;
let keys: Readonly<Record<'WHOP_API_KEY' | 'WHOP_COMPANY_ID' | 'WHOP_API_BASE' | 'WHOP_WEBHOOK_SECRET', string>>;
let service: Service;
let api: ApiClient;

const start = async (settings: Readonly<Record<string, string>>): Promise<Service> => {
  const given = {
    PORT: String((await freePorts()).port),
    DATA_DIR: folder,
    DATABASE_URL: database.url,
    LOG_LEVEL: 'silent',
  };
  return startService(readConfig({ ...given, ...settings }), pino({ level: 'silent' }));
};

beforeAll(async () => {
  host = await startTestService();
  folder = await mkdtemp(join(tmpdir(), 'baisa-whop-'));
  database = await createMigratedDatabase();
  const { id, apiKey } = await createWhopSandboxClient(host.sandbox.url).company('Platform of this file');
  const { apiBase } = await createWhopSandboxClient(host.sandbox.url).access();
  // As its operator does before the first start: the path is known before the account's id is.
  const { port } = await freePorts();
  const whop = new Whop({ apiKey, baseURL: `${apiBase}/api/v1`, maxRetries: 0, logLevel: 'off' });
  const { webhook_secret: secret } = await whop.webhooks.create({
    url: `http://127.0.0.1:${port}/webhooks/whop/platform`,
    resource_id: id,
    api_version: 'v1',
    events: ['payment.succeeded', 'payment.failed'],
  });
  keys = { WHOP_API_KEY: apiKey, WHOP_COMPANY_ID: id, WHOP_API_BASE: apiBase, WHOP_WEBHOOK_SECRET: secret };
  service = await start({ ...keys, PORT: String(port) });
  api = createApiClient(service.url, service.platformApiKey);
});
afterAll(async () => {
  await service.stop();
  await host.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

it('a service with a key of Whop alone sells at Whop and is heard at its own path, with no sandbox of Stripe beside it', async () => {
  expect(service.sandbox).toBeUndefined();
  const agencyBody = { name: 'Alone', email: 'alone@agency.example', country: 'OM' };
  const { id: agencyId } = await api.send('POST', '/v1/agencies', created, { body: agencyBody });
  const body = { agencyId, name: 'Salma', email: 'salma@client.example' };
  const { id: customerId } = await api.send('POST', '/v1/customers', created, { body });
  const amount = { amount: '5.00', currency: 'USD' };
  const request = (provider: string | undefined, idempotencyKey: string) =>
    api.call('POST', '/v1/checkout-sessions', {
      idempotencyKey,
      body: { customerId, kind: 'top_up', amount, ...(provider ? { provider } : {}) },
    });
  expect(await request('stripe', 'at Stripe')).toMatchObject({
    status: 422,
    body: { code: 'no_active_merchant_account' },
  });

  const session = sessionAnswer.parse((await request(undefined, 'at Whop')).body);
  await createWhopSandboxClient(host.sandbox.url).pay(whopCheckoutOf(session.url), { card: cards.visa });
  await host.idle();
  await service.idle();
  expect((await api.get(`/v1/orders/${session.orderId}`, orderAnswer)).status).toBe('paid');
  expect((await fetch(`${service.url}/webhooks/stripe`, { method: 'POST', body: '{}' })).status).toBe(404);
});

it.each([
  ['WHOP_API_KEY', { WHOP_API_KEY: 'apik_of_nobody' }],
  ['WHOP_API_BASE', { WHOP_API_BASE: 'http://127.0.0.1:1/whop' }],
  ['WHOP_API', { WHOP_COMPANY_ID: 'biz_of_nobody' }],
])('a wrong %s stops the start with one sentence', async (name, change) => {
  const clean = await createMigratedDatabase();
  try {
    const settings = { ...keys, DATABASE_URL: clean.url, ...change };
    const refusal = await start(settings).then(
      (started) => started.stop(),
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(SettingError);
    expect(refusal).toMatchObject({ message: expect.stringMatching(new RegExp(`^${name}[^\\n]+\\.$`)) });
  } finally {
    await clean.drop();
  }
});
