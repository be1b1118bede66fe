import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { recordRequests, stripe, wire } from './stripe-recorder.ts';
import { connected, platform } from './stripe-support.ts';

recordRequests();

const since = new Date(1_793_500_000_999);
const page = (hasMore: boolean, ...data: object[]): object => ({
  object: 'list',
  data,
  has_more: hasMore,
  url: '/v1/x',
});

describe('a provider’s books', () => {
  const line = (id: string, type: string, source: object | string | null, more: object = {}) => ({
    id,
    object: 'balance_transaction',
    amount: 1843,
    created: 1_793_500_001,
    currency: 'aed',
    exchange_rate: null,
    fee: 0,
    fee_details: [],
    net: 1843,
    source,
    type,
    ...more,
  });
  const of = (object: string, id: string, more: object = {}) => ({
    id,
    object,
    payment_intent: 'pi_1',
    metadata: { baisa_order: 'ord_1' },
    ...more,
  });

  it('are read a page at a time, from a second on', async () => {
    const { form, headers, path, result } = await wire(page(true, line('txn_2', 'payout', 'po_1')), () =>
      stripe().balance.listEntries(connected, { since, after: 'txn_3' }),
    );
    expect(path).toBe('/v1/balance_transactions');
    expect(headers['stripe-account']).toBe('acct_agency');
    expect(form).toEqual({
      'created[gte]': '1793500000',
      limit: '100',
      starting_after: 'txn_3',
      'expand[0]': 'data.source',
    });
    expect(result).toMatchObject({ next: 'txn_2', rows: [{ id: 'txn_2', kind: 'payout', sourceId: 'po_1' }] });
    const last = await wire(page(false), () => stripe().balance.listEntries(platform, { since, after: null }));
    expect(last.result).toEqual({ rows: [], next: null });
    expect(Object.keys(last.form)).not.toContain('starting_after');
  });

  it.each([
    ['charge', of('charge', 'ch_1'), 'payment', 'pi_1'],
    ['payment', of('charge', 'py_1'), 'payment', 'pi_1'],
    ['payment_failure_refund', of('charge', 'py_1'), 'payment_failure', 'pi_1'],
    ['refund', of('refund', 're_1', { metadata: null }), 'refund', 'pi_1'],
    ['refund_failure', of('refund', 're_1'), 'refund_failure', 'pi_1'],
    ['adjustment', of('dispute', 'du_1'), 'dispute', 'pi_1'],
    ['adjustment', null, 'other', null],
    ['application_fee', { id: 'fee_1', object: 'application_fee' }, 'application_fee', null],
    ['application_fee_refund', { id: 'fr_1', object: 'fee_refund' }, 'application_fee_return', null],
    ['stripe_fee', null, 'other', null],
    ['a_new_type', null, 'other', null],
  ])('name a line of type %s and the payment behind it', async (type, source, kind, paymentId) => {
    const { result } = await wire(page(false, line('txn_1', type, source)), () =>
      stripe().balance.listEntries(connected, { since, after: null }),
    );
    expect(result.rows).toMatchObject([{ kind, paymentId, sourceId: source?.id ?? null }]);
  });

  it('tell the platform’s part from the provider’s fees', async () => {
    const details = [
      { amount: 154, application: null, currency: 'aed', description: null, type: 'stripe_fee' },
      { amount: 525, application: 'ca_1', currency: 'aed', description: null, type: 'application_fee' },
    ];
    const charged = line('txn_1', 'charge', of('charge', 'ch_1'), { fee: 679, fee_details: details, net: 1164 });
    const { result } = await wire(page(false, charged), () =>
      stripe().balance.listEntries(connected, { since, after: null }),
    );
    expect(result.rows).toEqual([
      {
        id: 'txn_1',
        kind: 'payment',
        sourceId: 'ch_1',
        paymentId: 'pi_1',
        metadata: { baisa_order: 'ord_1' },
        settled: {
          gross: Money.of('18.43', 'AED'),
          fees: Money.of('1.54', 'AED'),
          net: Money.of('11.64', 'AED'),
          exchangeRate: null,
        },
        taken: Money.of('5.25', 'AED'),
        at: new Date(1_793_500_001_000),
      },
    ]);
  });
});

describe('a provider’s log of events', () => {
  const event = (id: string, type = 'refund.created') => ({
    id,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: 1_793_500_001,
    data: { object: { id: 're_1', object: 'refund' } },
    livemode: false,
    type,
  });

  it('is read a page at a time, each event as a delivery would carry it', async () => {
    const { form, headers, path, result } = await wire(page(true, event('evt_2')), () =>
      stripe().events.listSince(connected, ['refund.created', 'refund.failed'], { since, after: 'evt_3' }),
    );
    expect(path).toBe('/v1/events');
    expect(headers['stripe-account']).toBe('acct_agency');
    expect(form).toEqual({
      'created[gte]': '1793500000',
      limit: '100',
      starting_after: 'evt_3',
      'types[0]': 'refund.created',
      'types[1]': 'refund.failed',
    });
    expect(result).toMatchObject({
      next: 'evt_2',
      rows: [{ id: 'evt_2', type: 'refund.created', livemode: false, at: new Date(1_793_500_001_000) }],
    });
    expect(JSON.parse(result.rows[0]?.payload ?? '')).toEqual({ ...event('evt_2'), account: 'acct_agency' });
  });

  it('names no account in the platform’s own events', async () => {
    const { result } = await wire(page(false, event('evt_1')), () =>
      stripe().events.listSince(platform, ['refund.created'], { since, after: null }),
    );
    expect(JSON.parse(result.rows[0]?.payload ?? '')).toEqual(event('evt_1'));
    expect(result.next).toBeNull();
  });

  it('is sifted here where more types are wanted than can be asked for', async () => {
    const many = [...Array.from({ length: 20 }, (_none, index) => `other.${index}`), 'refund.created'];
    const answer = page(true, event('evt_2'), event('evt_1', 'customer.created'));
    const { form, result } = await wire(answer, () =>
      stripe().events.listSince(platform, many, { since, after: null }),
    );
    expect(Object.keys(form).filter((name) => name.startsWith('types'))).toEqual([]);
    expect(result.rows.map(({ id }) => id)).toEqual(['evt_2']);
    expect(result.next).toBe('evt_1');
  });
});
