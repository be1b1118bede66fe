import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawUsage, receiveTopUp, reverse } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import { createReadRevenue, type ReadRevenue, type RevenueRequest } from '../../../src/revenue/read-revenue.ts';
import { measures } from '../../../src/revenue/revenue.ts';
import type { LivePlan } from '../../../src/revenue/share.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { platformId, type RevenueWorld, revenueWorld, settlementOf, sharing, usageBased } from './world.ts';

let world: RevenueWorld;
let readRevenue: ReadRevenue;
let runs = 0;

const platform: Scope = { role: 'platform', keyId: 'key_test' };

beforeAll(async () => {
  world = await revenueWorld();
  readRevenue = createReadRevenue(world);
  // Each account settles in a currency of its own; now and then a payment is on no balance yet.
  world.answers.settlement = async (account, paymentId) => {
    if (paymentId.endsWith('late')) return null;
    const { orderId } = await world.database.prisma.settledPayment.findFirstOrThrow({ where: { paymentId } });
    const order = await world.order(orderId);
    const charged = Money.of(order.charged.toFixed(), order.chargeCurrency);
    const fee = Money.of(order.applicationFee.toFixed(), order.chargeCurrency);
    const [settles, rate] = order.chargeCurrency === 'OMR' ? ['AED', '9.5439'] : ['USD', '1'];
    expect(account.platform).toBe(account.id === 'acct_platform');
    return settlementOf(charged, fee.isZero ? null : fee, settles, rate);
  };
});
afterAll(() => world.stop());

const everything = { from: '2026-01-01', to: '2099-12-31' };

/** Sums by currency, as text; what is zero is left out, as an account that never moved would be. */
class Sums {
  readonly #sums = new Map<string, Money>();

  add(amount: Money): this {
    const { code } = amount.currency;
    this.#sums.set(code, (this.#sums.get(code) ?? Money.zero(code)).plus(amount));
    return this;
  }

