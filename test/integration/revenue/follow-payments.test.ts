import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resumeFollowing } from '../../../src/checkout/resume-following.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { platformId, type RevenueWorld, revenueWorld, settlementOf, sharing, usageBased } from './world.ts';

let world: RevenueWorld;

beforeEach(async () => {
  world = await revenueWorld();
});
afterEach(() => world.stop());

const omani = { chargeCurrency: 'OMR', usdRate: '0.385', settlementCurrency: 'AED' };
const american = { chargeCurrency: 'USD', usdRate: '1', settlementCurrency: 'USD' };

/** A client's paid order: 5.00 USD of balance. */
async function paidOrder(account: typeof omani | null = omani, plan = sharing(), name = '1'): Promise<string> {
  const agencyId = await world.agency(`agc_${name}`, account ?? undefined);
  const customerId = await world.customer(agencyId, `cus_${name}`, plan);
  const { orderId } = await world.start(agencyId, customerId, '5.00');
  await world.settle(await world.paymentOf(orderId, `pi_${name}`));
  return orderId;
}

const charged = Money.of('1.930', 'OMR');
const fee = Money.of('0.550', 'OMR');
const settledInDirhams = async () => settlementOf(charged, fee, 'AED', '9.5439');

/** What the provider still owes the books. */
const clearing = async (agencyId: string): Promise<readonly string[]> =>
  (await world.books(agencyId)).filter((line) => line.startsWith('clearing'));

test('a settled batch wakes the follow-up with one job, a payment told again with none', async () => {
  const agencyId = await world.agency('agc_1', omani);
  const customerId = await world.customer(agencyId, 'cus_1');
  const payments = await Promise.all(
    ['5.00', '6.00'].map(async (amount) => {
      const { orderId } = await world.start(agencyId, customerId, amount);
      return world.paymentOf(orderId, `pi_${amount}`);
    }),
  );
  await world.settle(...payments);
  await world.settle(...payments);
  expect(world.queued).toEqual(['checkout.follow_payments']);
});

test('what the provider settled is posted in both books, and nothing is left in clearing', async () => {
  world.answers.settlement = settledInDirhams;
  await paidOrder();
  await world.followPayments();
  // 1.930 OMR is 18.42 AED gross, of which 0.55 are fees, and 0.550 OMR, 5.25 AED, the platform's.
  expect(await world.books('agc_1')).toEqual([
    'agency_fee_expense OMR 0.550',
    'fx AED -13.17',
    'fx OMR -0.545',
    'fx USD 5.00',
    'provider_balance AED 12.62',
    'provider_fees AED 0.55',
    'rounding OMR 0.005',
  ]);
  expect(await world.books(platformId)).toEqual([
    'fx AED -5.25',
    'fx OMR 0.550',
    'platform_revenue OMR 0.550',
    'provider_balance AED 5.25',
  ]);
});

test('settled in what was charged, nothing crosses a bridge', async () => {
  world.answers.settlement = async () => settlementOf(Money.of('5.00', 'USD'), null, 'USD', '1');
  await paidOrder(american, usageBased);
  await world.followPayments();
  expect(await world.books('agc_1')).toEqual(['provider_balance USD 4.85', 'provider_fees USD 0.15']);
});

test('a sale on the platform’s account is settled in the platform’s books, where it stands in clearing', async () => {
  world.answers.settlement = async (account) => {
    expect(account).toEqual({ id: 'acct_platform', platform: true });
    return settlementOf(charged, null, 'AED', '9.5439');
  };
  await paidOrder(null);
  await world.followPayments();
  expect(await clearing('agc_1')).toEqual([]);
  expect(await world.books(platformId)).toEqual([
    'fx AED -18.42',
    'fx OMR 1.930',
    'payable_to_agency OMR 1.380',
    'platform_revenue OMR 0.550',
    'provider_balance AED 17.87',
    'provider_fees AED 0.55',
  ]);
});

test('a sale on the platform’s account that shares nothing is the platform’s to receive, and owed to the agency whole', async () => {
  world.answers.settlement = async () => settlementOf(charged, null, 'AED', '9.5439');
  await paidOrder(null, usageBased);
  const agencyId = await world.agency('agc_planless');
  const { orderId } = await world.start(agencyId, await world.customer(agencyId, 'cus_planless'), '5.00');
  await world.settle(await world.paymentOf(orderId, 'pi_planless'));
  await world.followPayments();
  for (const each of ['agc_1', 'agc_planless']) {
    expect(await world.books(each)).toEqual([
      'fx OMR -1.925',
      'fx USD 5.00',
      'receivable_from_platform OMR 1.930',
      'rounding OMR 0.005',
    ]);
  }
  expect(await world.books(platformId)).toEqual([
    'fx AED -36.84',
    'fx OMR 3.860',
    'payable_to_agency OMR 3.860',
    'provider_balance AED 35.74',
    'provider_fees AED 1.10',
  ]);
});

