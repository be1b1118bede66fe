import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventAnswer } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventOf, forge, type ProviderEvent, withLostDeliveries } from './provider-events.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

interface PaidUnheard {
  readonly customer: string;
  readonly orderId: string;
  /** Genuine, and not delivered. */
  readonly succeeded: ProviderEvent;
}

/** A top-up that was paid at the provider and of which nothing arrived here. */
async function paidUnheard(): Promise<PaidUnheard> {
  const customer = await service.customer((await service.agency('Events')).api);
  const { orderId, sessionId } = await service.startTopUp(customer);
  await withLostDeliveries(service, () => service.sandbox.pay(sessionId, { card: cards.visa }));
  return { customer, orderId, succeeded: await eventOf(service, orderId, 'payment_intent.succeeded') };
}

async function delivered(event: { readonly id: string; readonly body: string }) {
  expect((await service.deliver(event.body)).status).toBe(200);
  await service.idle();
  return service.event(event.id);
}

async function expectUncredited({ customer, orderId }: PaidUnheard): Promise<void> {
  expect((await service.order(orderId)).status).toBe('checkout');
  expect(await service.balance(customer)).toBe('0.00');
}

async function expectCredited({ customer, orderId }: PaidUnheard): Promise<void> {
  expect((await service.order(orderId)).status).toBe('paid');
  expect(await service.balance(customer)).toBe('5.00');
}

const parkedFor = (reason: string) => service.metric('baisa_events_parked_total', { provider: 'stripe', reason });

describe('a payment that differs from its order is parked, counted and not credited', () => {
  it.each([
    ['in its amount', 'amount_mismatch', { amount: 1920, amount_received: 1920 }],
    ['in its currency', 'currency_mismatch', { currency: 'aed' }],
  ])('%s', async (_case, reason, object) => {
    const paid = await paidUnheard();
    const before = await parkedFor(reason);
    const event = await delivered(forge(paid.succeeded, { object }));
    expect(event).toMatchObject({ status: 'parked', reason: expect.stringMatching(new RegExp(`^${reason}: `)) });
    await expectUncredited(paid);
    expect(await parkedFor(reason)).toBe(before + 1);
    const parked = await service.api.all('/v1/events?status=parked', eventAnswer);
    expect(parked.map(({ id }) => id)).toContain(event.id);

    const genuine = await delivered({ id: paid.succeeded.id, body: JSON.stringify(paid.succeeded) });
    expect(genuine.status).toBe('done');
    await expectCredited(paid);
  });

  it('in its amount, as its session tells it', async () => {
    const paid = await paidUnheard();
    const completed = await eventOf(service, paid.orderId, 'checkout.session.completed');
    const event = await delivered(forge(completed, { object: { amount_total: 193_000 } }));
    expect(event).toMatchObject({ status: 'parked', reason: expect.stringMatching(/^amount_mismatch: /) });
    await expectUncredited(paid);
  });

  it('in its order, which is not known', async () => {
    const { succeeded } = await paidUnheard();
    const metadata = { ...succeeded.data.object.metadata, baisa_order: 'ord_nobody' };
    const event = await delivered(forge(succeeded, { object: { metadata } }));
    expect(event).toMatchObject({ status: 'parked', reason: expect.stringMatching(/^unknown_order: /) });
  });

  it('in its agency, which has no such order', async () => {
    const paid = await paidUnheard();
    const other = await service.agency('Other');
    const metadata = { ...paid.succeeded.data.object.metadata, baisa_agency: other.id };
    const event = await delivered(forge(paid.succeeded, { object: { metadata } }));
    expect(event).toMatchObject({ status: 'parked', reason: expect.stringMatching(/^unknown_order: /) });
    await expectUncredited(paid);
  });

  it('in its account, though that one is known here', async () => {
    const paid = await paidUnheard();
    const account = 'acct_another_known';
    await connect(account, (await service.agency('Connected')).id);
    const event = forge(paid.succeeded, { event: { account } });
    const answer = await service.deliver(event.body, {
      route: '/webhooks/stripe/connect',
      secret: service.connectWebhookSecret,
    });
    expect(answer.status).toBe(200);
    await service.idle();
    expect(await service.event(event.id)).toMatchObject({
      status: 'parked',
      reason: expect.stringMatching(/^account_mismatch: /),
    });
    await expectUncredited(paid);
  });

  it('is looked at again by a replay, and stays parked while its cause is there', async () => {
    const paid = await paidUnheard();
    const before = await parkedFor('amount_mismatch');
    const event = await delivered(forge(paid.succeeded, { object: { amount_received: 10 } }));
    const replay = await service.api.send('POST', `/v1/events/${event.id}/replay`, eventAnswer);
    expect(replay.id).toBe(event.id);
    await service.idle();
    expect((await service.event(event.id)).status).toBe('parked');
    expect(await parkedFor('amount_mismatch')).toBe(before + 2);
    await expectUncredited(paid);
  });
});