  texts(): string[] {
    return [...this.#sums.values()]
      .filter(({ isZero }) => !isZero)
      .map(String)
      .sort();
  }
}

const sumOf = (amounts: readonly Money[]): string[] =>
  amounts.reduce((sums, amount) => sums.add(amount), new Sums()).texts();

async function balancesOf(agencyId: string, ...codes: readonly string[]): Promise<readonly Money[]> {
  const balances = await world.ledger.systemBalances(agencyId);
  return balances.filter(({ code }) => codes.includes(code)).map(({ balance }) => balance);
}

/** What clients were charged, by the orders, which know nothing of the ledger. */
async function chargedIn(agencyId: string): Promise<readonly Money[]> {
  const orders = await world.database.prisma.order.findMany({ where: { agencyId, status: 'paid' } });
  return orders.map(({ charged, chargeCurrency }) => Money.of(charged.toFixed(), chargeCurrency));
}

/** Every total against the ledger's balances, and every grouping against the totals. */
async function checkReport(agencyId: string): Promise<void> {
  const read = (request: Partial<RevenueRequest>) =>
    readRevenue(platform, { agencyId, groupBy: 'day', ...everything, ...request });
  const { totals, lines } = await read({});
  const total = (measure: (typeof measures)[number]): string[] => sumOf(totals.map((each) => each[measure]));

  const gross = [...(await chargedIn(agencyId)), ...(await balancesOf(agencyId, 'manual_receipts'))];
  const given = await balancesOf(agencyId, 'agency_fee_expense');
  expect(total('gross')).toEqual(sumOf(gross));
  expect(total('providerFee')).toEqual(sumOf(await balancesOf(agencyId, 'provider_fees')));
  expect(total('tax')).toEqual(sumOf(await balancesOf(agencyId, 'tax_payable')));
  expect(total('platformShare')).toEqual(sumOf(await balancesOf(agencyId, 'agency_fee_expense', 'platform_revenue')));
  expect(total('agencyShare')).toEqual(sumOf([...gross, ...given.map((amount) => amount.negated())]));

  const others = [await read({ groupBy: 'plan' }), await read({ groupBy: 'customer' })];
  for (const measure of measures) {
    for (const report of others) {
      expect(sumOf(report.lines.map((line) => line[measure]))).toEqual(total(measure));
      expect(sumOf(report.totals.map((each) => each[measure]))).toEqual(total(measure));
    }
    expect(sumOf(lines.map((line) => line[measure]))).toEqual(total(measure));
  }
  const middle = lines[Math.floor(lines.length / 2)]?.group;
  if (!middle) return;
  const [until, after] = [await read({ to: middle }), await read({ from: middle })];
  const [on] = [await read({ from: middle, to: middle })];
  const twice = [...until.totals, ...after.totals].map(({ gross }) => gross);
  expect(sumOf([...twice, ...on.totals.map(({ gross }) => gross.negated())])).toEqual(total('gross'));
}

const plans: readonly (LivePlan | null)[] = [
  null,
  usageBased,
  sharing(),
  sharing('12.5', null),
  sharing('0'),
  sharing('100'),
];

const action = fc.record({
  kind: fc.constantFrom('top-up', 'top-up', 'late top-up', 'manual', 'draw', 'take back', 'follow', 'day', 'roll up'),
  client: fc.integer({ min: 0, max: 7 }),
  cents: fc.integer({ min: 60, max: 20_000 }),
});

test('each total equals the ledger’s to the last decimal, and each grouping adds up to it, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (history) => {
      runs += 1;
      const omani = { chargeCurrency: 'OMR', usdRate: '0.385', settlementCurrency: 'AED' };
      const american = { chargeCurrency: 'USD', usdRate: '1', settlementCurrency: 'USD' };
      const agencies = [
        await world.agency(`agc_${runs}_omani`, omani),
        await world.agency(`agc_${runs}_american`, american),
        await world.agency(`agc_${runs}_without`),
        platformId,
      ];
      const clients = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const agencyId = agencies[index % agencies.length] ?? platformId;
          const plan = plans[(index + runs) % plans.length] ?? undefined;
          return { agencyId, customerId: await world.customer(agencyId, `cus_${runs}_${index}`, plan) };
        }),
      );
      for (const [step, { kind, client, cents }] of history.entries()) {
        const of = clients[client];
        if (!of) throw new Error('no such client');
        const name = `${runs}_${step}`;
        const amount = Money.ofMinorUnits(cents, 'USD');
        const fact = { ...of, merchantAccountId: 'macc_any', reference: `fact:${name}`, source: 'test' };
        if (kind === 'top-up' || kind === 'late top-up') {
          const { orderId } = await world.start(
            of.agencyId,
            of.customerId,
            amount.toDecimalString(),
            `request ${name}`,
          );
          const suffix = kind === 'top-up' ? '' : '_late';
          await world.settle(await world.paymentOf(orderId, `pi_${name}${suffix}`));
        } else if (kind === 'manual') {
          await world.adjustBalance({
            ...of,
            kind: 'payment',
            amount,
            reason: 'cash',
            requestId: `req_${name}`,
            by: 'test',
          });
        } else if (kind === 'draw') {
          const tax = amount.times('0.05').roundedTo(amount.currency.chargeableStep);
          await world.ledger.postAlone(drawUsage({ ...fact, planId: 'plan_share', net: amount.minus(tax), tax }));
        } else if (kind === 'take back') {
          const received = receiveTopUp({ ...fact, amount });
          await world.ledger.postAlone(received);
          await world.ledger.postAlone(reverse(received, { reference: `fact:${name}:back`, source: 'test' }));
        } else if (kind === 'follow') await world.followPayments();
        else if (kind === 'day') world.clock.advance(20 * 3_600_000);
        else await world.ledger.rollUp();
      }
      for (const agencyId of agencies) await checkReport(agencyId);
    }),
    { numRuns: 12 },
  );
});

test('a line says whose it is: the client’s and the plan’s name, the platform’s share of another agency’s client', async () => {
  const agencyId = await world.agency('agc_named', { chargeCurrency: 'USD', usdRate: '1', settlementCurrency: 'USD' });
  const customerId = await world.customer(agencyId, 'cus_named', sharing('70', null));
  const { orderId } = await world.start(agencyId, customerId, '10.00');
  await world.settle(await world.paymentOf(orderId, 'pi_named'));
  const own = await readRevenue(platform, { agencyId, groupBy: 'customer', ...everything });
  expect(own).toMatchObject({
    lines: [
      { group: customerId, name: 'cus_named', gross: Money.of('10.00', 'USD'), agencyShare: Money.of('7.00', 'USD') },
    ],
    dashboardUrl: 'https://dashboard.stripe.com/acct_agc_named',
  });
  const platforms = await readRevenue(platform, { agencyId: platformId, groupBy: 'customer', ...everything });
  expect(platforms.lines.filter(({ group }) => group === customerId)).toMatchObject([
    { gross: Money.zero('USD'), platformShare: Money.of('3.00', 'USD') },
  ]);
});

