import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';

/** A month with an agency that gives new clients fourteen days, sixty minutes and two calls at once. */

let service: TestService;
let agency: { readonly id: string; readonly api: ApiClient };

const trial = { days: 14, minutes: 60, concurrency: 2, end: 'pause' };

beforeAll(async () => {
  service = await startTestService();
  agency = await service.agency('Trials');
  await agency.api.send('PATCH', `/v1/agencies/${agency.id}`, z.unknown(), { body: { trial } });
});
afterAll(() => service.stop());

const trialAnswer = z.object({
  status: z.string(),
  end: z.string(),
  endsAt: z.string(),
  endedAt: z.string().nullable(),
});
const read = (customerId: string) => agency.api.get(`/v1/customers/${customerId}/trial`, trialAnswer);

const notices = async (customerId: string): Promise<readonly string[]> => {
  const list = z.object({ data: z.array(z.object({ kind: z.string() })) });
  const { data } = await agency.api.get(`/v1/notices?customerId=${customerId}`, list);
  return data.map(({ kind }) => kind).reverse();
};

/** Moves the clock, and a minute more: what is done once must not be done again. */
const wait = async (by: string): Promise<void> => {
  await service.sandbox.advanceClock(by);
  await service.sandbox.advanceClock('1m');
};

test('a trial from its first day to its last: two reminders, then a pause', async () => {
  const client = await service.customer(agency.api);
  expect(await read(client)).toMatchObject({ status: 'active', end: 'pause' });
  await wait('10d');
  expect(await notices(client)).toEqual([]);
  await wait('1d');
  expect(await notices(client)).toEqual(['trial_ending']);
  await wait('2d');
  expect(await notices(client)).toEqual(['trial_ending', 'trial_ending']);
  await wait('1d');
  expect(await read(client)).toMatchObject({ status: 'ended' });
  expect(await notices(client)).toEqual(['trial_ending', 'trial_ending', 'trial_ended']);
});

test('“If needed, you can manually disable the client account”: a trial that continues goes on until then', async () => {
  await agency.api.send('PATCH', `/v1/agencies/${agency.id}`, z.unknown(), {
    body: { trial: { ...trial, end: 'continue' } },
  });
  const client = await service.customer(agency.api);
  await wait('13d');
  await wait('2d');
  expect(await read(client)).toMatchObject({ status: 'ended', end: 'continue' });
  expect(await notices(client)).toEqual(['trial_ending', 'trial_ending']);
  await agency.api.send('PATCH', `/v1/customers/${client}`, z.unknown(), { body: { disabled: true } });
  expect(await read(client)).toMatchObject({ status: 'ended', end: 'continue' });
});

test('a client that takes a plan in time is told of no end', async () => {
  const client = await service.customer(agency.api);
  const body = { ...payAsYouGoInput, publish: true };
  const { id: planId } = await agency.api.send('POST', '/v1/plans', created, { body });
  await agency.api.send('POST', `/v1/customers/${client}/subscription`, created, { body: { planId } });
  expect(await read(client)).toMatchObject({ status: 'converted' });
  await wait('30d');
  expect(await read(client)).toMatchObject({ status: 'converted' });
  expect(await notices(client)).not.toContain('trial_ended');
});
