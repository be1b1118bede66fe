import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { childEnvironment } from '../../src/commands/child-environment.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { stripeEventTypes } from '../../webhooks/stripe/router.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventOf, forge, withLostDeliveries } from './provider-events.ts';

let service: TestService;
/** Where the commands run: no `.env` of the checkout is there. */
let folder: string;

beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(join(tmpdir(), 'baisa-commands-'));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const file = fileURLToPath(new URL(`../../src/commands/${command}.ts`, import.meta.url));
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...childEnvironment(), DATA_DIR: folder, ...env } };
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    );
  });
}

const lastLineOf = ({ stdout }: Ran): unknown => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

describe('the demo', () => {
  const summary = z.object({ ok: z.boolean(), steps: z.array(z.object({ name: z.string(), ok: z.boolean() })) });

  it('passes twice against one running service, and leaves no fault behind', async () => {
    for (const _time of [1, 2]) {
      const ran = await run('demo', ['--url', service.url, '--sandbox', service.sandbox.url, '--json'], {
        PLATFORM_API_KEY: service.platformApiKey,
      });
      const { ok, steps } = summary.parse(lastLineOf(ran));
      expect({ ok, code: ran.code, wrong: steps.filter((step) => !step.ok) }, ran.stderr).toEqual({
        ok: true,
        code: 0,
        wrong: [],
      });
      expect(steps.length).toBeGreaterThan(10);
    }
    expect(await (await fetch(`${service.sandbox.url}/sandbox/faults`)).json()).toEqual({});
  });

  it('fails at the first wrong outcome', async () => {
    const ran = await run('demo', [
      '--url',
      service.url,
      '--sandbox',
      service.sandbox.url,
      '--key',
      'nobody',
      '--json',
    ]);
    expect(ran.code).toBe(1);
    expect(summary.parse(lastLineOf(ran)).ok).toBe(false);
  });

  it('says in one sentence what it needs where there is no sandbox', async () => {
    const ran = await run('demo', ['--url', service.url, '--sandbox', 'http://127.0.0.1:1', '--key', 'any']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/needs the service's sandbox/);
  });
});

describe('webhooks', () => {
  const publicUrl = 'https://pay.example.com';
  const summary = z.object({
    applied: z.boolean(),
    endpoints: z.array(z.object({ action: z.string(), url: z.string() })),
    secrets: z.array(z.object({ setting: z.string(), url: z.string(), secret: z.string() })),
  });

  async function webhooks(...args: string[]) {
    const { secretKey } = await service.sandbox.access();
    const env = { STRIPE_SECRET_KEY: secretKey, STRIPE_API_BASE: service.sandbox.url, PUBLIC_URL: publicUrl };
    const ran = await run('webhooks', [...args, '--json'], env);
    expect(ran.code, ran.stderr).toBe(0);
    return summary.parse(lastLineOf(ran));
  }

  async function stripe(): Promise<Stripe> {
    const { hostname: host, port } = new URL(service.sandbox.url);
    const { secretKey } = await service.sandbox.access();
    return new Stripe(secretKey, { host, port, protocol: 'http', telemetry: false });
  }

  const actionsOf = ({ endpoints }: z.output<typeof summary>) => endpoints.map(({ action }) => action);

  async function endpointsHere(): Promise<Stripe.WebhookEndpoint[]> {
    const { data } = await (await stripe()).webhookEndpoints.list({ limit: 100 });
    return data.filter(({ url }) => url.startsWith(publicUrl));
  }

  it('plan changes nothing', async () => {
    expect(actionsOf(await webhooks('plan'))).toEqual(['create', 'create']);
    expect(await endpointsHere()).toEqual([]);
  });

  it('apply makes both endpoints once, with the router’s events and our API version, and shows each secret once', async () => {
    const first = await webhooks('apply');
    expect(first.secrets.map(({ setting, url }) => [setting, url])).toEqual([
      ['STRIPE_WEBHOOK_SECRET', `${publicUrl}/webhooks/stripe`],
      ['STRIPE_CONNECT_WEBHOOK_SECRET', `${publicUrl}/webhooks/stripe/connect`],
    ]);
    for (const { secret } of first.secrets) expect(secret).toMatch(/^whsec_/);
    const made = await endpointsHere();
    expect(made).toHaveLength(2);
    for (const endpoint of made) {
      expect(endpoint).toMatchObject({ status: 'enabled', api_version: Stripe.API_VERSION });
      expect([...endpoint.enabled_events].sort()).toEqual([...stripeEventTypes].sort());
    }

    const second = await webhooks('apply');
    expect(actionsOf(second)).toEqual(['leave', 'leave']);
    expect(second.secrets).toEqual([]);
    expect(await endpointsHere()).toEqual(made);
  });

  it('apply sets right what was changed by hand, as often as it is', async () => {
    const client = await stripe();
    for (const _time of [1, 2]) {
      const [endpoint] = await endpointsHere();
      if (!endpoint) throw new Error('no endpoint to change');
      await client.webhookEndpoints.update(endpoint.id, { disabled: true, enabled_events: ['charge.updated'] });
      expect(actionsOf(await webhooks('plan')).sort()).toEqual(['leave', 'update']);
      await webhooks('apply');
      expect(actionsOf(await webhooks('plan'))).toEqual(['leave', 'leave']);
    }
  });

  it('apply makes an endpoint anew that was deleted by hand on the same day, with a new secret', async () => {
    const client = await stripe();
    const deleted = (await endpointsHere()).map(({ id }) => id);
    for (const id of deleted) await client.webhookEndpoints.del(id);
    const { secrets } = await webhooks('apply');
    expect(new Set(secrets.map(({ secret }) => secret)).size).toBe(2);
    const made = (await endpointsHere()).map(({ id }) => id);
    expect(made).toHaveLength(2);
    expect(made.filter((id) => deleted.includes(id))).toEqual([]);
  });

  it.each([
    ['STRIPE_SECRET_KEY', { PUBLIC_URL: publicUrl }],
    ['PUBLIC_URL', { STRIPE_SECRET_KEY: 'sk_test_1' }],
    ['PUBLIC_URL', { STRIPE_SECRET_KEY: 'sk_test_1', PUBLIC_URL: 'http://pay.example.com' }],
  ])('names %s when it is missing or wrong', async (setting, env) => {
    const ran = await run('webhooks', ['plan'], env);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(new RegExp(`^${setting} must .+\\.\\n$`));
  });
});

describe('replay', () => {
  it('shows how an event stood before and after', async () => {
    const customer = await service.customer((await service.agency('Replay')).api);
    const { orderId, sessionId } = await service.startTopUp(customer);
    await withLostDeliveries(service, () => service.sandbox.pay(sessionId, { card: cards.visa }));
    const succeeded = await eventOf(service, orderId, 'payment_intent.succeeded');
    const wrong = forge(succeeded, { object: { amount_received: 10 } });
    await service.deliver(wrong.body);
    await service.deliver(JSON.stringify(succeeded));
    await service.idle();

    const options = ['--url', service.url, '--key', service.platformApiKey];
    const parked = await run('replay', [wrong.id, ...options]);
    expect(parked.stdout).toMatch(/before {2}parked \(amount_mismatch: .+\nafter {3}parked \(amount_mismatch: /);
    expect(parked.code).toBe(1);
    const done = await run('replay', [succeeded.id, ...options]);
    expect(done.stdout).toMatch(/before {2}done.+\nafter {3}done/);
    expect(done.code).toBe(0);
    expect(await service.balance(customer)).toBe('5.00');
  });

  it('says that there is no such event', async () => {
    const ran = await run('replay', ['evt_nobody', '--url', service.url, '--key', service.platformApiKey]);
    expect(ran).toMatchObject({ code: 1, stderr: 'There is no event evt_nobody.\n' });
  });
});

describe('a command in a folder where no service was started', () => {
  const plansFile = fileURLToPath(new URL('../../src/catalog/demo-plans.yaml', import.meta.url));

  it.each([
    ['replay', ['evt_1']],
    ['catalog', ['plan', plansFile]],
  ])('%s says that there is no key, and makes none', async (command, args) => {
    const before = await readdir(folder);
    const ran = await run(command, args, { DATA_DIR: join(folder, 'mistyped') });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^PLATFORM_API_KEY is not set and DATA_DIR \(.+mistyped\) holds no key: .+\.\n$/);
    expect(await readdir(folder)).toEqual(before);
  });
});
