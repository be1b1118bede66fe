import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listeningTogether } from '../../../src/checkout/order-listener.ts';
import type { PaymentEvent } from '../../../src/checkout/payment-event.ts';
import { createSettlePayments, type SettlePayments } from '../../../src/checkout/settle-payments.ts';
import { inTransaction } from '../../../src/database/database.ts';
import { newId } from '../../../src/ids.ts';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import { Money } from '../../../src/money/money.ts';
import { listLicences } from '../../../src/subscriptions/licence.store.ts';
import { createPackListener } from '../../../src/subscriptions/pack-listener.ts';
import { ids } from '../catalog/world.ts';
import { client, createSubscriptionWorld, type SubscriptionWorld } from './world.ts';

let world: SubscriptionWorld;
let ledger: Ledger;
let settle: SettlePayments;

beforeAll(async () => {
  world = await createSubscriptionWorld();
  const { clock, jobs, database } = world;
  ledger = createLedger({ pool: database.pool, clock });
  const orderListener = listeningTogether(createPackListener({ clock }));
  settle = createSettlePayments({ ledger, clock, jobs, listeners: { onFailed: [] }, orderListener });
});
afterAll(() => world.close());

const key = { agencyId: ids.two, customerId: client };

/** An open order of 500 minutes for 17.330 OMR, 0.825 of them tax. */
async function order(): Promise<string> {
  const id = newId('order');
  const now = world.clock.now();
  const pack = {
    packId: 'plan:1:0',
    title: 'Gold Tier: 500 Call minutes',
    feature: 'call_minutes',
    quantity: '500',
    validDays: 90,
  };
  await world.database.prisma.order.create({
    data: {
      ...{ ...key, id, merchantAccountId: ids.account, kind: 'pack', status: 'checkout', credited: '0', pack },
      ...{ chargeCurrency: 'OMR', charged: '17.330', exact: '17.330', tax: '0.825', rate: '0.385' },
      ...{ planId: 'plan', planVersion: 1, sessionId: newId('checkoutSession'), successUrl: 'x', cancelUrl: 'x' },
      ...{ expiresAt: now, createdAt: now, updatedAt: now },
    },
  });
  return id;
}

type Told = 'paid' | 'paid again' | 'declined' | 'expired';

function eventOf(orderId: string, told: Told): PaymentEvent {
  const about = { provider: 'stripe', providerAccountId: 'acct_platform', order: { agencyId: ids.two, orderId } };
  if (told === 'expired') return { ...about, type: 'session.expired' };
  const refusal = { code: 'card_declined', declineCode: null, adviceCode: null, message: null };
  const paymentId = `${orderId} ${told === 'paid again' ? 2 : 1}`;
  return told === 'declined'
    ? {
        ...about,
        ...refusal,
        type: 'payment.declined',
        paymentId,
        fact: `${orderId} declined`,
        occurredAt: world.clock.now(),
      }
    : { ...about, type: 'payment.settled', paymentId, received: Money.of('17.330', 'OMR') };
}

const tell = (orderId: string, ...told: readonly Told[]) =>
  inTransaction(world.database.pool, (sql) =>
    settle(
      sql,
      told.map((each) => ({ event: eventOf(orderId, each), source: 'test' })),
    ),
  );

const licencesOf = async (orderId: string) =>
  (await listLicences(world.database.pool, key, { limit: 1000, after: undefined })).filter(
    (each) => each.orderId === orderId,
  );
const balances = async (): Promise<ReadonlyMap<string, Money>> =>
  new Map((await ledger.systemBalances(ids.two)).map(({ code, balance }) => [code, balance]));

test('a payment is one licence and one posting, whatever is told of it, in whatever order and however often', async () => {
  const history = fc.array(fc.constantFrom<Told>('paid', 'declined', 'expired'), { minLength: 1, maxLength: 6 });
  let payments = 0;
  await fc.assert(
    fc.asyncProperty(history, fc.boolean(), async (told, together) => {
      const id = await order();
      if (together) await tell(id, ...told);
      else for (const each of told) await tell(id, each);
      const paid = told.includes('paid');
      payments += Number(paid);
      expect(await licencesOf(id)).toMatchObject(
        paid
          ? [
              {
                kind: 'quantity',
                quantity: '500',
                source: 'pack',
                grantedBy: `order:${id}`,
                remarks: 'Gold Tier: 500 Call minutes',
              },
            ]
          : [],
      );
      const sums = await balances();
      const expected = (each: string) => Money.of(each, 'OMR').times(String(payments));
      if (payments === 0) return;
      // Sold on the platform's account: the money is the platform's to receive, and owed to the agency.
      expect(sums.get('clearing')).toEqual(expected('0'));
      expect(sums.get('receivable_from_platform')).toEqual(expected('17.330'));
      expect(sums.get('subscription_revenue')).toEqual(expected('16.505'));
      expect(sums.get('tax_payable')).toEqual(expected('0.825'));
      expect(String(await ledger.balance(ids.two, client))).toBe('0.00 USD');
    }),
    { numRuns: 40 },
  );
});

test('an order that is paid twice is one licence, and a person is told', async () => {
  const id = await order();
  await tell(id, 'paid', 'paid again');
  expect(await licencesOf(id)).toHaveLength(1);
  const alerts = await world.database.prisma.alert.findMany({ where: { kind: 'second_payment' } });
  expect(alerts.map(({ subject }) => subject)).toEqual([`${id} ${id} 2`]);
});

test('what is rolled back leaves neither a licence nor a posting, and the next try makes both', async () => {
  const id = await order();
  const before = await balances();
  const failing = inTransaction(world.database.pool, async (sql) => {
    await settle(sql, [{ event: eventOf(id, 'paid'), source: 'test' }]);
    throw new Error('the process died');
  });
  await expect(failing).rejects.toThrow('died');
  expect(await licencesOf(id)).toEqual([]);
  expect(await balances()).toEqual(before);
  await tell(id, 'paid');
  expect(await licencesOf(id)).toHaveLength(1);
});