describe('what is not for us is stored as ignored, with its reason', () => {
  it.each([
    ['another account at the platform’s route', 'other_account', { account: 'acct_another' }],
    ['a type that nobody hears', 'unhandled_type', { type: 'charge.updated' }],
    ['live mode at a sandbox', 'wrong_livemode', { livemode: true }],
  ])('%s', async (_case, reason, change) => {
    const paid = await paidUnheard();
    const event = await delivered(forge(paid.succeeded, { event: change }));
    expect(event).toMatchObject({ status: 'ignored', reason: expect.stringMatching(new RegExp(`^${reason}: `)) });
    await expectUncredited(paid);
  });

  it.each([
    ['an account that is not connected here', 'unknown_account', { account: 'acct_nobody' }],
    ['no account at the Connect route', 'no_account', {}],
  ])('%s', async (_case, reason, change) => {
    const paid = await paidUnheard();
    const event = forge(paid.succeeded, { event: change });
    const connect = { route: '/webhooks/stripe/connect', secret: service.connectWebhookSecret } as const;
    expect((await service.deliver(event.body, connect)).status).toBe(200);
    await service.idle();
    expect(await service.event(event.id)).toMatchObject({
      status: 'ignored',
      reason: expect.stringMatching(new RegExp(`^${reason}: `)),
    });
    await expectUncredited(paid);
  });
});

describe('an event is only a hint, and the current object decides,', () => {
  it.each([
    [
      'when it is of another API version',
      { event: { api_version: '2025-01-27.acacia' }, object: { amount_received: 1 } },
    ],
    ['when it carries no metadata', { object: { metadata: {}, amount_received: 1 } }],
  ])('%s', async (_case, change) => {
    const paid = await paidUnheard();
    expect((await delivered(forge(paid.succeeded, change))).status).toBe('done');
    await expectCredited(paid);
  });

  it('when its session carries no metadata', async () => {
    const paid = await paidUnheard();
    const completed = await eventOf(service, paid.orderId, 'checkout.session.completed');
    expect((await delivered(forge(completed, { object: { metadata: {} } }))).status).toBe('done');
    await expectCredited(paid);
  });

  it('and a payment that did not succeed there is not credited', async () => {
    const customer = await service.customer((await service.agency('Declined')).api);
    const { orderId, sessionId } = await service.startTopUp(customer);
    await service.sandbox.pay(sessionId, { card: cards.declined });
    await service.idle();
    const failed = await eventOf(service, orderId, 'payment_intent.payment_failed');
    const lie = forge(failed, {
      event: { type: 'payment_intent.succeeded', api_version: '2025-01-27.acacia' },
      object: { status: 'succeeded', amount_received: 1930 },
    });
    expect(await delivered(lie)).toMatchObject({
      status: 'ignored',
      reason: expect.stringMatching(/^not_settled: /),
    });
    expect(await service.balance(customer)).toBe('0.00');
  });
});

/** Connects an account to an agency: the platform's own row under another name. */
async function connect(providerAccountId: string, agencyId: string): Promise<void> {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO merchant_accounts
         (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate, effective_currency,
          settlement_currency, status, created_at, updated_at)
       SELECT $1, 'macc_connected', provider, $2, livemode, country, charge_currency, usd_rate, effective_currency,
              settlement_currency, status, created_at, updated_at
       FROM merchant_accounts WHERE provider_account_id = $3`,
      [agencyId, providerAccountId, service.accountId],
    );
  } finally {
    await client.end();
  }
}
