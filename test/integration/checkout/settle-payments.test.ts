import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PaymentEvent } from '../../../src/checkout/payment-event.ts';
import {
  createSettlePayments,
  type PaymentOutcome,
  type SettlePayments,
} from '../../../src/checkout/settle-payments.ts';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import { Money } from '../../../src/money/money.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

let scratch: TestDatabase;
let database: Database;
let ledger: Ledger;
let settle: SettlePayments;
let agencies = 0;

beforeAll(async () => {
  scratch = await createMigratedDatabase();
  database = openDatabase(scratch.url);
  const clock = new FixedClock('2026-01-01T00:00:00Z');
  ledger = createLedger({ pool: database.pool, clock });
  settle = createSettlePayments({
    ledger,
    clock,
    jobs: { enqueue: async () => undefined },
    listeners: { onFailed: [] },
  });
  await database.pool.query(`
    INSERT INTO agencies (id, name, email, country, is_platform, created_at) VALUES ('agc_p', 'P', 'p@p.example', 'OM', true, now());
    INSERT INTO merchant_accounts (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate,
                                   effective_currency, settlement_currency, status, created_at, updated_at)
    VALUES ('agc_p', 'macc_p', 'stripe', 'acct_p', false, 'AE', 'OMR', 0.385, 'OMR', 'AED', 'active', now(), now())`);
});

afterAll(async () => {
  await database.close();
  await scratch.drop();
});

/** An agency with a client and some open orders of 5.00 USD, 1.930 OMR. */
async function tenant(orders: number): Promise<string> {
  agencies += 1;
  const agencyId = `agc_${agencies}`;
  await database.pool.query(
    `INSERT INTO agencies (id, name, email, country, created_at) VALUES ($1, 'A', 'a@a.example', 'OM', now())`,
    [agencyId],
  );
  await database.pool.query(
    `INSERT INTO customers (agency_id, id, name, email, created_at) VALUES ($1, 'cus_' || $1, 'C', 'c@c.example', now())`,
    [agencyId],
  );
  await database.pool.query(
    `INSERT INTO orders (agency_id, id, customer_id, merchant_account_id, kind, status, credited, charge_currency, charged, exact,
                         rate, session_id, success_url, cancel_url, expires_at, created_at, updated_at)
     SELECT $1, 'ord_' || i, 'cus_' || $1, 'macc_p', 'top_up', 'checkout', 5.00, 'OMR', 1.930, 1.925, 0.385, 'cs_' || i,
            'https://c.example', 'https://c.example', now(), now(), now() FROM generate_series(1, $2::int) i`,
    [agencyId, orders],
  );
  return agencyId;
}

const about = (agencyId: string, order = 1) => ({
  provider: 'stripe',
  providerAccountId: 'acct_p',
  order: { agencyId, orderId: `ord_${order}` },
});

const paid = (agencyId: string, paymentId: string, order = 1, received = '1.930'): PaymentEvent => ({
  ...about(agencyId, order),
  type: 'payment.settled',
  paymentId: `${agencyId}_${paymentId}`,
  received: Money.of(received, 'OMR'),
});

const apply = (...events: PaymentEvent[]): Promise<readonly PaymentOutcome[]> =>
  inTransaction(database.pool, (client) =>
    settle(
      client,
      events.map((event) => ({ event, source: 'test' })),
    ),
  );

const balance = async (agencyId: string): Promise<string> =>
  (await ledger.balance(agencyId, `cus_${agencyId}`)).toString();

async function statusOf(agencyId: string, order = 1): Promise<string | undefined> {
  const found = await database.pool.query<{ status: string }>(
    'SELECT status FROM orders WHERE agency_id = $1 AND id = $2',
    [agencyId, `ord_${order}`],
  );
  return found.rows[0]?.status;
}

const reasons = (outcomes: readonly PaymentOutcome[]): string[] =>
  outcomes.map((outcome) => (outcome.status === 'parked' ? (outcome.reason.split(':')[0] ?? '') : outcome.status));

test('one payment is one credit: it settles the first order it names, in its agency or in another, and no other ever', async () => {
  const [first, second] = [await tenant(2), await tenant(1)];
  const payment = paid(first, 'pi_1');
  expect(reasons(await apply(payment))).toEqual(['done']);
  const elsewhere: PaymentEvent = { ...payment, order: { agencyId: second, orderId: 'ord_1' } };
  const sibling: PaymentEvent = { ...payment, order: { agencyId: first, orderId: 'ord_2' } };
  expect(reasons(await apply(elsewhere, sibling, payment))).toEqual([
    'payment_of_another_order',
    'payment_of_another_order',
    'done',
  ]);
  expect([await balance(first), await balance(second)]).toEqual(['5.00 USD', '0.00 USD']);
  expect([await statusOf(first, 2), await statusOf(second)]).toEqual(['checkout', 'checkout']);
});