test('a payment that was all the platform’s settles to what the provider kept', async () => {
  const all = Money.of('5.00', 'USD');
  world.answers.settlement = async () => settlementOf(all, all, 'USD', '1');
  await paidOrder(american, sharing('0', null));
  await world.followPayments();
  expect(await world.books('agc_1')).toEqual([
    'agency_fee_expense USD 5.00',
    'provider_balance USD -0.15',
    'provider_fees USD 0.15',
  ]);
});

test('the payment is told of once, in the transaction that posts it, however often and by however many it is followed', async () => {
  world.answers.settlement = settledInDirhams;
  const orderId = await paidOrder();
  await Promise.all([world.followPayments(), world.newFollower().all(), world.newFollower().all()]);
  const posted = [await world.references('agc_1'), await world.references(platformId)];
  await world.followPayments();
  expect([await world.references('agc_1'), await world.references(platformId)]).toEqual(posted);
  expect(posted.flat().filter((reference) => reference.includes('arrived'))).toHaveLength(2);
  expect(world.told.paid).toEqual([
    {
      agencyId: 'agc_1',
      pack: null,
      customerId: 'cus_1',
      orderId,
      paymentId: 'pi_1',
      fact: 'stripe:acct_agc_1:pi_1:settled',
      charged,
      credited: Money.of('5.00', 'USD'),
      paidAt: world.clock.now(),
    },
  ]);
});

test('a run whose process died with its claim is taken up by another when the claim has ended', async () => {
  await paidOrder();
  let asked = false;
  world.answers.settlement = () => {
    asked = true;
    return new Promise(() => undefined);
  };
  void world.followPayments();
  await expect.poll(() => asked).toBe(true);
  world.answers.settlement = settledInDirhams;
  await world.newFollower().all();
  expect(world.told.paid).toEqual([]);
  world.clock.advance(300_000);
  await world.newFollower().all();
  expect(world.told.paid).toHaveLength(1);
});

test('a payment that is on no balance yet waits, and does not hold the others', async () => {
  await paidOrder(omani, sharing(), '1');
  await paidOrder(omani, sharing(), '2');
  world.answers.settlement = async (_account, paymentId) => (paymentId === 'pi_1' ? null : settledInDirhams());
  await world.followPayments();
  expect(world.told.paid.map(({ paymentId }) => paymentId)).toEqual(['pi_2']);

  world.answers.settlement = settledInDirhams;
  await world.followPayments();
  expect(world.told.paid).toHaveLength(1);
  world.clock.advance(5_000);
  await world.followPayments();
  expect(world.told.paid.map(({ paymentId }) => paymentId)).toEqual(['pi_2', 'pi_1']);
});

test('a provider that does not answer is asked again, later each time, and a person is told within two days', async () => {
  const orderId = await paidOrder();
  world.answers.settlement = async () => {
    throw new ProviderError({ kind: 'unavailable', code: 'connection', message: 'away' });
  };
  const until = world.clock.now().getTime() + 2 * 24 * 3_600_000;
  let runs = 0;
  while (world.clock.now().getTime() < until) {
    await world.followPayments();
    runs += 1;
    world.clock.advance(600_000);
  }
  expect(world.told.failures.length).toBeLessThan(runs / 3);
  expect(await world.database.prisma.alert.findMany()).toMatchObject([
    { agencyId: 'agc_1', kind: 'settlement_unread', detail: { orderId, paymentId: 'pi_1' } },
  ]);

  world.answers.settlement = settledInDirhams;
  world.clock.advance(3_600_000);
  await world.followPayments();
  expect(await clearing('agc_1')).toEqual([]);
});

test('one settlement that cannot be posted waits by itself, and the others of its set are posted', async () => {
  await paidOrder(american, usageBased, '1');
  await paidOrder(american, usageBased, '2');
  // Charged and settled in one currency, the two must be equal; a cent is missing here.
  world.answers.settlement = async (_account, paymentId) =>
    settlementOf(Money.of(paymentId === 'pi_1' ? '4.99' : '5.00', 'USD'), null, 'USD', '1');
  await world.followPayments();
  expect(world.told.paid.map(({ paymentId }) => paymentId)).toEqual(['pi_2']);
  expect(await clearing('agc_1')).toEqual(['clearing USD 5.00']);
  expect(world.told.failures).toHaveLength(1);
});

