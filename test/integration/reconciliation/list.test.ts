import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestService, type TestService } from '../../support/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const page = z.object({
  data: z.array(z.object({ id: z.string(), status: z.string(), raised: z.int() })),
  next: z.string().nullable(),
});
const made = z.object({ id: z.string() });

test('runs are listed newest first, a page at a time', async () => {
  const first = await service.api.send('POST', '/v1/reconciliations', made, { body: {} });
  const second = await service.api.send('POST', '/v1/reconciliations', made, { body: {} });
  await service.idle();
  const newest = await service.api.get('/v1/reconciliations?limit=1', page);
  expect(newest.data).toEqual([{ id: second.id, status: 'done', raised: 0 }]);
  const older = await service.api.get(`/v1/reconciliations?limit=1&after=${newest.next}`, page);
  expect(older.data.map(({ id }) => id)).toEqual([first.id]);
});
