import { describe, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import type { ClaimedEvent } from '../../../src/delivery/inbox.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { PaymentProvider, ProviderPayment } from '../../../src/providers/port.ts';
import type { ProviderInvoice, ProviderSubscription } from '../../../src/providers/subscription-ports.ts';
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

const invoice: ProviderInvoice = {
  ...{ id: 'pay_1', number: null, status: 'paid', subscriptionId: 'mem_1', metadata: {}, billingReason: null },
  ...{ total: payment.amount, tax: Money.zero('USD'), amountDue: payment.amount, amountPaid: payment.amount },
  ...{ credit: Money.zero('USD'), lines: [], paymentIds: ['pay_1'], hostedUrl: null, attemptCount: 1 },
  ...{ nextAttemptAt: null, periodStart: clock.now(), periodEnd: clock.now(), createdAt: clock.now(), paidAt: null },
};

const unused = async (): Promise<never> => {
  throw new Error('a translation writes nothing');
};
const absent = { createSession: unused, findSession: unused, endWithPeriod: unused, cancel: unused };

const noRefunds = { create: unused, find: unused, retrieve: unused, lateFailures: async () => [] };

interface Told {
  readonly type?: string;
  readonly data?: object;
  readonly livemode?: boolean;
  readonly payload?: string;
}

/** What an event means, when the provider shows `current` (or throws it). */
async function meaning(
  told: Told,
  current: ProviderPayment | Error = payment,
  subscription?: ProviderSubscription,
): Promise<Resolved> {
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
    refunds: { ...noRefunds, listOfPayment: async () => [] },
    disputes: { retrieve: unused, listOfPayment: async () => [] },
    ...(subscription && {
      subscriptions: { ...absent, retrieve: async () => subscription },
      invoices: {
        retrieve: async () => invoice,
        findByPayment: async () => invoice,
        listOfSubscription: async () => [invoice],
      },
    }),
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

describe('what is told of a membership', () => {
  const subscription: ProviderSubscription = {
    ...{ id: 'mem_1', status: 'active', providerCustomerId: 'cus_1', items: [], defaultCardId: null },
    metadata: { baisa_subscription: 'sub_1', baisa_agency: 'agc_1' },
    ...{ startedAt: clock.now(), anchorAt: clock.now(), trialEndsAt: null, cancelAt: null, endedAt: null },
    scheduleId: null,
  };
  const renewal = { id: 'pay_1', metadata: null, membership: { id: 'mem_1' } };

  test.each([
    ['membership.activated', { id: 'mem_1', metadata: null }, false],
    ['membership.deactivated', { id: 'mem_1', metadata: null }, false],
    ['membership.cancel_at_period_end_changed', { id: 'mem_1', metadata: null }, false],
    ['payment.succeeded', renewal, true],
    ['payment.failed', renewal, true],
  ])('%s leads to the membership as it is now', async (type, data, isPayment) => {
    const read = await meaning({ type, data }, payment, subscription);
    expect(read).toMatchObject({
      kind: 'subscription',
      event: { provider: 'whop', subscriptionId: 'sub_1', agencyId: 'agc_1', readAt: clock.now() },
    });
    const reading = read.kind === 'subscription' && 'reading' in read.event ? read.event.reading : null;
    expect(reading?.invoice.id ?? null).toBe(isPayment ? 'pay_1' : null);
    expect((reading?.failure ?? null) === null).toBe(type !== 'payment.failed');
  });

  test('that nobody began here is other business', async () => {
    const foreign = { ...subscription, metadata: {} };
    const told = { type: 'membership.activated', data: { id: 'mem_1', metadata: null } };
    expect(await meaning(told, payment, foreign)).toMatchObject({ reason: expect.stringContaining('foreign') });
  });

  test('which came of something that was bought once is its payment’s to tell, and that payment its order’s', async () => {
    const told = { type: 'membership.activated', data: { id: 'mem_1', metadata: ours } };
    expect(await meaning(told, payment, subscription)).toMatchObject({ kind: 'ignored' });
    const paid = { data: { membership: { id: 'mem_1' } } };
    expect(await meaning(paid, payment, subscription)).toMatchObject({ kind: 'payment', event: { order } });
  });
});

describe('a refund or a dispute', () => {
  const reversals = whopEventTypes.filter((type) => /^(refund|dispute)\./.test(type));

  test.each(reversals)('%s of no payment that is named is other business', async (type) => {
    expect(await meaning({ type, data: { id: 'rev_1', payment: null } })).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining('foreign'),
    });
  });

  test.each(reversals)('%s leads to all that went back of its payment', async (type) => {
    const missing = new ProviderError({ kind: 'invalid', code: 'not_found', message: 'No such payment' });
    const told = { type, data: { id: 'rev_1', payment: { id: 'pay_9' } } };
    expect(await meaning(told, missing)).toMatchObject({ kind: 'ignored', reason: expect.stringContaining('foreign') });
    expect(await meaning(told)).toMatchObject({
      kind: 'ignored',
      reason: expect.stringMatching(/nothing_returned|no_dispute/),
    });
  });

  test('that is none of either is no reason to try again', async () => {
    await expect(meaning({ type: 'refund.created', data: { id: 7 } })).rejects.toBeInstanceOf(SyntaxError);
  });
});

describe('any event', () => {
  test.each(whopEventTypes.filter((type) => !/^(payment|membership|refund|dispute)\./.test(type)))(
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