test('one payment that names two orders in one batch settles one of them', async () => {
  const agencyId = await tenant(2);
  const payment = paid(agencyId, 'pi_1');
  const outcomes = await apply(payment, { ...payment, order: { agencyId, orderId: 'ord_2' } });
  expect(reasons(outcomes)).toEqual(['done', 'payment_of_another_order']);
  expect(await balance(agencyId)).toBe('5.00 USD');
});

test('a second payment on one order is credited and raised, in one batch or in two', async () => {
  const together = await tenant(1);
  await apply(paid(together, 'pi_1'), paid(together, 'pi_2'), paid(together, 'pi_1'));
  const apart = await tenant(1);
  await apply(paid(apart, 'pi_1'));
  await apply(paid(apart, 'pi_2'));
  await apply(paid(apart, 'pi_2'));
  for (const agencyId of [together, apart]) {
    expect(await balance(agencyId)).toBe('10.00 USD');
    const alerts = await database.pool.query('SELECT kind, detail FROM alerts WHERE agency_id = $1', [agencyId]);
    expect(alerts.rows).toEqual([
      { kind: 'second_payment', detail: { orderId: 'ord_1', first: `${agencyId}_pi_1`, second: `${agencyId}_pi_2` } },
    ]);
  }
});

test.each([
  ['another amount', { received: Money.of('1.920', 'OMR') }, 'amount_mismatch'],
  ['another currency', { received: Money.of('1.93', 'USD') }, 'currency_mismatch'],
  ['another account', { providerAccountId: 'acct_other' }, 'account_mismatch'],
  ['another provider', { provider: 'whop' }, 'account_mismatch'],
  ['an order that is not there', { order: { agencyId: 'agc_1', orderId: 'ord_none' } }, 'unknown_order'],
])('a payment of %s is parked, not credited, and holds nobody', async (_name, change, reason) => {
  const agencyId = await tenant(2);
  const outcomes = await apply({ ...paid(agencyId, 'pi_1'), ...change }, paid(agencyId, 'pi_2', 2));
  expect(reasons(outcomes)).toEqual([reason, 'done']);
  expect(await balance(agencyId)).toBe('5.00 USD');
  expect(await statusOf(agencyId)).toBe('checkout');
});

test('whatever is told of an order, in any order, batching and number: one credit if it was paid, and the status follows', async () => {
  const facts = ['paid', 'paid', 'declined', 'failed', 'expired'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom(...facts), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      async (batches) => {
        const agencyId = await tenant(1);
        const eventOf = (fact: (typeof facts)[number]): PaymentEvent => {
          if (fact === 'paid') return paid(agencyId, 'pi_1');
          if (fact === 'failed') return { ...about(agencyId), type: 'payment.failed' };
          if (fact === 'expired') return { ...about(agencyId), type: 'session.expired' };
          const nothing = { code: null, declineCode: null, adviceCode: null, message: null, occurredAt: new Date(0) };
          return { ...about(agencyId), type: 'payment.declined', paymentId: 'pi_1', fact: 'ch_1', ...nothing };
        };
        for (const batch of batches) await apply(...batch.map(eventOf));
        const told = new Set(batches.flat());
        expect(await balance(agencyId)).toBe(told.has('paid') ? '5.00 USD' : '0.00 USD');
        const status = told.has('paid')
          ? 'paid'
          : told.has('failed')
            ? 'failed'
            : told.has('expired')
              ? 'expired'
              : 'checkout';
        expect(await statusOf(agencyId)).toBe(status);
        const attempts = await database.pool.query('SELECT 1 FROM payment_attempts WHERE agency_id = $1', [agencyId]);
        expect(attempts.rowCount).toBe(told.has('declined') ? 1 : 0);
      },
    ),
    { numRuns: 40 },
  );
});

test('the same payment told by many at the same moment credits once', async () => {
  const agencyId = await tenant(1);
  await Promise.all(Array.from({ length: 15 }, () => apply(paid(agencyId, 'pi_1'))));
  expect(await balance(agencyId)).toBe('5.00 USD');
});
