import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { reversalWorld } from './reversal-world.ts';
import { plans, subscriptionWorld } from './subscription-world.ts';

let service: TestService;
let world: ReturnType<typeof reversalWorld>;
let subscriptions: ReturnType<typeof subscriptionWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = reversalWorld(service);
  subscriptions = subscriptionWorld(service);
});
afterAll(async () => {
  await world.close();
  await service.stop();
});

const money = z.object({ amount: z.string(), currency: z.string() });
const line = z.object({
  id: z.string(),
  kind: z.string(),
  status: z.string(),
  orderId: z.string().nullable(),
  amount: money,
  charged: money.nullable(),
  amountRefunded: money.nullable(),
  reason: z
    .object({ code: z.string().nullable(), declineCode: z.string().nullable(), message: z.string().nullable() })
    .nullable(),
  occurredAt: z.string(),
  expiredAt: z.string().nullable(),
});
const page = z.object({ data: z.array(line), next: z.string().nullable() });

/** More than are read at once. */
const manyOrders = 2_500;

/** Newest first, in few words. */
async function historyOf(api: ApiClient, customerId: string, query = ''): Promise<readonly string[]> {
  const { data } = await api.get(`/v1/customers/${customerId}/transactions?limit=100${query}`, page);
  return data.map(({ kind, status, amount }) => `${kind} ${status} ${amount.amount} ${amount.currency}`);
}

