import { connect } from 'node:net';
import express, { Router } from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createApp } from '../../../src/http/app.ts';
import { listen } from '../../../src/http/server.ts';
import { platformKey, type Service, startService } from './tenants.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('the service', () => {
  test('answers its health, and says in /readyz what is not ready', async () => {
    expect(await service.call('GET', '/healthz', { key: '' })).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await service.call('GET', '/readyz', { key: '' })).toMatchObject({ status: 200, body: { status: 'ready' } });
    service.checks.database = 'the connection was refused';
    const answer = await service.call('GET', '/readyz', { key: '' });
    service.checks.database = 'ok';
    expect(answer).toMatchObject({
      status: 503,
      body: { status: 'not_ready', checks: { database: 'the connection was refused' } },
    });
  });

  test('measures by route pattern, so that ids never become labels', async () => {
    await service.call('GET', `/v1/customers/${service.first.customer.id}`);
    await service.call('GET', '/v1/made-up-path');
    const { body } = await service.call('GET', '/metrics', { key: '' });
    const metrics = String(body.text);
    expect(metrics).toContain(
      'http_request_duration_seconds_count{method="GET",route="/v1/customers/:id",status="200"}',
    );
    expect(metrics).toContain('route="unmatched",status="404"');
    expect(metrics).not.toContain(service.first.customer.id);
    expect(metrics).not.toContain('made-up-path');
  });

  test('logs each request once, without its key', async () => {
    const answer = await service.call('GET', '/v1/agencies');
    const logged = service.lines.filter((line) => line.includes(String(answer.headers.get('x-request-id'))));
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({ method: 'GET', route: '/v1/agencies', status: 200 });
    expect(service.lines.join('')).not.toContain(platformKey);
  });

  test('serves its documentation from itself, under a policy that allows nothing from elsewhere', async () => {
    const page = await service.call('GET', '/docs', { key: '' });
    expect(page.status).toBe(200);
    const html = String(page.body.text);
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<script>|<style>/);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toHaveLength(3);
    for (const file of files) expect((await service.call('GET', file, { key: '' })).status, file).toBe(200);
    expect(await service.call('GET', '/openapi.json', { key: '' })).toMatchObject({
      status: 200,
      body: { openapi: '3.1.0' },
    });
  });

  test('hands a webhook its raw bytes, before anything else has touched the request', async () => {
    const webhooks = Router();
    let received: unknown;
    webhooks.post('/webhooks/test', express.raw({ type: '*/*' }), (request, response) => {
      received = request.body;
      response.end();
    });
    const app = createApp({
      routes: [],
      authenticate: async () => null,
      idempotency: { sql: service.pool, clock: systemClock },
      log: pino({ level: 'silent' }),
      webhooks,
      health: { ready: async () => ({}) },
      metrics: new Registry(),
      publicUrl: 'http://127.0.0.1',
    });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const sent = '{ "spaced" :  1 }';
    const answer = await fetch(`http://127.0.0.1:${server.port}/webhooks/test`, {
      method: 'POST',
      body: sent,
      headers: { 'content-type': 'application/json' },
    });
    await server.close();
    expect(answer.headers.has('x-request-id')).toBe(false);
    expect(received).toEqual(Buffer.from(sent));
  });
});

describe('closing', () => {
  test('lets a request under way finish, and then takes no more', async () => {
    let finish = (): void => undefined;
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const server = await listen(
      (_request, response) => {
        finish = () => response.end('done');
        begin();
      },
      { host: '127.0.0.1', port: 0 },
    );
    const answer = fetch(`http://127.0.0.1:${server.port}/`).then((response) => response.text());
    await begun;
    const closed = server.close();
    finish();
    expect(await answer).toBe('done');
    await closed;
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
  });

  test('ends a request that does not finish in time', async () => {
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const server = await listen(() => begin(), { host: '127.0.0.1', port: 0, drainMsMax: 1 });
    const socket = connect(server.port, '127.0.0.1');
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await begun;
    await server.close();
    await ended;
  });

  test('does not wait for a connection that never asked anything', async () => {
    const server = await listen((_request, response) => response.end('here'), {
      host: '127.0.0.1',
      port: 0,
      drainMsMax: 2 ** 31 - 1,
    });
    const socket = connect(server.port, '127.0.0.1');
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    // Connections are taken in their order: the first is known once the second is answered.
    await fetch(`http://127.0.0.1:${server.port}/`).then((response) => response.text());
    await server.close();
    await ended;
  });

  test('rejects when the port is taken', async () => {
    await expect(listen(() => undefined, { host: '127.0.0.1', port: service.server.port })).rejects.toThrow(
      'EADDRINUSE',
    );
  });
});
