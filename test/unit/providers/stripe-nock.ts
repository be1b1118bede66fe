import nock from 'nock';
import { afterEach, expect } from 'vitest';
import type { PaymentProvider } from '../../../src/providers/port.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { apiKey } from './stripe-support.ts';

/** What reached Stripe's own address. */
export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  /** The form of a write, or the query of a read or a deletion, as names and values. */
  readonly form: Readonly<Record<string, string>>;
}

const api = (): nock.Scope => nock('https://api.stripe.com');

type Method = 'GET' | 'POST' | 'DELETE';

/** One answer to one request. What was sent is in the array that comes back, once it was. */
export function answering(method: Method, path: string, answer: object, status = 200): readonly Sent[] {
  const sent: Sent[] = [];
  api()
    .intercept(path, method)
    .query(true)
    .reply(async (request: Request) => {
      const form = method === 'POST' ? await request.clone().text() : new URL(request.url).search;
      sent.push({
        headers: Object.fromEntries(request.headers),
        form: Object.fromEntries(new URLSearchParams(form)),
      });
      return [status, answer];
    });
  return sent;
}

/** The connections of one call end without an answer. The SDK tries a second time, under the same key, whatever it was told. */
export function cutting(method: Method, path: string): void {
  api()
    .intercept(path, method)
    .query(true)
    .times(2)
    .replyWithError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
}

/** The adapter as it runs, set against nothing but answers; one that was never asked for fails its test. */
export function nockedStripe(): PaymentProvider {
  withoutNetwork();
  afterEach(() => {
    const unasked = nock.pendingMocks();
    nock.cleanAll();
    expect(unasked).toEqual([]);
  });
  return createStripeProvider({ apiKey, maxNetworkRetries: 0 });
}

/** Stripe's refusal of a call for what it asks. */
export const refusal = (code: string, more: object = {}): object => ({
  error: { type: 'invalid_request_error', code, message: `Refused: ${code}.`, ...more },
});

export const listOf = (...data: object[]): object => ({ object: 'list', data, has_more: false, url: '/v1/x' });

/** Stripe's answer to a card that its bank refused, with the payment that the try left behind. */
export const decline = (intent: object, failure: object): object => ({
  error: { type: 'card_error', message: 'Your card was declined.', ...failure, payment_intent: intent },
});
