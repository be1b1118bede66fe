import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import Stripe from 'stripe';
import { z } from 'zod';
import {
  balanceAnswer,
  created,
  type EventAnswer,
  eventAnswer,
  issuedKey,
  type LedgerLine,
  ledgerLine,
  type OrderAnswer,
  orderAnswer,
  sessionAnswer,
} from '../../src/commands/api-answers.ts';
import { type ApiAnswer, type ApiClient, createApiClient } from '../../src/commands/api-client.ts';
import { createSandboxClient, providerSessionOf, type SandboxClient } from '../../src/commands/sandbox-client.ts';
import { freePorts } from '../../src/commands/service-process.ts';
import { readConfig } from '../../src/config.ts';
import { startService } from '../../src/main.ts';
import { createMigratedDatabase, dropDatabase } from './database.ts';

/** A top-up under way: our order and the provider's session behind it. */
export interface StartedTopUp {
  readonly orderId: string;
  readonly sessionId: string;
}

export interface TestService {
  readonly url: string;
  /** With the platform's key. */
  readonly api: ApiClient;
  readonly sandbox: SandboxClient;
  readonly platformApiKey: string;
  /** Of the platform at the sandbox. */
  readonly accountId: string;
  /** For what has no route yet. */
  readonly databaseUrl: string;
  readonly webhookSecret: string;
  readonly connectWebhookSecret: string;
  /** For what the SDK does at the sandbox, as a person at the provider's console would. */
  readonly sandboxSecretKey: string;
  /** Everything due is done: deliveries, events, jobs. */
  idle(): Promise<void>;
  /** An agency of its own, with a key. */
  agency(name: string): Promise<{ readonly id: string; readonly api: ApiClient }>;
  customer(agency: ApiClient, name?: string): Promise<string>;
  /** The answer of a request for a hosted checkout. */
  requestTopUp(customerId: string, amount: string, idempotencyKey?: string): Promise<ApiAnswer>;
  startTopUp(customerId: string, amount?: string): Promise<StartedTopUp>;
  order(id: string): Promise<OrderAnswer>;
  /** The balance in USD, e.g. `5.00`. */
  balance(customerId: string): Promise<string>;
  /** Newest first. */
  ledger(customerId: string): Promise<LedgerLine[]>;
  event(id: string): Promise<EventAnswer>;
  /** Sends a body to a webhook route, signed as the provider would at the sandbox's time. */
  deliver(body: string, more?: Delivery): Promise<ApiAnswer>;
  /** The value of a sample at /metrics; 0 while there is none. */
  metric(name: string, labels: Readonly<Record<string, string>>): Promise<number>;
  stop(): Promise<void>;
}

export interface Delivery {
  readonly route?: '/webhooks/stripe' | '/webhooks/stripe/connect';
  readonly secret?: string;
  /** How long ago it was signed, in seconds. */
  readonly ageSeconds?: number;
  /** Replaces the signature; null leaves it out. */
  readonly signature?: string | null;
}

const secretsSchema = z.object({
  sandboxSecretKey: z.string(),
  sandboxWebhookSecret: z.string(),
  sandboxConnectWebhookSecret: z.string(),
});

/** The whole service in this process, over a database and ports of its own, with the sandbox as its provider. */
export async function startTestService(settings: Readonly<Record<string, string>> = {}): Promise<TestService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'baisa-service-'));
  const database = await createMigratedDatabase();
  const { port, sandboxPort } = await freePorts();
  const config = readConfig({
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    LOG_LEVEL: 'silent',
    ...settings,
  });
  const discard = async (): Promise<void> => {
    await database.drop();
    await dropDatabase(`${new URL(database.url).pathname.slice(1)}_sandbox`);
    await rm(dataDir, { recursive: true, force: true });
  };
  const service = await startService(config, pino({ level: 'silent' })).catch(async (error: unknown) => {
    await discard();
    throw error;
  });
  if (!service.sandbox) throw new Error('the service started without its sandbox');
  const secrets = secretsSchema.parse(JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8')));
  const api = createApiClient(service.url, service.platformApiKey);
  const sandbox = createSandboxClient(service.sandbox.url);
  let made = 0;
  const next = (): number => {
    made += 1;
    return made;
  };

  const requestTopUp: TestService['requestTopUp'] = (customerId, amount, idempotencyKey = `top-up ${next()}`) =>
    api.call('POST', '/v1/checkout-sessions', {
      idempotencyKey,
      body: { customerId, kind: 'top_up', amount: { amount, currency: 'USD' } },
    });

  return {
    url: service.url,
    api,
    sandbox,
    platformApiKey: service.platformApiKey,
    accountId: service.sandbox.accountId,
    databaseUrl: database.url,
    webhookSecret: secrets.sandboxWebhookSecret,
    connectWebhookSecret: secrets.sandboxConnectWebhookSecret,
    sandboxSecretKey: secrets.sandboxSecretKey,
    idle: service.idle,
    agency: async (name) => {
      const body = { name, email: `${name.toLowerCase()}@agency.example`, country: 'OM' };
      const { id } = await api.send('POST', '/v1/agencies', created, { body });
      const { key } = await api.send('POST', `/v1/agencies/${id}/api-keys`, issuedKey, { body: {} });
      return { id, api: api.as(key) };
    },
    customer: async (agency, name = `Client ${next()}`) => {
      const body = { name, email: `client-${next()}@client.example` };
      return (await agency.send('POST', '/v1/customers', created, { body })).id;
    },
    requestTopUp,
    startTopUp: async (customerId, amount = '5.00') => {
      const answer = await requestTopUp(customerId, amount);
      if (answer.status !== 201) throw new Error(`a checkout was refused: ${answer.text}`);
      const { orderId, url } = sessionAnswer.parse(answer.body);
      return { orderId, sessionId: providerSessionOf(url) };
    },
    order: (id) => api.get(`/v1/orders/${id}`, orderAnswer),
    balance: async (customerId) =>
      (await api.get(`/v1/customers/${customerId}/balance`, balanceAnswer)).balance.toDecimalString(),
    ledger: (customerId) => api.all(`/v1/customers/${customerId}/ledger`, ledgerLine),
    event: (id) => api.get(`/v1/events/${id}`, eventAnswer),
    deliver: async (body, more = {}) => {
      const { route = '/webhooks/stripe', secret = secrets.sandboxWebhookSecret, ageSeconds = 0 } = more;
      const timestamp = Math.floor((await sandbox.now()).getTime() / 1000) - ageSeconds;
      const signed = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
      const signature = more.signature === undefined ? signed : more.signature;
      return createApiClient(service.url, undefined).call('POST', route, {
        text: body,
        headers: signature === null ? {} : { 'stripe-signature': signature },
      });
    },
    metric: async (name, labels) => {
      const { text } = await api.call('GET', '/metrics');
      return sampleOf(text, name, labels);
    },
    stop: async () => {
      await service.stop();
      await discard();
    },
  };
}

function sampleOf(exposition: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const sample = exposition
    .split('\n')
    .find((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)));
  return Number(sample?.split(' ').at(-1) ?? 0);
}
