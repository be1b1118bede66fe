import { describe, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import type { ClaimedEvent } from '../../../src/delivery/inbox.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { metadataKeys } from '../../../src/providers/metadata.ts';
import type { PaymentProvider, ProviderPayment } from '../../../src/providers/port.ts';
import { createStripeTranslation } from '../../../webhooks/stripe/translate.ts';
import type { Resolved } from '../../../webhooks/translation.ts';

const apiVersion = '2026-10-28.endive';
const ours = { [metadataKeys.order]: 'ord_1', [metadataKeys.agency]: 'agc_1' };

const payment: ProviderPayment = {
  id: 'pi_1',
  amount: Money.of('1.930', 'OMR'),
  amountReceived: Money.of('1.930', 'OMR'),
  status: 'succeeded',
  metadata: ours,
  failure: null,
};

interface Told {
  readonly type?: string;
  readonly livemode?: boolean;
  readonly version?: string;
  readonly object?: object;
}

/** What a payment's event means, when the provider shows `current` (or throws it). */
async function meaning(told: Told, current: ProviderPayment | Error): Promise<Resolved & { fetched: boolean }> {
  let fetched = false;
  const provider: PaymentProvider = {
    name: 'stripe',
    apiVersion,
    accounts: {
      current: () => Promise.reject(new Error('not asked')),
      retrieve: () => Promise.reject(new Error('not asked')),
    },
    payments: {
      retrieve: async () => {
        fetched = true;
        if (current instanceof Error) throw current;
        return current;
      },
    },
  };
  const body = {
    id: 'evt_1',
    object: 'event',
    api_version: told.version ?? apiVersion,
    created: 1_760_000_000,
    type: told.type ?? 'payment_intent.succeeded',
    data: { object: { id: 'pi_1', metadata: ours, amount_received: 1930, currency: 'omr', ...told.object } },
  };
  const claimed: ClaimedEvent = {
    id: 'evt_ours',
    provider: 'stripe',
    account: 'acct_1',
    eventId: 'evt_1',
    type: body.type,
    payload: Buffer.from(JSON.stringify(body)),
    livemode: told.livemode ?? false,
    attempts: 1,
  };
  const translated = createStripeTranslation({
    provider,
    clock: new FixedClock('2026-11-21T08:00:00Z'),
    platformAccountId: 'acct_1',
    livemode: false,
  }).translate(claimed);
  const resolved = typeof translated === 'function' ? await translated() : translated;
  return { ...resolved, fetched };
}

const settled = { kind: 'payment', event: { type: 'payment.settled', paymentId: 'pi_1' } };
const refusal = new ProviderError({
  kind: 'invalid',
  code: 'resource_missing',
  status: 404,
  message: 'No such payment',
});

describe('a succeeded payment', () => {
  test.each<[string, Told, ProviderPayment | Error, object]>([
    ['of our version that names an order is taken from its snapshot', {}, refusal, { ...settled, fetched: false }],
    ['of another version is fetched', { version: '2020-08-27' }, payment, { ...settled, fetched: true }],
    ['without metadata is fetched', { object: { metadata: {} } }, payment, { ...settled, fetched: true }],
    [
      'of other business is ignored once it was looked at',
      { object: { metadata: {} } },
      { ...payment, metadata: {} },
      { kind: 'ignored', reason: expect.stringMatching(/^foreign: /) },
    ],
    [
      'of other business that cannot be read is ignored, not parked',
      { object: { metadata: {} } },
      refusal,
      { kind: 'ignored', reason: expect.stringMatching(/^foreign: /) },
    ],
    [
      'of other business in a currency we do not know is ignored',
      { object: { metadata: {}, currency: 'isk' } },
      new ProviderError({ kind: 'invalid', code: 'unknown_currency', message: 'isk' }),
      { kind: 'ignored', reason: expect.stringMatching(/^foreign: /) },
    ],
    [
      'of an order of ours in a currency we do not know is parked with a code',
      { object: { currency: 'isk' } },
      refusal,
      { kind: 'parked', reason: expect.stringMatching(/^currency_mismatch: /) },
    ],
    [
      'of test mode at a live service, or the reverse, is ignored however it got past the door',
      { livemode: true },
      payment,
      { kind: 'ignored', reason: expect.stringMatching(/^wrong_livemode: /) },
    ],
    [
      'that verifies a card is never money',
      { object: { metadata: { ...ours, [metadataKeys.purpose]: 'verification' } } },
      payment,
      { kind: 'ignored', reason: expect.stringMatching(/^verification_hold: /) },
    ],
    [
      'of which nothing has arrived is looked at',
      { object: { amount_received: 0 } },
      { ...payment, status: 'requires_capture', amountReceived: Money.zero('OMR') },
      { kind: 'ignored', reason: expect.stringMatching(/^not_settled: /) },
    ],
  ])('%s', async (_name, told, current, expected) => {
    expect(await meaning(told, current)).toMatchObject(expected);
  });

  test('whose provider is away is tried again, not decided', async () => {
    const away = new ProviderError({ kind: 'unavailable', message: 'away' });
    await expect(meaning({ object: { metadata: {} } }, away)).rejects.toBe(away);
  });
});
