import { expect, test } from 'vitest';
import { planChanges } from '../../../src/commands/webhook-endpoints.ts';
import type { WebhookEndpoint } from '../../../src/providers/port.ts';

const apiVersion = '2026-10-28.endive';
const url = 'https://pay.example.com/webhooks/stripe';
const eventTypes = ['payment_intent.succeeded'];
const wanted = { url, connect: false, setting: 'STRIPE_WEBHOOK_SECRET', eventTypes };
const endpoint = (change: Partial<WebhookEndpoint>): WebhookEndpoint => ({
  id: 'we_1',
  url,
  eventTypes,
  apiVersion,
  enabled: true,
  connect: false,
  ...change,
});
const plan = (...existing: WebhookEndpoint[]) =>
  planChanges([wanted], existing, apiVersion).map(({ action, reason }) => ({ action, reason }));

test('an endpoint at our address that hears other accounts is not taken for ours', () => {
  expect(plan(endpoint({ connect: true }))).toEqual([
    { action: 'create', reason: expect.stringMatching(/we_1 .*connected accounts only.* left alone/) },
  ]);
});

test('an endpoint that does not say what it hears is named, left alone, and ours made beside it', () => {
  expect(plan(endpoint({ connect: null }))).toEqual([
    { action: 'create', reason: expect.stringMatching(/we_1 .*does not say which accounts.* left alone/) },
  ]);
});

test('of two that fit, the one that delivers is kept', () => {
  expect(plan(endpoint({ enabled: false }), endpoint({ id: 'we_2' }))).toEqual([
    { action: 'leave', reason: expect.stringContaining('we_2') },
  ]);
});
