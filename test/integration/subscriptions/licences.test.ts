import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idOfRequest } from '../../../src/ids.ts';
import { hasServiceDays, standingQuantities } from '../../../src/subscriptions/licence.store.ts';
import { daysAfter } from '../../../src/subscriptions/licence.ts';
import { createLicences, type Licences, type NewLicence } from '../../../src/subscriptions/licences.ts';
import { client, createSubscriptionWorld, portal, type SubscriptionWorld, two } from './world.ts';

let world: SubscriptionWorld;
let licences: Licences;
const used = new Map<string, string>();

beforeAll(async () => {
  world = await createSubscriptionWorld();
  licences = createLicences({ ...world, licenceUse: async () => used });
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const grant = (licence: Omit<NewLicence, 'remarks' | 'requestId'>, requestId?: string) =>
  licences.grant(two, client, { remarks: 'sorry for the outage', requestId, ...licence });
const all = () => licences.list(two, client, { limit: 100, after: undefined });
const audit = async (subject: string): Promise<readonly string[]> => {
  const entries = await world.database.prisma.auditEntry.findMany({ where: { subject }, orderBy: { id: 'asc' } });
  return entries.map(({ action, actorRole }) => `${action} by ${actorRole}`);
};
const key = { agencyId: 'agc_two', customerId: client };

describe('days', () => {
  test('follow those that the client has, and begin now where it has none', async () => {
    const now = world.clock.now();
    const [first, second] = [await grant({ days: 30 }), await grant({ days: 7 })];
    expect(first).toMatchObject({ status: 'active', startsAt: now, expiresAt: daysAfter(now, 30), daysRemaining: 30 });
    expect(second).toMatchObject({ status: 'scheduled', startsAt: daysAfter(now, 30), daysRemaining: 7 });
    world.clock.advance(40 * 86_400_000);
    expect((await all()).map(({ status }) => status)).toEqual(['expired', 'expired']);
    expect(await grant({ days: 1 })).toMatchObject({ startsAt: world.clock.now() });
  });

  test('granted at the same moment stand one after another', async () => {
    const granted = await Promise.all([1, 2, 3, 4].map((days) => grant({ days })));
    const ordered = [...granted].sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
    for (const [index, next] of ordered.slice(1).entries()) expect(next.startsAt).toEqual(ordered[index]?.expiresAt);
  });

  test('serve while they run, and no longer than that', async () => {
    const { pool } = world.database;
    const now = world.clock.now();
    await grant({ days: 2 });
    expect(await hasServiceDays(pool, key, now)).toBe(true);
    expect(await hasServiceDays(pool, key, daysAfter(now, 2))).toBe(false);
    expect(await hasServiceDays(pool, key, daysAfter(now, -1))).toBe(false);
  });

  test('that are taken back let those behind them move up, and once is enough', async () => {
    const now = world.clock.now();
    const [first, second] = [await grant({ days: 30 }), await grant({ days: 7 })];
    await licences.revoke(two, client, first.id);
    await licences.revoke(two, client, first.id);
    expect(await all()).toMatchObject([
      { id: second.id, status: 'active', startsAt: now, expiresAt: daysAfter(now, 7) },
      { id: first.id, status: 'revoked' },
    ]);
    expect(await audit(first.id)).toEqual(['licence.granted by agency', 'licence.revoked by agency']);
  });
});

describe('a quantity', () => {
  test('stands beside others, the first to expire first, and is counted down by what was used', async () => {
    const now = world.clock.now();
    const lasting = await grant({ quantity: '100' });
    const late = await grant({ quantity: '50', expiresAt: daysAfter(now, 60) });
    const soon = await grant({ quantity: '20', expiresAt: daysAfter(now, 10) });
    await grant({ quantity: '20', feature: 'messages' });
    const order = await standingQuantities(world.database.pool, key, 'call_minutes', now);
    expect(order.map(({ id }) => id)).toEqual([soon.id, late.id, lasting.id]);
    const later = await standingQuantities(world.database.pool, key, 'call_minutes', daysAfter(now, 10));
    expect(later.map(({ id }) => id)).toEqual([late.id, lasting.id]);

    expect(lasting).toMatchObject({ used: '0', remaining: '100' });
    used.set(lasting.id, '12.5');
    expect((await all()).find(({ id }) => id === lasting.id)).toMatchObject({ used: '12.5', remaining: '87.5' });
  });

  test('is of a feature that is used up: an agency’s own, or a built-in one', async () => {
    const own = { id: 'sms_segments', name: 'SMS', unit: 'segment', kind: 'usage', aggregation: 'sum' } as const;
    await world.database.prisma.feature.create({ data: { ...own, agencyId: 'agc_two', createdAt: world.clock.now() } });
    expect(await grant({ quantity: '5', feature: 'sms_segments' })).toMatchObject({ feature: 'sms_segments' });
    await expect(grant({ quantity: '5', feature: 'nothing' })).rejects.toMatchObject({
      status: 422,
      code: 'unknown_feature',
    });
    await expect(grant({ quantity: '5', feature: 'seats' })).rejects.toMatchObject({
      status: 422,
      code: 'feature_kind_mismatch',
    });
  });
});

test('the same request grants once', async () => {
  const request = 'req_01h2xcejqtf2nbrexx3vqjhp41';
  const [first, again] = [await grant({ days: 3 }, request), await grant({ days: 3 }, request)];
  expect(first.id).toBe(idOfRequest('licence', request));
  expect(again).toEqual(first);
  expect(await all()).toHaveLength(1);
});

test('remarks are changed and kept in the audit trail, with who granted', async () => {
  const { id } = await grant({ days: 3 });
  expect(await licences.remark(two, client, id, 'goodwill')).toMatchObject({
    remarks: 'goodwill',
    grantedBy: 'agency:key_agc_two',
  });
  await licences.remark(two, client, id, 'goodwill');
  expect(await audit(id)).toEqual(['licence.granted by agency', 'licence.remarked by agency']);
});

test('another client’s licence is not there', async () => {
  const { id } = await grant({ days: 3 });
  await world.addClient('cus_other');
  await expect(licences.remark(two, 'cus_other', id, 'x')).rejects.toMatchObject({ status: 404 });
  await expect(licences.revoke(two, 'cus_other', id)).rejects.toMatchObject({ status: 404 });
  const stranger = { ...portal, customerId: 'cus_other' } as const;
  await expect(licences.list(stranger, client, { limit: 1, after: undefined })).rejects.toMatchObject({ status: 404 });
});