describe('the payment of an account that was disconnected meanwhile', () => {
  const disconnect = (by: 'provider' | 'operator') =>
    world.database.prisma.merchantAccount.updateMany({
      where: { agencyId: 'agc_1' },
      data: { status: 'disconnected', disconnectedBy: by },
    });
  const accounts = () =>
    createMerchantAccounts({ database: world.database, clock: world.clock, platformAgencyId: platformId });
  /** The account answers again, and whoever listens hears of it. */
  const comeBack = async (): Promise<void> => {
    const before = await accounts().byId('macc_agc_1');
    await world.database.prisma.merchantAccount.updateMany({
      where: { agencyId: 'agc_1' },
      data: { status: 'active', disconnectedBy: null },
    });
    const after = await accounts().byId('macc_agc_1');
    if (!after) throw new Error('the account is not there');
    const { clock, jobs } = world;
    await resumeFollowing({ clock, jobs })(world.database.pool, { before, after, source: 'a test' });
  };

  test('is told of once and stays in clearing; the platform’s fee in it is booked when the account comes back', async () => {
    await paidOrder();
    await disconnect('provider');
    world.answers.settlement = async () => {
      throw new Error('not asked');
    };
    for (let each = 0; each < 3; each += 1) {
      await world.followPayments();
      world.clock.advance(86_400_000);
    }
    expect(world.told.failures).toEqual([]);
    expect(world.told.paid).toHaveLength(1);
    expect(await clearing('agc_1')).toEqual(['clearing OMR 1.380']);
    expect(await clearing(platformId)).toEqual(['clearing OMR 0.550']);

    await world.followPayments();
    world.answers.settlement = settledInDirhams;
    world.queued.length = 0;
    await comeBack();
    expect(world.queued).toEqual(['checkout.follow_payments']);
    await world.followPayments();
    expect(world.told.paid).toHaveLength(1);
    expect([...(await clearing('agc_1')), ...(await clearing(platformId))]).toEqual([]);
  });

  test('is read where its operator ended the connection and the provider still answers', async () => {
    await paidOrder();
    await disconnect('operator');
    world.answers.settlement = settledInDirhams;
    await world.followPayments();
    expect([...(await clearing('agc_1')), ...(await clearing(platformId))]).toEqual([]);
  });

  test('waits for the account where its operator ended the connection at the provider too', async () => {
    await paidOrder();
    await disconnect('operator');
    world.answers.settlement = async () => {
      throw new ProviderError({ kind: 'auth', code: 'account_invalid', message: 'no access' });
    };
    await world.followPayments();
    expect([world.told.paid.length, world.told.failures.length]).toEqual([1, 0]);
    world.answers.settlement = settledInDirhams;
    await comeBack();
    await world.followPayments();
    expect(world.told.paid).toHaveLength(1);
    expect(await clearing('agc_1')).toEqual([]);
  });
});

test('more payments than one job takes are left to another', async () => {
  const agencyId = await world.agency('agc_1', american);
  const customerId = await world.customer(agencyId, 'cus_1');
  world.answers.settlement = async () => settlementOf(Money.of('5.00', 'USD'), null, 'USD', '1');
  for (let each = 0; each < 145; each += 1) {
    const { orderId } = await world.start(agencyId, customerId, '5.00', `request ${each}`);
    await world.settle(await world.paymentOf(orderId, `pi_${each}`));
  }
  world.queued.length = 0;
  await world.followSome();
  expect(world.told.paid).toHaveLength(100);
  expect(world.queued).toEqual(['checkout.follow_payments']);
  await world.followSome();
  expect(world.queued).toHaveLength(1);
  expect(world.told.paid).toHaveLength(145);
  expect(await world.books(agencyId)).toEqual(['provider_balance USD 703.25', 'provider_fees USD 21.75']);
});

test('a declined try and a delayed method that did not pay are told of as they are recorded', async () => {
  const agencyId = await world.agency('agc_1', omani);
  const customerId = await world.customer(agencyId, 'cus_1');
  const { orderId } = await world.start(agencyId, customerId, '5.00');
  const { provider, providerAccountId, order } = await world.paymentOf(orderId, 'pi_1');
  const about = { provider, providerAccountId, order };
  await world.settle({
    ...about,
    type: 'payment.declined',
    paymentId: 'pi_1',
    fact: 'ch_1',
    code: 'card_declined',
    declineCode: 'insufficient_funds',
    adviceCode: null,
    message: 'Your card has insufficient funds.',
    occurredAt: world.clock.now(),
  });
  await world.settle({ ...about, type: 'payment.failed' });
  await world.settle({ ...about, type: 'payment.failed' });
  expect(world.told.failed).toMatchObject([
    { agencyId, customerId, orderId, charged, final: false, declineCode: 'insufficient_funds' },
    { agencyId, customerId, orderId, charged, final: true, fact: `order:${orderId}:failed` },
  ]);
});
