import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallAnswer } from '../../../src/usage/start-call.ts';
import { agency } from '../catalog/world.ts';
import { createUsageWorld, ids, two, type UsageClient, type UsageWorld } from './world.ts';

let world: UsageWorld;
let fixed: string;
let perMinute: string;
beforeAll(async () => {
  world = await createUsageWorld();
  fixed = await world.fixedPlan();
  perMinute = await world.payAsYouGo(two, 'by the minute', {
    recurring: [{ feature: 'concurrency', included: 3, unitPrice: '1.00' }],
  });
});
afterAll(() => world.close());

const minuteMs = 60_000;

async function onFixed(change: Parameters<UsageClient['subscribe']>[1] = {}): Promise<UsageClient> {
  const client = await world.newClient();
  await client.subscribe(fixed, change);
  return client;
}

async function payingByMinute(balance: string): Promise<UsageClient> {
  const client = await world.newClient();
  await client.subscribe(perMinute);
  if (balance !== '0') await client.topUp(balance);
  return client;
}

async function storeDispute(customerId: string, at: Date) {
  const agencyId = ids.two;
  const merchantAccountId = 'macc_disputed';
  const { prisma } = world.database;
  const orderId = `ord_of_${customerId}`;
  const money = { credited: '5.00', charged: '1.930', exact: '1.925', rate: '0.385', chargeCurrency: 'OMR' };
  await prisma.order.create({
    data: {
      ...{ ...money, agencyId, customerId, merchantAccountId, id: orderId, kind: 'top_up', status: 'paid' },
      ...{ sessionId: `cs_of_${customerId}`, successUrl: 'https://example.com/', cancelUrl: 'https://example.com/' },
      ...{ expiresAt: at, createdAt: at, updatedAt: at, paidAt: at },
    },
  });
  return prisma.dispute.create({
    data: {
      ...{ agencyId, id: `dsp_of_${customerId}`, orderId, customerId, merchantAccountId, providerPaymentId: 'pi_1' },
      ...{ providerDisputeId: 'du_1', status: 'needs_response', isInquiry: false, amount: '1.930', currency: 'OMR' },
      ...{ reason: 'fraudulent', openedAt: at, updatedAt: at },
    },
  });
}

function sessionOf(answer: CallAnswer) {
  if (!answer.allowed) throw new Error(`the call was refused: ${answer.reason}`);
  return answer.session;
}

