import { Router } from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import { createApp } from '../../../src/http/app.ts';
import { listen, type RunningServer } from '../../../src/http/server.ts';

const checks = { database: 'ok', redis: 'ok' };
let database: Database;
let server: RunningServer;

beforeAll(async () => {
  // Nothing here reaches it: a pool connects when it is first asked.
  database = openDatabase('postgresql://127.0.0.1/unused');
  const app = createApp({
    routes: [],
    authenticate: async () => null,
    idempotency: { sql: database.pool, clock: systemClock },
    log: pino({ level: 'silent' }),
    webhooks: Router(),
    health: { ready: async () => checks, dispensable: ['redis'] },
    metrics: new Registry(),
    publicUrl: 'http://127.0.0.1',
  });
  server = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await database.close();
});

test.each([
  ['ok', 'ok', 200, 'ready'],
  ['ok', 'redis is reconnecting', 200, 'degraded'],
  ['refused', 'ok', 503, 'not_ready'],
  ['refused', 'redis is reconnecting', 503, 'not_ready'],
])('with a database that is "%s" and a Redis that is "%s" it answers %i', async (state, redis, status, word) => {
  Object.assign(checks, { database: state, redis });
  const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ status: word, checks: { database: state, redis } });
});
