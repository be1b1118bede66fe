import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** What an agency gives away: days of service and minutes, counted down as the months go by. */

let service: TestService;
let agency: { readonly id: string; readonly api: ApiClient };

beforeAll(async () => {
  service = await startTestService();
  agency = await service.agency('Licences');
});
afterAll(() => service.stop());

const licence = z.object({
  id: z.string(),
  status: z.string(),
  daysRemaining: z.number().nullable(),
  remaining: z.string().nullable(),
  remarks: z.string().nullable(),
  grantedBy: z.string().nullable(),
});
const list = z.object({ data: z.array(licence) });

let grants = 0;
/** Sent twice, as a browser that loses its answer does: it is granted once. */
async function grant(client: string, body: object) {
  const idempotencyKey = `grant ${grants++}`;
  const send = () => agency.api.send('POST', `/v1/customers/${client}/licences`, licence, { idempotencyKey, body });
  const first = await send();
  expect(await send()).toEqual(first);
  return first;
}

const standing = async (client: string, api: ApiClient = agency.api): Promise<readonly string[]> => {
  const { data } = await api.get(`/v1/customers/${client}/licences`, list);
  return data.map(({ status, daysRemaining, remaining }) => `${status} ${daysRemaining ?? '-'} ${remaining ?? '-'}`);
};

test('thirty days and then seven more are counted down one after the other, beside minutes that last ninety', async () => {
  const client = await service.customer(agency.api);
  await grant(client, { days: 30, remarks: 'migrated from another platform' });
  await grant(client, { days: 7, remarks: 'an outage' });
  const expiresAt = new Date((await service.sandbox.now()).getTime() + 90 * 86_400_000).toISOString();
  await grant(client, { quantity: '200', expiresAt, remarks: 'welcome' });
  expect(await standing(client)).toEqual(['active 90 200', 'scheduled 7 -', 'active 30 -']);

  await service.sandbox.advanceClock('20d');
  expect(await standing(client)).toEqual(['active 70 200', 'scheduled 7 -', 'active 10 -']);
  await service.sandbox.advanceClock('12d');
  expect(await standing(client)).toEqual(['active 58 200', 'active 5 -', 'expired 0 -']);
  await service.sandbox.advanceClock('60d');
  expect(await standing(client)).toEqual(['expired 0 200', 'expired 0 -', 'expired 0 -']);
});

test('a client sees what it has, and not what its agency noted; what is taken back is gone', async () => {
  const client = await service.customer(agency.api);
  const granted = await grant(client, { days: 5, remarks: 'complained twice' });
  const token = z.object({ token: z.string() });
  const portal = agency.api.as(
    (await agency.api.send('POST', `/v1/customers/${client}/portal-tokens`, token, { body: {} })).token,
  );
  expect((await portal.get(`/v1/customers/${client}/licences`, list)).data).toMatchObject([
    { id: granted.id, remarks: null, grantedBy: null },
  ]);
  expect(granted).toMatchObject({ remarks: 'complained twice', grantedBy: expect.stringMatching(/^agency:key_/) });
  const path = `/v1/customers/${client}/licences/${granted.id}`;
  await agency.api.send('PATCH', path, licence, { body: { remarks: 'settled' } });
  expect((await agency.api.call('DELETE', path)).status).toBe(204);
  expect((await agency.api.call('DELETE', path)).status).toBe(204);
  expect(await standing(client)).toEqual(['revoked 0 -']);
});

test.each([
  [{ days: 0 }, 'licence_days_zero'],
  [{ days: 10_000 }, 'licence_days_too_many'],
  [{ days: -3 }, 'licence_days_negative'],
  [{ quantity: '10', feature: 'unheard_of' }, 'unknown_feature'],
])('%j is refused with a code of its own', async (wrong, code) => {
  const client = await service.customer(agency.api);
  const body = { ...wrong, remarks: 'wrong' };
  const answer = await agency.api.call('POST', `/v1/customers/${client}/licences`, { body });
  expect(answer).toMatchObject({ status: 422, body: { code } });
  expect(await standing(client)).toEqual([]);
});