describe('the billing history of a client', () => {
  it('has a line for each payment, each declined attempt, each refund, each dispute and each entry', async () => {
    const { api } = await service.agency('Told');
    const customerId = await service.customer(api);
    const { sessionId } = await service.startTopUp(customerId, '5.00');
    await service.sandbox.pay(sessionId, { card: cards.insufficientFunds });
    await service.sandbox.pay(sessionId, { card: cards.visa });
    await service.idle();
    await service.sandbox.advanceClock('1m');
    const second = await world.topUp(customerId, '10.00');
    await service.sandbox.advanceClock('1m');
    await world.refund(second.orderId, '4.00', api);
    await service.sandbox.advanceClock('1m');
    const third = await world.topUp(customerId, '6.00');
    await service.sandbox.dispute(third.paymentId, { kind: 'chargeback' });
    await service.idle();
    await service.sandbox.advanceClock('1m');
    await api.call('POST', `/v1/customers/${customerId}/adjustments`, {
      idempotencyKey: 'taken',
      body: { kind: 'correction', amount: { amount: '-1.00', currency: 'USD' }, reason: 'a mistake' },
    });
    await service.startTopUp(customerId, '7.00');
    await service.sandbox.advanceClock('1m');
    const { orderId: open } = await service.startTopUp(customerId, '8.00');
    expect((await historyOf(api, customerId)).toSorted()).toEqual(
      [
        'top_up checkout 8.00 USD',
        'top_up checkout 7.00 USD',
        'adjustment paid -1.00 USD',
        'dispute disputed 2.310 OMR',
        'top_up disputed 6.00 USD',
        'refund refunded 4.00 USD',
        'top_up partially_refunded 10.00 USD',
        'top_up failed 5.00 USD',
        'top_up paid 5.00 USD',
      ].toSorted(),
    );
    const { data } = await api.get(`/v1/customers/${customerId}/transactions?limit=100`, page);
    expect(data.map(({ occurredAt }) => occurredAt)).toEqual(
      data
        .map(({ occurredAt }) => occurredAt)
        .toSorted()
        .toReversed(),
    );
    expect(data.find(({ status }) => status === 'failed')?.reason).toMatchObject({
      code: 'card_declined',
      declineCode: 'insufficient_funds',
    });
    expect(data.find(({ status }) => status === 'partially_refunded')?.amountRefunded?.amount).toBe('4.00');
    await service.sandbox.advanceClock('25h');
    const detail = line.extend({ about: z.array(line) });
    const expired = await api.get(`/v1/transactions/${open}`, detail);
    expect(expired).toMatchObject({ status: 'checkout', about: [{ id: open }] });
    expect(expired.expiredAt).not.toBeNull();
    const refunded = await api.get(`/v1/transactions/${second.orderId}`, detail);
    expect(refunded.about.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'top_up partially_refunded',
      'refund refunded',
    ]);
    for (const { id } of data) {
      expect(await api.call('GET', `/v1/transactions/${id}`)).toMatchObject({ status: 200, body: { id } });
    }
  });

  it('has a line for a renewal, for each of its declined attempts, and shows a hold as a hold', async () => {
    const client = await subscriptions.client('Renewed');
    await subscriptions.save(client);
    await service.idle();
    await service.sandbox.advanceClock('1d');
    const planId = await subscriptions.plan(client, plans.starter);
    await subscriptions.subscribe(client, { planId, cycle: 'monthly' });
    const { data } = await world.stripe().customers.list({ limit: 100 });
    const holder = data.find(({ metadata }) => metadata.baisa_customer === client.id);
    const methods = (await world.stripe().customers.listPaymentMethods(holder?.id ?? '')).data;
    for (const { id } of methods) await service.sandbox.setCard(id, 'insufficient_funds');
    await service.sandbox.advanceClock('32d');
    for (const { id } of methods) await service.sandbox.setCard(id, null);
    await service.sandbox.advanceClock('8d');
    const lines = await historyOf(client.agency, client.id);
    expect(lines.filter((each) => each === 'invoice paid 7.700 OMR')).toHaveLength(2);
    expect(lines.filter((each) => each === 'invoice failed 7.700 OMR').length).toBeGreaterThan(0);
    expect(lines.filter((each) => each.startsWith('hold'))).toEqual(['hold released 0.390 OMR']);
    const failed = await historyOf(client.agency, client.id, '&status=failed');
    expect(new Set(failed)).toEqual(new Set(['invoice failed 7.700 OMR']));
  });

  it('is read in pages that neither repeat nor leave out, and filtered by kind, status and time', async () => {
    const { api, id: agencyId } = await service.agency('Paged');
    const customerId = await service.customer(api);
    for (let index = 1; index <= 7; index += 1) {
      await api.call('POST', `/v1/customers/${customerId}/adjustments`, {
        idempotencyKey: `page ${index}`,
        body: { kind: 'payment', amount: { amount: `${index}.00`, currency: 'USD' }, reason: 'cash' },
      });
      if (index === 4) await service.sandbox.advanceClock('1m');
    }
    const from = (await service.sandbox.now()).toISOString();
    const other = await service.customer(api);
    await service.startTopUp(other, '9.00');
    for (const path of [`/v1/customers/${customerId}/transactions`, `/v1/agencies/${agencyId}/transactions`]) {
      const seen: string[] = [];
      let after = '';
      do {
        const answer = await api.get(`${path}?limit=3&kind=manual_payment${after}`, page);
        seen.push(...answer.data.map(({ id }) => id));
        after = answer.next === null ? '' : `&after=${answer.next}`;
      } while (after !== '');
      expect(seen).toHaveLength(7);
      expect(new Set(seen).size).toBe(7);
    }
    const agency = await api.get(`/v1/agencies/${agencyId}/transactions?limit=100`, page);
    expect(agency.data).toHaveLength(8);
    expect(await historyOf(api, customerId, `&until=${from}`)).toHaveLength(7);
    await service.sandbox.advanceClock('1m');
    expect(await historyOf(api, customerId, `&from=${(await service.sandbox.now()).toISOString()}`)).toEqual([]);
    expect(await historyOf(api, customerId, '&status=failed')).toEqual([]);
    expect(await api.call('GET', `/v1/customers/${customerId}/transactions?after=bm9uZQ`)).toMatchObject({
      status: 422,
    });
  });

  it('is nobody else’s', async () => {
    const mine = await world.paid();
    const { api, id } = await service.agency('Stranger');
    expect(await api.call('GET', `/v1/customers/${mine.customerId}/transactions`)).toMatchObject({ status: 404 });
    expect(await api.call('GET', `/v1/transactions/${mine.orderId}`)).toMatchObject({ status: 404 });
    expect(await api.call('GET', '/v1/transactions/nothing_1')).toMatchObject({ status: 404 });
    expect(await world.ask(mine.orderId, undefined, { api })).toMatchObject({ status: 404 });
    expect((await api.get(`/v1/agencies/${id}/transactions`, page)).data).toEqual([]);
  });

  it('tells a client that an operator entered something, and not who did it and why', async () => {
    const { api } = await service.agency('Discreet');
    const customerId = await service.customer(api);
    await api.call('POST', `/v1/customers/${customerId}/adjustments`, {
      idempotencyKey: 'goodwill',
      body: { kind: 'correction', amount: { amount: '1.00', currency: 'USD' }, reason: 'threatens to leave' },
    });
    const entered = async (as: ApiClient) => (await as.get(`/v1/customers/${customerId}/transactions`, page)).data[0];
    expect((await entered(api))?.reason?.message).toMatch(/^operator:key_.*threatens to leave/);
    const { token } = await api.send(
      'POST',
      `/v1/customers/${customerId}/portal-tokens`,
      z.object({ token: z.string() }),
      {
        body: {},
      },
    );
    const portal = api.as(token);
    const seen = await entered(portal);
    expect(seen).toMatchObject({ kind: 'adjustment', amount: { amount: '1.00' }, reason: null });
    const { text } = await portal.call('GET', `/v1/transactions/${seen?.id}`);
    const table = await portal.call('GET', `/v1/customers/${customerId}/transactions?format=csv`);
    expect(`${text} ${table.text}`).not.toMatch(/threatens|key_/);
  });

  it('is a table of any length, each line once and newest first, though many fall on one moment', async () => {
    const { api, id: agencyId } = await service.agency('Long');
    const customerId = await service.customer(api);
    const { orderId } = await world.topUp(customerId);
    const database = new pg.Client({ connectionString: service.databaseUrl });
    await database.connect();
    try {
      await database.query(
        `INSERT INTO orders SELECT made.* FROM orders o, generate_series(1, $2::int) AS n,
           jsonb_populate_record(o, jsonb_build_object('id', 'ord_' || n, 'session_id', 'cs_' || n, 'request_id', null,
             'created_at', o.created_at - (n / 700) * interval '1 minute')) AS made
          WHERE o.id = $1`,
        [orderId, manyOrders],
      );
    } finally {
      await database.end();
    }
    for (const path of [`/v1/customers/${customerId}/transactions`, `/v1/agencies/${agencyId}/transactions`]) {
      const { text } = await api.call('GET', `${path}?format=csv`);
      const rows = text
        .trim()
        .split('\r\n')
        .slice(1)
        .map((row) => row.split(','));
      expect(new Set(rows.map(([id]) => id)).size).toBe(manyOrders + 1);
      expect(rows).toHaveLength(manyOrders + 1);
      const moments = rows.map(([, at]) => at ?? '');
      expect(moments).toEqual(moments.toSorted().toReversed());
    }
  });

  it('is a table for whoever asks for one', async () => {
    const { api } = await service.agency('Tables');
    const customerId = await service.customer(api);
    await world.topUp(customerId, '5.00');
    const path = `/v1/customers/${customerId}/transactions?format=csv`;
    const { status, text } = await api.call('GET', path);
    const [header, ...rows] = text.trim().split('\r\n');
    expect(status).toBe(200);
    expect(header).toMatch(/^id,occurredAt,customer,kind,status,amount,currency,charged,chargeCurrency,refunded,/);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain(`,${customerId},top_up,paid,5.00,USD,1.930,OMR,0.00,ord_`);
    expect(await service.api.call('GET', '/v1/customers/cus_nobody/transactions?format=csv')).toMatchObject({
      status: 404,
    });
  });
});
