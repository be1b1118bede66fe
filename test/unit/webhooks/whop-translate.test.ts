import { describe, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import type { ClaimedEvent } from '../../../src/delivery/inbox.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { PaymentProvider, ProviderPayment } from '../../../src/providers/port.ts';
import type { Resolved } from '../../../webhooks/translation.ts';
import { whopEventTypes } from '../../../webhooks/whop/router.ts';
import { createWhopTranslation } from '../../../webhooks/whop/translate.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { providerAccount } from '../../support/provider-account.ts';
import { api, page, platform, whopAt } from '../providers/whop-support.ts';

const ours = { baisa_order: 'ord_1', baisa_agency: 'agc_1' };
const order = { orderId: 'ord_1', agencyId: 'agc_1' };
const clock = new FixedClock('2026-11-21T08:00:00Z');

const payment: ProviderPayment = {
  id: 'pay_1',
  amount: Money.of('5.00', 'USD'),
  amountReceived: Money.of('5.00', 'USD'),
  status: 'succeeded',
  metadata: ours,
  failure: null,
};

interface Told {
  readonly type?: string;
  readonly data?: object;
  readonly livemode?: boolean;
  readonly payload?: string;
}

/** What an event means, when the provider shows `current` (or throws it). */
async function meaning(told: Told, current: ProviderPayment | Error = payment): Promise<Resolved> {
  const provider: PaymentProvider = {
    name: 'whop',
    apiVersion: 'of a test',
    accounts: { current: async () => providerAccount(), retrieve: async () => providerAccount() },
    payments: {
      retrieve: async () => {
        if (current instanceof Error) throw current;
        return current;
      },
    },
  };
  const body = {
    type: told.type ?? 'payment.succeeded',
    timestamp: '2026-11-21T07:59:59.000Z',
    company_id: 'biz_1',
    data: { id: 'pay_1', metadata: ours, ...told.data },
  };
  const claimed: ClaimedEvent = {
    id: 'evt_ours',
    provider: 'whop',
    account: 'biz_1',
    eventId: 'msg_1',
    type: body.type,
    payload: Buffer.from(told.payload ?? JSON.stringify(body)),
    livemode: told.livemode ?? true,
    attempts: 1,
  };
  const translation = createWhopTranslation({ provider, clock, platformAccountId: 'biz_1', livemode: true });
  const translated = translation.translate(claimed);
  return typeof translated === 'function' ? translated() : translated;
}

describe('a payment that succeeded', () => {
  test('is worth what Whop shows now, whatever its event said', async () => {
    expect(await meaning({ data: { subtotal: 5_000, status: 'paid' } })).toEqual({
      kind: 'payment',
      event: {
        type: 'payment.settled',
        provider: 'whop',
        providerAccountId: 'biz_1',
        order,
        paymentId: 'pay_1',
        received: payment.amountReceived,
      },
    });
  });

  test('names the order that the payment itself names', async () => {
    const current = { ...payment, metadata: { baisa_order: 'ord_2', baisa_agency: 'agc_2' } };
    expect(await meaning({}, current)).toMatchObject({ event: { order: { orderId: 'ord_2', agencyId: 'agc_2' } } });
  });

  test.each([
    [
      'it is not paid any more',
      { ...payment, status: 'canceled' as const, amountReceived: Money.zero('USD') },
      'not_settled',
    ],
    ['it names no order of ours', { ...payment, metadata: {} }, 'foreign'],
  ])('credits nothing when %s', async (_when, current, code) => {
    expect(await meaning({}, current)).toMatchObject({ kind: 'ignored', reason: expect.stringContaining(code) });
  });

  const refused = new ProviderError({ kind: 'invalid', message: 'no such payment', code: 'not_found', status: 404 });
  test('that Whop does not show is other business, unless its event named an order of ours', async () => {
    expect(await meaning({ data: { metadata: null } }, refused)).toMatchObject({ kind: 'ignored' });
    await expect(meaning({}, refused)).rejects.toBe(refused);
  });

  test('of an order in a currency that the service does not know is parked', async () => {
    const unknown = new ProviderError({ kind: 'invalid', message: 'in XAU', code: 'unknown_currency' });
    expect(await meaning({}, unknown)).toMatchObject({
      kind: 'parked',
      reason: expect.stringContaining('currency_mismatch'),
    });
  });
});

describe('a payment that failed', () => {
  const failed = {
    type: 'payment.failed',
    data: { failure_message: 'Card declined', last_payment_attempt: '2026-11-21T07:59:58Z' },
  };

  test('is a declined try, named by its time, for a payment can be tried again', async () => {
    expect(await meaning(failed)).toEqual({
      kind: 'payment',
      event: {
        type: 'payment.declined',
        provider: 'whop',
        providerAccountId: 'biz_1',
        order,
        paymentId: 'pay_1',
        fact: 'pay_1:2026-11-21T07:59:58Z',
        code: null,
        declineCode: null,
        adviceCode: null,
        message: 'Card declined',
        occurredAt: new Date('2026-11-21T07:59:59Z'),
      },
    });
  });

  test('of other business is ignored', async () => {
    expect(await meaning({ ...failed, data: { metadata: { shop: 'theirs' } } })).toMatchObject({ kind: 'ignored' });
  });
});

describe('any event', () => {
  test.each(whopEventTypes.filter((type) => !type.startsWith('payment.') && !type.startsWith('membership.')))(
    '%s leads to the account as it is now',
    async (type) => {
      expect(await meaning({ type })).toMatchObject({
        kind: 'account',
        event: { provider: 'whop', providerAccountId: 'biz_1', readAt: clock.now() },
      });
    },
  );

  test('of the wrong mode, or that nobody hears, is ignored', async () => {
    expect(await meaning({ livemode: false })).toMatchObject({ reason: expect.stringContaining('wrong_livemode') });
    expect(await meaning({ type: 'chat.message.created' })).toMatchObject({
      reason: expect.stringContaining('unhandled_type'),
    });
  });

  test('whose body is none is parked, and data that is not what its type promises is no reason to try again', async () => {
    expect(await meaning({ payload: '{}' })).toMatchObject({ kind: 'parked' });
    await expect(meaning({ data: { id: 7 } })).rejects.toBeInstanceOf(SyntaxError);
  });
});

describe('what is heard', () => {
  withoutNetwork();

  test('is exactly what an account’s webhook subscribes to', async () => {
    let events: unknown;
    api().get('/api/v1/webhooks').query(true).reply(200, page());
    api()
      .post('/api/v1/webhooks', (body: { events?: unknown }) => {
        events = body.events;
        return true;
      })
      .reply(200, { id: 'hook_1', webhook_secret: 'ws_1' });
    await whopAt().listen(platform, 'https://example.com/webhooks/whop/macc_1', whopEventTypes);
    expect(events).toEqual(whopEventTypes);
  });
});