describe('a call', () => {
  test('is let in with a slot, and the same call has the same answer while its lease lives', async () => {
    const client = await onFixed();
    const first = sessionOf(await client.call('a'));
    expect(first).toMatchObject({ slots: { used: 1, limit: 2 } });
    expect(first.affordable?.toFixed()).toBe('100');
    expect(sessionOf(await client.call('b')).slots).toEqual({ used: 2, limit: 2 });
    expect(await client.call('a')).toEqual({ allowed: true, session: first });
    expect(await client.call('c')).toMatchObject({
      allowed: false,
      reason: 'no_free_slot',
      slots: { used: 2, limit: 2 },
    });
    await expect(
      world.gate.start(two, { customerId: client.id, feature: 'messages', callId: 'a', estimate: null }),
    ).rejects.toMatchObject({ status: 409, code: 'call_id_conflict' });
  });

  test('has rented slots beside the included ones, up to the plan’s limit', async () => {
    const renting = async (extra: number) => (await onFixed({ addOns: { concurrency: extra } })).call('a');
    expect(sessionOf(await renting(3)).slots.limit).toBe(5);
    expect(sessionOf(await renting(50)).slots.limit).toBe(10);
  });

  test('gives its slot back when it ends, or is not heard of in time', async () => {
    const client = await onFixed();
    const [a, b] = [sessionOf(await client.call('a')), sessionOf(await client.call('b'))];
    const ended = await world.gate.end(two, a.id);
    expect(await world.gate.end(two, a.id)).toEqual(ended);
    expect(await client.refusal('c')).toBe('allowed');
    world.clock.advance(1.5 * minuteMs);
    await world.gate.extend(two, b.id);
    world.clock.advance(minuteMs);
    // The third was not extended: its slot is free, and its name.
    expect(sessionOf(await client.call('c')).slots.used).toBe(2);
    expect(await client.refusal('d')).toBe('no_free_slot');
  });

  test('whose lease ran out takes a free slot when it is heard of again, and none that another has', async () => {
    const client = await onFixed();
    const [a, b] = [sessionOf(await client.call('a')), sessionOf(await client.call('b'))];
    world.clock.advance(3 * minuteMs);
    expect((await world.gate.extend(two, a.id)).slots).toEqual({ used: 1, limit: 2 });
    await client.call('c');
    await expect(world.gate.extend(two, b.id)).rejects.toMatchObject({ status: 409, code: 'no_free_slot' });
    await world.gate.end(two, a.id);
    await expect(world.gate.extend(two, a.id)).rejects.toMatchObject({ status: 409, code: 'session_over' });
  });

  test('that is running is extended below zero, paused and with its quota gone', async () => {
    const client = await payingByMinute('1.00');
    const { id } = sessionOf(await client.call('a'));
    await client.send([{ id: 'overdrawn', quantity: '50' }]);
    expect(await client.refusal('b')).toBe('service_paused');
    const extended = await world.gate.extend(two, id);
    expect(extended.affordable?.toFixed()).toBe('0');
    expect(extended.expiresAt > world.clock.now()).toBe(true);
    await client.topUp('20.00');
    expect(await client.refusal('b')).toBe('allowed');
  });

  test('of another agency is not there', async () => {
    const client = await onFixed();
    const { id } = sessionOf(await client.call('a'));
    const other = agency(ids.one);
    for (const attempt of [
      () => world.gate.start(other, { customerId: client.id, feature: 'call_minutes', callId: 'a', estimate: null }),
      () => world.gate.extend(other, id),
      () => world.gate.end(other, id),
      () => world.gate.entitlements(other, client.id),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ status: 404, code: 'not_found' });
    }
  });

  test('that 500 ask for at once finds 10 slots and not one more', async () => {
    const client = await onFixed({ addOns: { concurrency: 8 } });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, index) => client.refusal(`call ${index}`)));
    expect(answers.filter((answer) => answer === 'allowed')).toHaveLength(10);
    expect(new Set(answers)).toEqual(new Set(['allowed', 'no_free_slot']));
  });
});

describe('a call is refused', () => {
  test('without a plan, a trial or a licence', async () => {
    expect(await (await world.newClient()).refusal('a')).toBe('no_subscription');
  });

  test('for a feature that the plan does not know', async () => {
    const client = await onFixed();
    const request = { customerId: client.id, feature: 'messages', callId: 'a', estimate: null };
    expect(await world.gate.start(two, request)).toMatchObject({ reason: 'feature_not_in_plan' });
  });

  test('while its subscription, its client or its agency gives no service', async () => {
    const paused = await onFixed({ status: 'paused', pauseReason: 'unpaid' });
    expect(await paused.refusal('a')).toBe('subscription_paused');
    const disabled = await onFixed();
    await world.database.prisma.customer.updateMany({
      where: { id: disabled.id },
      data: { disabledAt: world.clock.now() },
    });
    expect(await disabled.refusal('a')).toBe('customer_disabled');
  });

  test('while its bank holds what it disputes, where its agency wants that, and not while the bank only asks', async () => {
    const { prisma } = world.database;
    const client = await onFixed();
    const at = world.clock.now();
    const { merchantAccountId } = await storeDispute(client.id, at);
    const settle = (settings: object) => prisma.agency.update({ where: { id: client.agencyId }, data: { settings } });
    const dispute = (data: object) => prisma.dispute.updateMany({ where: { merchantAccountId }, data });
    expect((await client.call('a')).allowed).toBe(true);
    await settle({ pauseWhileDisputed: true });
    expect(await client.refusal('b')).toBe('payment_disputed');
    // A running call is extended all the same.
    expect((await client.call('a')).allowed).toBe(true);
    await dispute({ isInquiry: true });
    expect((await client.call('b')).allowed).toBe(true);
    await dispute({ isInquiry: false, status: 'won' });
    expect(await client.refusal('c')).toBe('no_free_slot');
    await settle({});
  });

  test('at a balance of exactly zero, which buys nothing', async () => {
    const client = await payingByMinute('0');
    expect(await client.call('a')).toMatchObject({ reason: 'insufficient_balance' });
    await client.topUp('0.01');
    expect(sessionOf(await client.call('a')).affordable?.toFixed()).toBe('0.04');
  });

  test('where a fixed plan that sells no more has nothing left', async () => {
    const client = await world.newClient();
    await client.subscribe(await world.fixedPlan({ usage: [{ feature: 'call_minutes', included: '5' }] }));
    await client.topUp('10.00');
    await client.send([{ id: 'all of it', quantity: '5' }]);
    expect(await client.refusal('a')).toBe('quota_exhausted');
    await client.licence('7');
    expect(sessionOf(await client.call('a')).affordable?.toFixed()).toBe('7');
  });

  test('for lack of money where the overage comes by invoice: never', async () => {
    const client = await world.newClient();
    const usage = [{ feature: 'call_minutes', included: '1', overagePrice: '0.50', collect: 'invoice' as const }];
    await client.subscribe(await world.fixedPlan({ usage }));
    await client.send([{ id: 'beyond', quantity: '9' }]);
    expect(sessionOf(await client.call('a')).affordable).toBeNull();
  });
});

