import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { platformId, type RevenueWorld, revenueWorld, sharing, usageBased } from './world.ts';

let world: RevenueWorld;
let made = 0;

beforeAll(async () => {
  world = await revenueWorld();
});
afterAll(() => world.stop());

const omani = { chargeCurrency: 'OMR', usdRate: '0.385', settlementCurrency: 'AED' };

/** An agency and a client of its own, on an account of its own or on the platform's. */
async function tenant(plan = sharing(), account: typeof omani | null = omani) {
  made += 1;
  const agencyId = await world.agency(`agc_${made}`, account ?? undefined);
  return { agencyId, customerId: await world.customer(agencyId, `cus_${made}`, plan) };
}

const manual = (of: { agencyId: string; customerId: string }, amount: string, externalReference: string) =>
  world.adjustBalance({
    ...of,
    kind: 'payment',
    amount: Money.of(amount, 'USD'),
    reason: 'a transfer',
    externalReference,
    requestId: 'req_1',
    by: 'operator:key_1',
  });

describe('the fee of a checkout', () => {
  test('is fixed with the order and asked for on the agency’s own account', async () => {
    const { agencyId, customerId } = await tenant();
    const { orderId } = await world.start(agencyId, customerId, '5.00');
    // 1.930 / 1.05 × 30 % = 0.5514
    const order = await world.order(orderId);
    expect({
      ...order,
      agencyPercent: order.agencyPercent?.toFixed(),
      fee: order.applicationFee.toFixed(),
    }).toMatchObject({
      planId: 'plan_share',
      planVersion: 2,
      agencyPercent: '70',
      fee: '0.55',
    });
    const sent = world.sessions.at(-1);
    expect(sent?.account).toEqual({ id: `acct_${agencyId}`, platform: false });
    expect(sent?.request.applicationFee).toEqual(Money.of('0.550', 'OMR'));
  });

  test('stays as it was ordered when the client’s plan changes before it pays', async () => {
    const { agencyId, customerId } = await tenant();
    const { orderId } = await world.start(agencyId, customerId, '5.00', 'as it was');
    world.answers.plans.set(customerId, sharing('10'));
    await world.start(agencyId, customerId, '5.00', 'as it was');
    await world.settle(await world.paymentOf(orderId, 'pi_as_it_was'));
    expect(await world.books(agencyId)).toContain('agency_fee_expense OMR 0.550');
  });

  test.each([
    ['of a usage-based plan', usageBased, omani],
    ['of a plan that leaves all to the agency', sharing('100'), omani],
    ['on the platform’s own account', sharing(), null],
  ])('is not asked for %s', async (_of, plan, account) => {
    const { agencyId, customerId } = await tenant(plan, account);
    const { orderId } = await world.start(agencyId, customerId, '5.00');
    expect((await world.order(orderId)).planId).toBe(plan.planId);
    expect(world.sessions.at(-1)?.request).not.toHaveProperty('applicationFee');
  });

  test('is nothing where the platform sells to a client of its own', async () => {
    const customerId = await world.customer(platformId, 'cus_own', sharing());
    const { orderId } = await world.start(platformId, customerId, '5.00');
    const order = await world.order(orderId);
    expect([order.agencyPercent, order.platformShare.toFixed()]).toEqual([null, '0']);
    await world.settle(await world.paymentOf(orderId, 'pi_own'));
    const own = (await world.references(platformId)).filter((reference) => reference.includes('pi_own'));
    expect(own).toEqual(['topup.settle stripe:acct_platform:pi_own:settled']);
  });
});

