import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../src/commands/child-environment.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { freePorts } from '../../src/commands/service-process.ts';
import { readConfig } from '../../src/config.ts';
import { SettingError } from '../../src/errors.ts';
import { startService } from '../../src/main.ts';
import { createMigratedDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { startTestService } from '../support/service.ts';
import { type LocalServer, serve } from '../unit/providers/stripe-support.ts';

/** Nobody listens on it. */
const nowhere = 'http://127.0.0.1:1';
const key = { STRIPE_SECRET_KEY: 'sk_test_of_this_file', STRIPE_WEBHOOK_SECRET: 'whsec_of_this_file' };

let folder: string;
let database: TestDatabase;
/** What stands in for Stripe; it refuses every key but one, and is away when told to be. */
let provider: LocalServer;
let isAway = false;

const objects: Readonly<Record<string, object>> = {
  '/v1/account': {
    id: 'acct_of_this_file',
    object: 'account',
    country: 'AE',
    default_currency: 'aed',
    charges_enabled: true,
  },
  '/v1/country_specs/AE': { id: 'AE', object: 'country_spec', supported_payment_currencies: ['omr', 'usd'] },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baisa-start-'));
  database = await createMigratedDatabase();
  provider = await serve((request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${key.STRIPE_SECRET_KEY}`;
    const error = (message: string) => ({ error: { type: 'invalid_request_error', message } });
    const status = isAway ? 503 : isKnown ? 200 : 401;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? objects[request.url ?? ''] : error('Invalid API Key provided')));
  });
});
afterAll(async () => {
  await provider.close();
  await dropDatabase(`${new URL(database.url).pathname.slice(1)}_sandbox`);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function start(settings: Readonly<Record<string, string>>) {
  const { port, sandboxPort } = await freePorts();
  const ports = { PORT: String(port), SANDBOX_PORT: String(sandboxPort) };
  const config = readConfig({ DATA_DIR: folder, DATABASE_URL: database.url, ...ports, ...settings });
  return startService(config, pino({ level: 'silent' }));
}

describe('a setting that only the start can see to be wrong stops it with one sentence', () => {
  const refusal = (settings: Readonly<Record<string, string>>): Promise<unknown> =>
    start(settings).then(
      (service) => service.stop(),
      (error: unknown) => error,
    );
  const sentenceOf = (setting: string) => ({
    name: SettingError.name,
    message: expect.stringMatching(new RegExp(`^${setting} [^\\n]+\\.$`)),
  });

  it.each<[string, () => Record<string, string>]>([
    ['DATABASE_URL', () => ({ DATABASE_URL: 'postgresql://127.0.0.1:1/nowhere' })],
    ['DATABASE_URL', () => ({ DATABASE_URL: `${database.url}_that_is_not_there` })],
    ['STRIPE_API_BASE', () => ({ ...key, STRIPE_API_BASE: nowhere })],
    ['STRIPE_SECRET_KEY', () => ({ ...key, STRIPE_SECRET_KEY: 'sk_test_of_nobody', STRIPE_API_BASE: provider.url })],
    ['HOST', () => ({ HOST: '192.0.2.1' })],
  ])('%s', async (setting, settings) => {
    const cleanDatabase = await createMigratedDatabase();
    const own = cleanDatabase.url;
    expect(await refusal({ DATABASE_URL: own, ...settings() })).toMatchObject(sentenceOf(setting));
    await dropDatabase(`${new URL(own).pathname.slice(1)}_sandbox`);
    await cleanDatabase.drop();
  });

  it.each(['PORT', 'SANDBOX_PORT'])('%s that is taken', async (setting) => {
    const cleanDatabase = await createMigratedDatabase();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const settings = { DATABASE_URL: cleanDatabase.url, [setting]: String(address.port) };
    expect(await refusal(settings)).toMatchObject(sentenceOf(setting));
    await new Promise((resolve) => other.close(resolve));
    await dropDatabase(`${new URL(cleanDatabase.url).pathname.slice(1)}_sandbox`);
    await cleanDatabase.drop();
  });

  it('on the terminal too, without a stack', async () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const env = { ...childEnvironment(), DATA_DIR: folder, DATABASE_URL: 'postgresql://127.0.0.1:1/nowhere' };
    const ran = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [main], { cwd: folder, env }, (error, _stdout, stderr) =>
        resolve({ code: error?.code, stderr }),
      );
    });
    expect(ran).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^Baisa cannot start: DATABASE_URL [^\n]+\.\n$/),
    });
  });
});

describe('while Stripe is away', () => {
  it('the service starts on the account it knows, and takes webhooks', async () => {
    const settings = { ...key, STRIPE_API_BASE: provider.url };
    await (await start(settings)).stop();
    isAway = true;
    const service = await start(settings);
    const payload = JSON.stringify({
      id: 'evt_while_away',
      object: 'event',
      type: 'charge.updated',
      livemode: false,
      created: 1_793_000_000,
      data: { object: {} },
    });
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: key.STRIPE_WEBHOOK_SECRET });
    const answer = await fetch(`${service.url}/webhooks/stripe`, {
      method: 'POST',
      body: payload,
      headers: { 'stripe-signature': signature },
    });
    expect(answer.status).toBe(200);
    await service.stop();
    isAway = false;
  });
});

describe('on an IPv6 address', () => {
  it('a top-up is paid and credited', async () => {
    const service = await startTestService({ HOST: '::1' });
    expect(service.url).toContain('http://[::1]:');
    const customer = await service.customer((await service.agency('Six')).api);
    const { sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await service.idle();
    expect(await service.balance(customer)).toBe('5.00');
    await service.stop();
  });
});
