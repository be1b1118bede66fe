import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { cards } from '../../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../../support/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const list = z.object({ data: z.array(z.object({ id: z.string(), type: z.string() })) });
const detail = z.object({ payload: z.object({ type: z.string() }), translation: z.object({ kind: z.string() }) });

test('an event is shown with what it was translated to, beside what was delivered', async () => {
  const agency = await service.agency('Reader');
  const { sessionId, orderId } = await service.startTopUp(await service.customer(agency.api));
  await service.sandbox.pay(sessionId, { card: cards.visa });
  await service.idle();
  const { data } = await service.api.get('/v1/events?limit=100', list);
  const read = await Promise.all(data.map(({ id }) => service.api.get(`/v1/events/${id}`, detail)));
  const facts = read.filter(({ translation }) => translation.kind === 'payment');
  expect(facts.length).toBeGreaterThan(0);
  expect(read.map(({ payload }) => payload.type)).toEqual(data.map(({ type }) => type));
  const { body } = await service.api.call('GET', `/v1/events/${data[0]?.id}`);
  expect(JSON.stringify(body)).toContain(orderId);
});
