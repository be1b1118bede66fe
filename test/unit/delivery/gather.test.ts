import { expect, test } from 'vitest';
import { Gather } from '../../../src/delivery/gather.ts';

test('gives each caller its own result, in whatever batches the work was done', async () => {
  const sizes: number[] = [];
  const gather = new Gather<number, string>({
    run: async (items) => {
      sizes.push(items.length);
      return items.map((item) => `done ${item}`);
    },
    batchMax: 8,
    lanes: 1,
  });
  const results = await Promise.all(Array.from({ length: 20 }, (_, index) => gather.submit(index)));
  expect(results).toEqual(Array.from({ length: 20 }, (_, index) => `done ${index}`));
  expect(sizes.length).toBeLessThan(20);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
});

test('fails only the callers of the batch that failed, and goes on', async () => {
  const gather = new Gather<number, number>({
    run: async (items) => {
      if (items.includes(13)) throw new Error('unlucky');
      return items;
    },
    batchMax: 1,
    lanes: 2,
  });
  const results = await Promise.allSettled([1, 13, 2].map((item) => gather.submit(item)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await gather.submit(3)).toBe(3);
});
