import nock from 'nock';
import { afterEach, describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { withoutNetwork } from '../../support/no-network.ts';
import { api, child, failureOf, independent, ownKey, platform, whopAt } from './whop-support.ts';

const { refunds, disputes } = whopAt();

withoutNetwork();
afterEach(() => {
  const left = nock.pendingMocks();
  nock.cleanAll();
  expect(left).toEqual([]);
});

const refund = (id: string, amount: number, status = 'succeeded') => ({
  ...{ id, amount, status, currency: 'usd', created_at: '2026-11-01T10:00:00.000Z' },
});
const payment = (changes: object = {}) => ({
  ...{ id: 'pay_1', status: 'paid', currency: 'usd', subtotal: 5, total: 5, tax_amount: 0, metadata: null },
  ...{ refunds: [], disputes: [], ...changes },
});
const asked = (amount: string) => ({
  ...{ refundId: 'rf_1', paymentId: 'pay_1', amount: Money.of(amount, 'USD'), applicationFeeReturned: false },
  ...{ reason: null, metadata: { baisa_order: 'ord_1' } },
});
const once = { idempotencyKey: 'refund:rf_1:1' };

const shows = (body: object, key?: string) => api(key).get('/api/v1/payments/pay_1').reply(200, body);

describe('a refund', () => {
  test('sends a part in decimal major units under our key, and is told from those that the payment had', async () => {
    shows(payment({ refunds: [refund('rfnd_old', 1.5)] }));
    api()
      .post('/api/v1/payments/pay_1/refund', { partial_amount: 1.5 })
      .matchHeader('idempotency-key', 'refund:rf_1:1')
      .reply(200, payment({ refunds: [refund('rfnd_new', 1.5), refund('rfnd_old', 1.5)] }));
    expect(await refunds.create(child, asked('1.50'), once)).toMatchObject({
      ...{ id: 'rfnd_new', status: 'succeeded', refundId: null, isUnnamed: true, paymentId: 'pay_1' },
      movements: [{ id: 'rfnd_new', kind: 'withdrawn', settled: null }],
    });
  });

  test('of an account with a key of its own goes by that key', async () => {
    shows(payment(), ownKey);
    api(ownKey)
      .post('/api/v1/payments/pay_1/refund')
      .reply(200, payment({ refunds: [refund('rfnd_1', 5)] }));
    expect((await refunds.create(independent, asked('5.00'), once)).amount.toString()).toBe('5.00 USD');
  });

  test.each([
    [
      'a lost connection',
      (mock: nock.Interceptor) => mock.replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
      'indeterminate',
    ],
    ['a failure inside', (mock: nock.Interceptor) => mock.reply(500, {}), 'indeterminate'],
    ['a conflict', (mock: nock.Interceptor) => mock.reply(409, {}), 'indeterminate'],
    ['too many calls', (mock: nock.Interceptor) => mock.reply(429, {}), 'rate_limited'],
  ] as const)('is sent once and no more after %s', async (_what, answer, kind) => {
    shows(payment());
    let sent = 0;
    const whop = api().on('request', () => {
      sent += 1;
    });
    answer(whop.post('/api/v1/payments/pay_1/refund').times(3));
    expect((await failureOf(refunds.create(platform, asked('5.00'), once))).kind).toBe(kind);
    expect(sent).toBe(1);
    nock.cleanAll();
  });

  test('that its answer does not show is in doubt', async () => {
    shows(payment());
    api().post('/api/v1/payments/pay_1/refund').reply(200, payment());
    expect((await failureOf(refunds.create(platform, asked('5.00'), once))).detail).toMatchObject({
      ...{ kind: 'indeterminate', code: 'refund_not_shown' },
    });
  });

  test.each([
    ['all of it went back', { refunds: [refund('rfnd_1', 5)] }, 'charge_already_refunded'],
    ['all of it is about to', { refunds: [refund('rfnd_1', 5, 'pending')] }, 'charge_already_refunded'],
    ['less is left', { refunds: [refund('rfnd_1', 4)] }, 'refund_too_large'],
    ['it is charged back', { disputes: [{ id: 'dspt_1', status: 'under_review' }] }, 'charge_disputed'],
    ['the key may not see disputes', { disputes: null }, 'disputes_not_shown'],
  ])('is not sent where %s', async (_why, changes, code) => {
    shows(payment(changes));
    expect((await failureOf(refunds.create(platform, asked('2.00'), once))).detail).toMatchObject({
      ...{ kind: 'invalid', code },
    });
  });

  test('may follow one that failed, and a dispute that was won', async () => {
    shows(payment({ refunds: [refund('rfnd_1', 5, 'failed')], disputes: [{ id: 'dspt_1', status: 'won' }] }));
    api()
      .post('/api/v1/payments/pay_1/refund', { partial_amount: 5 })
      .reply(200, payment({ refunds: [refund('rfnd_2', 5), refund('rfnd_1', 5, 'failed')] }));
    expect((await refunds.create(platform, asked('5.00'), once)).id).toBe('rfnd_2');
  });

  test('takes the client’s part of Whop’s tax with it, and the last one what is left of both', async () => {
    const taxed = { subtotal: 5, tax_amount: 0.25, total: 5.25 };
    shows(payment(taxed));
    api()
      .post('/api/v1/payments/pay_1/refund', { partial_amount: 1.75 })
      .reply(200, payment({ ...taxed, refunds: [refund('rfnd_1', 1.75)] }));
    expect((await refunds.create(platform, asked('1.67'), once)).amount.toString()).toBe('1.67 USD');
    const twice = [refund('rfnd_2', 1.75), refund('rfnd_1', 1.75)];
    shows(payment({ ...taxed, refunds: twice }));
    api()
      .post('/api/v1/payments/pay_1/refund', { partial_amount: 1.75 })
      .reply(200, payment({ ...taxed, refunds: [refund('rfnd_3', 1.75), ...twice] }));
    expect((await refunds.create(platform, asked('1.66'), once)).amount.toString()).toBe('1.66 USD');
  });

  test('is left to Whop where a dispute has a word that nobody knew', async () => {
    shows(payment({ disputes: [{ id: 'dspt_1', status: 'a_word_of_tomorrow' }] }));
    api()
      .post('/api/v1/payments/pay_1/refund')
      .reply(200, payment({ refunds: [refund('rfnd_1', 5)] }));
    expect((await refunds.create(platform, asked('5.00'), once)).id).toBe('rfnd_1');
  });

  test('keeps its amount in whatever order the payment shows them', async () => {
    const taxed = { subtotal: 5, tax_amount: 0.25, total: 5.25 };
    const refundOf = (number: number) => ({
      ...refund(`rfnd_${number}`, 1.75),
      created_at: `2026-11-0${number}T10:00:00.000Z`,
    });
    for (const order of [
      [1, 2, 3],
      [3, 2, 1],
      [2, 3, 1],
    ]) {
      shows(payment({ ...taxed, refunds: order.map(refundOf) }));
      const made = await refunds.listOfPayment(platform, 'pay_1');
      expect(made.map(({ id, amount }) => `${id} ${amount}`)).toEqual([
        ...['rfnd_1 1.67 USD', 'rfnd_2 1.67 USD', 'rfnd_3 1.66 USD'],
      ]);
    }
  });

  test('whose call was lost is found by its amount among those that nobody knows', async () => {
    const sought = { paymentId: 'pay_1', refundId: 'rf_1', amount: Money.of('2.00', 'USD'), others: ['rfnd_1'] };
    shows(payment({ refunds: [refund('rfnd_2', 2), refund('rfnd_1', 2)] }));
    expect((await refunds.find(platform, sought))?.id).toBe('rfnd_2');
    shows(payment({ refunds: [refund('rfnd_3', 1), refund('rfnd_1', 2)] }));
    expect(await refunds.find(platform, sought)).toBeNull();
  });
});

describe('a dispute', () => {
  const dispute = (status: string, amount = 5) => ({
    ...{ id: 'dspt_1', amount, currency: 'usd', created_at: '2026-11-02T10:00:00.000Z', reason: 'fraudulent', status },
    ...{ needs_response_by: null, payment: { id: 'pay_1' } },
  });

  test.each([
    ['warning_needs_response', 'needs_response', true, []],
    ['warning_closed', 'prevented', true, []],
    ['needs_response', 'needs_response', false, ['withdrawn']],
    ['under_review', 'under_review', false, ['withdrawn']],
    ['won', 'won', false, ['withdrawn', 'reinstated']],
    ['lost', 'lost', false, ['withdrawn']],
    ['closed', 'closed', false, ['withdrawn']],
    ['other', 'other', false, []],
    ['a_word_of_tomorrow', 'other', false, []],
  ])(
    'that is %s is told by its payment’s id, with what that word says of the money',
    async (word, status, isInquiry, moved) => {
      shows(payment({ disputes: [{ id: 'dspt_1' }] }));
      api().get('/api/v1/disputes/dspt_1').reply(200, dispute(word));
      const [found] = await disputes.listOfPayment(platform, 'pay_1');
      expect(found).toMatchObject({ id: 'dspt_1', paymentId: 'pay_1', status, isInquiry, reason: 'fraudulent' });
      expect(found?.movements.map(({ kind }) => kind)).toEqual(moved);
    },
  );

  test('is of what was paid without Whop’s tax', async () => {
    api().get('/api/v1/disputes/dspt_1').reply(200, dispute('needs_response', 5.25));
    shows(payment({ total: 5.25, tax_amount: 0.25 }));
    expect((await disputes.retrieve(platform, 'dspt_1')).amount.toString()).toBe('5.00 USD');
  });
});
