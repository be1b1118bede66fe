import express from 'express';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import { createInbox } from '../../../src/delivery/inbox.ts';
import { routeDuration } from '../../../src/http/request-duration.ts';
import { listen, type RunningServer } from '../../../src/http/server.ts';
import { createStripeReceiver } from '../../../webhooks/stripe/receiver.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

const secret = 'whsec_of_this_test';
const lines: string[] = [];
const metrics = new Registry();
let testDatabase: TestDatabase;
let database: Database;
let server: RunningServer;

beforeAll(async () => {
  testDatabase = await createMigratedDatabase();
  database = openDatabase(testDatabase.url);
  const app = express();
  app.use(
    createStripeReceiver({
      inbox: createInbox({ pool: database.pool, clock: systemClock }),
      clock: systemClock,
      platformSecrets: [secret],
      connectSecrets: [],
      platformAccountId: 'acct_1',
      livemode: false,
      knowsAccount: async () => false,
      measure: (route) => routeDuration(metrics, 'POST', route),
      log: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
    }),
  );
  server = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await database.close();
  await testDatabase.drop();
});

const deliver = (payload: string, signature: string) =>
  fetch(`http://127.0.0.1:${server.port}/webhooks/stripe`, {
    method: 'POST',
    body: payload,
    headers: { 'stripe-signature': signature },
  });

test('a webhook is measured by route and status, and traced by request and event in the debug log', async () => {
  const payload = JSON.stringify({
    id: 'evt_traced',
    object: 'event',
    type: 'payment_intent.succeeded',
    livemode: false,
    created: 1_793_000_000,
    data: { object: {} },
  });
  const answer = await deliver(payload, Stripe.webhooks.generateTestHeaderString({ payload, secret }));
  expect(answer.status).toBe(200);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    requestId: answer.headers.get('x-request-id'),
    eventId: 'evt_traced',
    type: 'payment_intent.succeeded',
    result: 'stored',
  });
  expect((await deliver(payload, 't=1,v1=abc')).status).toBe(400);
  expect(lines).toHaveLength(1);
  const text = await metrics.metrics();
  for (const status of [200, 400]) {
    expect(text).toContain(
      `http_request_duration_seconds_count{method="POST",route="/webhooks/stripe",status="${status}"} 1`,
    );
  }
});
