import { connect } from 'node:net';
import express from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { created, issuedKey } from '../../../src/commands/api-answers.ts';
import type { ApiClient } from '../../../src/commands/api-client.ts';
import { createAdmission } from '../../../src/http/admission.ts';
import { observe } from '../../../src/http/request-state.ts';
import { listen } from '../../../src/http/server.ts';
import { createUpdateStreams } from '../../../src/http/update-streams.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import type { Watcher } from '../../../src/updates/updates.ts';
import { startTestService, type TestService } from '../../support/service.ts';

/** A stream as a browser reads it. */
interface Stream {
  readonly status: number;
  /** How often it was told that something changed, so far. */
  changes(): number;
  /** Until it was told of so many. */
  told(count: number): Promise<void>;
  /** Until it ended. */
  readonly ended: Promise<void>;
  leave(): void;
}

const left: (() => void)[] = [];
afterEach(() => {
  for (const leave of left.splice(0)) leave();
});

async function openStream(url: string, cookie: string): Promise<Stream> {
  const leaving = new AbortController();
  left.push(() => leaving.abort());
  const response = await fetch(url, { headers: { cookie }, signal: leaving.signal });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  const ended = read().catch(() => undefined);
  const changes = (): number => text.split('event: change\n').length - 1;
  const told = (count: number): Promise<void> =>
    vi.waitFor(() => expect(changes()).toBeGreaterThanOrEqual(count), { timeout: 20_000, interval: 20 });
  return { status: response.status, changes, told, ended, leave: () => leaving.abort() };
}

let service: TestService;
let first: { readonly id: string; readonly api: ApiClient };
let client: string;
let other: string;
beforeAll(async () => {
  service = await startTestService();
  first = await service.agency('First');
  client = await service.customer(first.api);
  other = await service.customer((await service.agency('Second')).api);
  await service.idle();
});
afterAll(() => service.stop());

async function portalCookie(customerId: string): Promise<string> {
  const link = z.object({ token: z.string() });
  const { token } = await service.api.send('POST', `/v1/customers/${customerId}/portal-tokens`, link, { body: {} });
  return `baisa_portal=${token}`;
}