describe('a trial', () => {
  test('gives its minutes and its calls at once, until it ends', async () => {
    const client = await world.newClient();
    await client.trial(30, 1, 7);
    expect(sessionOf(await client.call('a'))).toMatchObject({ slots: { used: 1, limit: 1 } });
    expect(await client.refusal('b')).toBe('no_free_slot');
    await client.send([{ id: 'tried', quantity: '30' }]);
    world.clock.advance(3 * minuteMs);
    expect(await client.refusal('b')).toBe('quota_exhausted');
    world.clock.advance(8 * 24 * 60 * minuteMs);
    expect(await client.refusal('b')).toBe('no_subscription');
  });
});

describe('an estimate', () => {
  test('holds quota first, then money, so that parallel calls cannot each spend the last dollar', async () => {
    const client = await payingByMinute('10.00');
    const { id } = sessionOf(await client.call('a', '30'));
    const standing = { agencyId: ids.two, customerId: client.id };
    expect((await world.gate.balanceStanding(standing)).held.toString()).toBe('7.50 USD');
    expect(await client.call('b', '11')).toMatchObject({ reason: 'insufficient_balance' });
    expect(sessionOf(await client.call('b', '10')).affordable?.toFixed()).toBe('10');
    expect(await client.refusal('c')).toBe('insufficient_balance');
    // The usage that names the call takes off what it held.
    await client.send([{ id: 'part', quantity: '10', sessionId: id }]);
    expect((await world.gate.balanceStanding(standing)).held.toString()).toBe('7.50 USD');
    await world.gate.end(two, id);
    await client.send([{ id: 'rest', quantity: '1', sessionId: id }]);
    expect((await world.gate.balanceStanding(standing)).held.toString()).toBe('2.50 USD');
    expect(sessionOf(await client.call('c')).affordable?.toFixed()).toBe('19');
  });

  test('holds no more when usage that names it is taken back', async () => {
    const client = await payingByMinute('10.00');
    const standing = { agencyId: ids.two, customerId: client.id };
    const { id: sessionId } = sessionOf(await client.call('corrected', '10'));
    const usage = { id: `corrected ${client.id}`, quantity: '8', sessionId };
    await client.send([usage]);
    expect((await world.gate.balanceStanding(standing)).held.toString()).toBe('0.50 USD');
    await client.send([{ id: `less ${client.id}`, quantity: '-8', reverses: usage.id, sessionId }]);
    expect((await world.gate.balanceStanding(standing)).held.toString()).toBe('0.50 USD');
  });

  test('on a quota holds the quota', async () => {
    const client = await onFixed();
    await client.call('a', '60');
    expect(await client.refusal('b', '60')).toBe('insufficient_balance');
    expect(sessionOf(await client.call('b', '40')).affordable?.toFixed()).toBe('40');
  });

  test('is let go ten minutes after a call that nobody heard of again', async () => {
    const client = await payingByMinute('10.00');
    await client.call('a', '40');
    world.clock.advance(11 * minuteMs);
    expect(await client.refusal('b')).toBe('insufficient_balance');
    world.clock.advance(1.1 * minuteMs);
    expect(sessionOf(await client.call('b')).affordable?.toFixed()).toBe('40');
  });
});