describe('a payment', () => {
  test('leaves the platform’s part in both books, once, whatever is told twice', async () => {
    const { agencyId, customerId } = await tenant();
    const { orderId } = await world.start(agencyId, customerId, '5.00');
    const payment = await world.paymentOf(orderId, 'pi_twice');
    await world.settle(payment, payment);
    await world.settle(payment);
    expect(await world.books(agencyId)).toEqual([
      'agency_fee_expense OMR 0.550',
      'clearing OMR 1.380',
      'fx OMR -1.925',
      'fx USD 5.00',
      'rounding OMR 0.005',
    ]);
    const reference = `stripe:acct_${agencyId}:pi_twice`;
    expect(await world.references(agencyId)).toEqual([
      `topup.settle ${reference}:settled`,
      `share.take ${reference}:share`,
    ]);
    expect(await world.references(platformId)).toContain(`share.take ${reference}:share`);
    expect((await world.ledger.balance(agencyId, customerId)).toString()).toBe('5.00 USD');
  });

  test('on the platform’s account is owed to the agency, less the platform’s part', async () => {
    const { agencyId, customerId } = await tenant(sharing(), null);
    const { orderId } = await world.start(agencyId, customerId, '5.00');
    await world.settle(await world.paymentOf(orderId, 'pi_owed'));
    expect(await world.books(agencyId)).toEqual([
      'agency_fee_expense OMR 0.550',
      'fx OMR -1.925',
      'fx USD 5.00',
      'receivable_from_platform OMR 1.380',
      'rounding OMR 0.005',
    ]);
    expect(await world.books(platformId)).toContain('payable_to_agency OMR 1.380');
  });

  test('of a usage-based plan leaves one posting, in the agency’s books', async () => {
    const { agencyId, customerId } = await tenant(usageBased);
    const { orderId } = await world.start(agencyId, customerId, '5.00');
    const before = await world.references(platformId);
    await world.settle(await world.paymentOf(orderId, 'pi_usage'));
    expect(await world.references(agencyId)).toEqual([`topup.settle stripe:acct_${agencyId}:pi_usage:settled`]);
    expect(await world.references(platformId)).toEqual(before);
  });

  test('says in both books whose it is and what it lived on', async () => {
    const { agencyId, customerId } = await tenant();
    const { orderId } = await world.start(agencyId, customerId, '5.00');
    await world.settle(await world.paymentOf(orderId, 'pi_whose'));
    const posted = await world.database.prisma.ledgerTransaction.findMany({ where: { customerId } });
    expect(posted.map(({ agencyId: books, code, planId }) => [books, code, planId]).sort()).toEqual([
      [agencyId, 'share.take', 'plan_share'],
      [agencyId, 'topup.settle', 'plan_share'],
      [platformId, 'share.take', 'plan_share'],
    ]);
  });
});

describe('a payment entered by hand', () => {
  test('leaves the agency owing the platform its part, in dollars', async () => {
    const of = await tenant();
    await manual(of, '20.00', 'INV-1');
    // 20.00 / 1.05 × 30 % = 5.714
    expect(await world.books(of.agencyId)).toEqual([
      'agency_fee_expense USD 5.71',
      'manual_receipts USD 20.00',
      'payable_to_platform USD 5.71',
    ]);
    expect(await world.references(platformId)).toContain(`share.due_to_platform share:${of.agencyId}:manual:INV-1`);
  });

  test('shares what it shared when it was entered first, whatever the plan is by then', async () => {
    const of = await tenant(usageBased);
    await manual(of, '20.00', 'INV-1');
    world.answers.plans.set(of.customerId, sharing());
    await manual(of, '20.00', 'INV-1');
    expect(await world.books(of.agencyId)).toEqual(['manual_receipts USD 20.00']);

    const shared = await tenant();
    await manual(shared, '20.00', 'INV-2');
    world.answers.plans.set(shared.customerId, sharing('10'));
    await manual(shared, '20.00', 'INV-2');
    expect(await world.books(shared.agencyId)).toContain('agency_fee_expense USD 5.71');
  });

  test('keeps two agencies’ own names apart in the platform’s books', async () => {
    const [one, other] = [await tenant(), await tenant()];
    await manual(one, '20.00', 'SAME');
    await manual(other, '40.00', 'SAME');
    expect(await world.books(other.agencyId)).toContain('payable_to_platform USD 11.43');
  });

  test('a correction shares nothing', async () => {
    const of = await tenant();
    const correction = { kind: 'correction', amount: Money.of('9.00', 'USD'), reason: 'put right' } as const;
    await world.adjustBalance({ ...of, ...correction, requestId: 'req_2', by: 'operator:key_1' });
    expect(await world.books(of.agencyId)).toEqual(['adjustments USD 9.00']);
  });
});

test('what the agencies gave up is what the platform earned, in every currency', async () => {
  const euro = { chargeCurrency: 'USD', usdRate: '1', settlementCurrency: 'USD' };
  for (const account of [euro, omani, null]) {
    const of = await tenant(sharing('63.5', null), account);
    for (const amount of ['5.00', '10.01', '0.99']) {
      const { orderId } = await world.start(of.agencyId, of.customerId, amount);
      await world.settle(await world.paymentOf(orderId, `pi_${of.agencyId}_${amount}`));
    }
    await manual(of, '7.77', 'hand');
  }
  const sums = new Map<string, Money>();
  const add = (currency: string, amount: Money): void => {
    sums.set(currency, (sums.get(currency) ?? Money.zero(currency)).plus(amount));
  };
  let parts = 0;
  for (const { id } of await world.database.prisma.agency.findMany()) {
    for (const { code, balance } of await world.ledger.systemBalances(id)) {
      if (code === 'agency_fee_expense') add(balance.currency.code, balance);
      if (code === 'platform_revenue') add(balance.currency.code, balance.negated());
      if (code === 'platform_revenue' && balance.isPositive) parts += 1;
    }
  }
  expect(parts).toBeGreaterThanOrEqual(2);
  expect([...sums.values()].map(String).sort()).toEqual(['0.000 OMR', '0.00 USD'].sort());
});