async function consoleCookie(key: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: service.url };
  const signedIn = await fetch(`${service.url}/console/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ key }),
  });
  return /baisa_console=[^;]+/.exec(signedIn.headers.get('set-cookie') ?? '')?.[0] ?? '';
}

const asPortal = async (customerId: string) =>
  openStream(`${service.url}/portal/updates`, await portalCookie(customerId));
const asConsole = async (key: string) => openStream(`${service.url}/console/updates`, await consoleCookie(key));

let adjusted = 0;
async function adjust(customerId: string): Promise<void> {
  adjusted += 1;
  await service.api.call('POST', `/v1/customers/${customerId}/adjustments`, {
    idempotencyKey: `adjust ${adjusted}`,
    body: { kind: 'payment', amount: { amount: '1.00', currency: 'USD' }, reason: 'At the desk' },
  });
}

test('a client is told when its payment is heard of, and when an operator adjusts its balance', async () => {
  const stream = await asPortal(client);
  const { sessionId } = await service.startTopUp(client);
  await service.sandbox.pay(sessionId, { card: '4242424242424242' });
  await service.idle();
  await stream.told(1);
  await vi.waitFor(() => expect(service.balance(client)).resolves.toBe('5.00'));
  const before = stream.changes();
  await adjust(client);
  await stream.told(before + 1);
});

test('an agency is told of its own clients and nobody else’s, a client of itself alone, the platform of all', async () => {
  const { key } = await service.api.send('POST', `/v1/agencies/${first.id}/api-keys`, issuedKey, { body: {} });
  await service.idle();
  const [agency, portal, platform] = [
    await asConsole(key),
    await asPortal(client),
    await asConsole(service.platformApiKey),
  ];
  // What was under way when they were opened is told of first.
  await adjust(client);
  await Promise.all([agency.told(1), portal.told(1), platform.told(1)]);
  await service.idle();
  const before = [agency.changes(), portal.changes()];
  for (const _round of [1, 2]) {
    const heard = platform.changes();
    await adjust(other);
    await platform.told(heard + 1);
  }
  expect([agency.changes(), portal.changes()]).toEqual(before);
  await adjust(client);
  await Promise.all([agency.told(1 + (before[0] ?? 0)), portal.told(1 + (before[1] ?? 0))]);
});

test.each([
  ['/portal/updates', 'no session', async () => ''],
  ['/console/updates', 'no session', async () => ''],
  ['/console/updates', 'a client’s session', () => portalCookie(client)],
  ['/portal/updates', 'an agency’s session', () => consoleCookie(service.platformApiKey)],
  ['/portal/updates', 'a session that nobody has', async () => `baisa_portal=baisa_pt_${'x'.repeat(43)}`],
])('%s is refused to %s', async (path, _who, cookie) => {
  expect((await openStream(`${service.url}${path}`, await cookie())).status).toBe(401);
});

test('streams end when the service stops', async () => {
  const short = await startTestService();
  const { id } = await short.api.get('/v1/agencies/platform', created);
  const body = { agencyId: id, name: 'Watcher', email: 'watcher@client.example' };
  const customer = await short.api.send('POST', '/v1/customers', created, { body });
  const link = z.object({ token: z.string() });
  const { token } = await short.api.send('POST', `/v1/customers/${customer.id}/portal-tokens`, link, { body: {} });
  const stream = await openStream(`${short.url}/portal/updates`, `baisa_portal=${token}`);
  expect(stream.status).toBe(200);
  await Promise.all([short.stop(), stream.ended]);
});

describe('a stream', () => {
  const cookie = `baisa_portal=baisa_pt_${'a'.repeat(43)}`;
  const log = pino({ level: 'silent' });
  const scope: Scope = { role: 'portal', agencyId: 'agc_a', customerId: 'cus_a' };

  async function serve(authenticate: () => Promise<Scope | null>) {
    const watching = new Set<Watcher>();
    const updates = {
      noteChange: () => undefined,
      watch: async (_scope: Scope, watcher: Watcher) => {
        watching.add(watcher);
        return { stop: () => watching.delete(watcher) };
      },
    };
    const admission = createAdmission({ authenticate, publicUrl: 'http://localhost' });
    const streams = createUpdateStreams({ updates, admission, authenticate, log, heartbeatMs: 20, streamsMax: 2 });
    let gone = 0;
    const app = express().use(observe(log, new Registry()));
    app.use((_request, response, next) => {
      response.once('close', () => {
        gone += 1;
      });
      next();
    });
    const server = await listen(app.use(streams), { host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${server.port}/portal/updates`;
    return { url, watching, gone: () => gone, close: server.close };
  }

  test('ends when its session does', async () => {
    let known = true;
    const { url, watching, close } = await serve(async () => (known ? scope : null));
    const stream = await openStream(url, cookie);
    known = false;
    await stream.ended;
    await vi.waitFor(() => expect(watching.size).toBe(0));
    await close();
  });

  test('takes no place for whoever left before it was known who that is', async () => {
    const waiting: (() => void)[] = [];
    let knownAtOnce = false;
    const { url, watching, gone, close } = await serve(async () => {
      if (!knownAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
      return scope;
    });
    for (const count of [1, 2]) {
      const leaving = new AbortController();
      const left = expect(fetch(url, { headers: { cookie }, signal: leaving.signal })).rejects.toThrow();
      await vi.waitFor(() => expect(waiting.length).toBe(count));
      leaving.abort();
      await left;
      await vi.waitFor(() => expect(gone()).toBe(count));
    }
    knownAtOnce = true;
    for (const answer of waiting) answer();
    const stream = await openStream(url, cookie);
    expect(stream.status).toBe(200);
    expect(watching.size).toBe(1);
    stream.leave();
    await close();
  });

  test('ends where nobody reads it, and what is told does not pile up', async () => {
    const { url, watching, close } = await serve(async () => scope);
    const { hostname, port, pathname } = new URL(url);
    const reader = connect({ host: hostname, port: Number(port) }).pause();
    reader.on('error', () => undefined);
    reader.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nCookie: ${cookie}\r\n\r\n`);
    await vi.waitFor(() => expect(watching.size).toBe(1));
    for (let round = 0; round < 200 && watching.size > 0; round += 1) {
      for (const watcher of watching) for (let told = 0; told < 5_000; told += 1) watcher.changed();
      await new Promise(setImmediate);
    }
    expect(watching.size).toBe(0);
    reader.destroy();
    await close();
  });

  test('is one of so many of its client’s, and gives its place back', async () => {
    const { url, watching, close } = await serve(async () => scope);
    const streams = [await openStream(url, cookie), await openStream(url, cookie)];
    expect((await openStream(url, cookie)).status).toBe(429);
    for (const stream of streams) stream.leave();
    await vi.waitFor(() => expect(watching.size).toBe(0));
    const again = await openStream(url, cookie);
    expect(again.status).toBe(200);
    again.leave();
    await vi.waitFor(() => expect(watching.size).toBe(0));
    await close();
  });
});