test('a day is UTC’s, and both ends are counted in', async () => {
  const agencyId = await world.agency('agc_days', { chargeCurrency: 'USD', usdRate: '1', settlementCurrency: 'USD' });
  const customerId = await world.customer(agencyId, 'cus_days');
  const now = world.clock.now();
  const tomorrow = new Date(`${now.toISOString().slice(0, 10)}T00:00:00Z`).getTime() + 86_400_000;
  const receive = (name: string) =>
    world.adjustBalance({
      agencyId,
      customerId,
      kind: 'payment',
      amount: Money.of('1.00', 'USD'),
      reason: 'cash',
      requestId: name,
      by: 'test',
    });
  world.clock.advance(tomorrow - 1 - now.getTime());
  await receive('the last millisecond');
  const day = world.clock.now().toISOString().slice(0, 10);
  world.clock.advance(1);
  await receive('the first');
  const next = world.clock.now().toISOString().slice(0, 10);
  const groups = async (from: string, to: string) =>
    (await readRevenue(platform, { agencyId, groupBy: 'day', from, to })).lines.map(({ group }) => group);
  expect(await groups(day, day)).toEqual([day]);
  expect(await groups(day, next)).toEqual([day, next]);
  expect(await groups(next, next)).toEqual([next]);
  await expect(groups(next, day)).rejects.toMatchObject({ status: 422, code: 'days_out_of_order' });
});

test('more groups than can be answered are refused, and not summed', async () => {
  const agencyId = await world.agency('agc_many');
  const day = { agencyId, from: new Date('2026-01-01'), until: new Date('2099-01-01') };
  for (const customerId of ['cus_a', 'cus_b', 'cus_c']) {
    const fact = { agencyId, customerId, merchantAccountId: 'macc_any', reference: customerId, source: 'test' };
    await world.ledger.postAlone(receiveTopUp({ ...fact, amount: Money.of('1.00', 'USD') }));
  }
  const grouped = (groupsMax: number) => world.ledger.turnover(agencyId, { ...day, groupBy: 'customer', groupsMax });
  expect(await grouped(2)).toBeNull();
  expect(await grouped(3)).toHaveLength(3);
});

test('another agency’s revenue is not there', async () => {
  const agencyId = await world.agency('agc_mine');
  const mine: Scope = { role: 'agency', agencyId, keyId: 'key_1' };
  await expect(readRevenue(mine, { agencyId, groupBy: 'day' })).resolves.toMatchObject({
    lines: [],
    dashboardUrl: null,
  });
  await expect(readRevenue(mine, { agencyId: platformId, groupBy: 'day' })).rejects.toMatchObject({ status: 404 });
});

test('a sale on the platform’s account that shares nothing is gross of the agency’s alone, and its fee the platform’s', async () => {
  runs += 1;
  const agencyId = await world.agency(`agc_whole_${runs}`);
  const customerId = await world.customer(agencyId, `cus_whole_${runs}`, usageBased);
  const read = (of: string) => readRevenue(platform, { agencyId: of, groupBy: 'customer', ...everything });
  const { orderId } = await world.start(agencyId, customerId, '5.00');
  await world.settle(await world.paymentOf(orderId, `pi_whole_${runs}`));
  await world.followPayments();
  const { totals } = await read(agencyId);
  expect(
    totals.map(({ currency, gross, agencyShare, providerFee }) =>
      [currency, gross, agencyShare, providerFee].map(String),
    ),
  ).toEqual([['OMR', '1.930 OMR', '1.930 OMR', '0.000 OMR']]);
  const ofPlatform = (await read(platformId)).lines.filter(({ group }) => group === customerId);
  expect(ofPlatform.map(({ currency, gross, providerFee }) => [currency, gross, providerFee].map(String))).toEqual([
    ['AED', '0.00 AED', '0.55 AED'],
  ]);
});
