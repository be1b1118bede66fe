import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { isNotificationType, verifyNotification } from '../../../webhooks/stripe/notification.ts';
import { verifyStripeEvent } from '../../../webhooks/stripe/verify.ts';

const now = new Date('2026-11-21T10:00:00Z');
const secret = 'whsec_current';
const body = {
  object: 'v2.core.event',
  id: 'evt_test_1',
  type: 'v1.billing.meter.error_report_triggered',
  livemode: false,
  created: '2026-11-21T09:59:00.000Z',
  related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
};

const signed = (content: object, key = secret, agoSeconds = 0) => {
  const payload = JSON.stringify(content);
  const timestamp = now.getTime() / 1000 - agoSeconds;
  return {
    bytes: Buffer.from(payload),
    signature: Stripe.webhooks.generateTestHeaderString({ payload, secret: key, timestamp }),
  };
};

const verify = ({ bytes, signature }: ReturnType<typeof signed>, secrets: readonly string[] = [secret]) =>
  verifyNotification(bytes, signature, secrets, now);

test('a notification is taken with any of the route’s secrets, and names its account by the context', () => {
  const own = {
    id: 'evt_test_1',
    type: 'v1.billing.meter.error_report_triggered',
    livemode: false,
    occurredAt: new Date('2026-11-21T09:59:00Z'),
    account: undefined,
  };
  expect(verify(signed(body))).toEqual(own);
  expect(verify(signed(body, 'whsec_thin'), [secret, 'whsec_thin'])).toEqual(own);
  expect(verify(signed({ ...body, context: 'acct_2' }))).toEqual({ ...own, account: 'acct_2' });
  expect(verify(signed({ ...body, context: 'org_1/acct_2' }))).toEqual({ ...own, account: 'acct_2' });
});

test.each([
  ['another secret', signed(body, 'whsec_other')],
  ['an old signature', signed(body, secret, 301)],
  [
    'no signature of this body',
    { ...signed(body), bytes: Buffer.from(JSON.stringify({ ...body, context: 'acct_2' })) },
  ],
  ['a body that is no notification', signed({ ...body, created: 1_795_000_000 })],
  ['a snapshot', signed({ object: 'event', id: 'evt_1', type: 'invoice.paid', livemode: false })],
])('%s is refused', (_, delivery) => {
  expect(verify(delivery)).toBeNull();
});

test('a missing signature is refused, and so is any where there is no secret', () => {
  expect(verifyNotification(signed(body).bytes, undefined, [secret], now)).toBeNull();
  expect(verify(signed(body), [])).toBeNull();
});

test('a notification is no snapshot, whatever it is signed with', () => {
  const { bytes, signature } = signed(body);
  expect(verifyStripeEvent(bytes, signature, [secret], now)).toBeNull();
});

test('only reports about meters are heard', () => {
  expect(isNotificationType('v1.billing.meter.no_meter_found')).toBe(true);
  expect(isNotificationType('v1.invoice.paid')).toBe(false);
});