describe('what is held', () => {
  test('stays held when its call has ended and another takes the name', async () => {
    const client = await payingByMinute('10.00');
    const { id } = sessionOf(await client.call('a', '30'));
    await world.gate.end(two, id);
    expect(await client.refusal('a', '30')).toBe('insufficient_balance');
    expect(sessionOf(await client.call('a', '10')).affordable?.toFixed()).toBe('10');
  });

  test('stays held when the lease ran out and the name comes again', async () => {
    const client = await payingByMinute('10.00');
    await client.call('a', '30');
    world.clock.advance(3 * minuteMs);
    expect(await client.refusal('a', '30')).toBe('insufficient_balance');
  });

  test('by the call itself is its own to spend when it is extended', async () => {
    const client = await payingByMinute('10.00');
    const { id } = sessionOf(await client.call('a', '40'));
    world.clock.advance(3 * minuteMs);
    expect((await world.gate.extend(two, id)).affordable?.toFixed()).toBe('40');
  });

  test('is swept with calls that were not heard of for ten minutes, and those have ended', async () => {
    const client = await payingByMinute('10.00');
    const [dead, ended] = [sessionOf(await client.call('dead', '20')), sessionOf(await client.call('ended', '10'))];
    await world.gate.end(two, ended.id);
    const rows = () =>
      world.database.prisma.gateSession.findMany({ where: { customerId: client.id }, orderBy: { startedAt: 'asc' } });
    world.clock.advance(11 * minuteMs);
    const alive = sessionOf(await client.call('alive', '5'));
    await world.gate.sweep();
    const held = async () =>
      new Map((await rows()).map(({ callId, heldAmount }) => [callId, heldAmount.toNumber()] as const));
    expect(await held()).toEqual(new Map(Object.entries({ dead: 5, ended: 0, alive: 1.25 })));
    world.clock.advance(1.5 * minuteMs);
    await expect(world.gate.extend(two, dead.id)).rejects.toMatchObject({ status: 409, code: 'session_over' });
    await Promise.all([world.gate.sweep(), world.gate.sweep()]);
    expect(await held()).toEqual(new Map(Object.entries({ dead: 0, ended: 0, alive: 1.25 })));
    expect(await world.gate.end(two, dead.id)).toMatchObject({ endedAt: dead.expiresAt });
    expect((await world.gate.extend(two, alive.id)).endedAt).toBeNull();
  });
});

describe('entitlements', () => {
  test('say what a client may do now', async () => {
    const client = await onFixed({ addOns: { concurrency: 1 } });
    await client.licence('20');
    await client.topUp('2.00');
    await client.call('a', '10');
    const found = await world.gate.entitlements(two, client.id);
    expect(found).toMatchObject({
      reason: null,
      cover: 'subscription',
      slots: { used: 1, limit: 3 },
      limits: [{ feature: 'concurrency', included: 2, rented: 1, limit: 3 }],
    });
    expect(
      found.features.map(({ feature, reason, remaining, affordable }) => [
        feature,
        reason,
        remaining.toFixed(),
        affordable?.toFixed(),
      ]),
    ).toEqual([['call_minutes', null, '110', '120']]);
  });

  test('of seats are checked against what is included and rented', async () => {
    const client = await world.newClient();
    const planId = await world.fixedPlan({ recurring: [{ feature: 'seats', included: 2, unitPrice: '5.00' }] });
    await client.subscribe(planId, { addOns: { seats: 3 } });
    const check = (feature: string, quantity: number) =>
      world.gate.check(two, { customerId: client.id, feature, quantity });
    expect(await check('seats', 5)).toEqual({ allowed: true, reason: null, limit: 5 });
    expect(await check('seats', 6)).toEqual({ allowed: false, reason: 'limit_exceeded', limit: 5 });
    expect(await check('phone_numbers', 1)).toEqual({ allowed: false, reason: 'feature_not_in_plan', limit: 0 });
    await expect(check('call_minutes', 1)).rejects.toMatchObject({ code: 'feature_kind_mismatch' });
    await expect(check('teleports', 1)).rejects.toMatchObject({ code: 'unknown_feature' });
  });
});
