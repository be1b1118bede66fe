import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../../src/catalog/check-plan.ts';
import { planDocumentSchema } from '../../../src/catalog/plan-document.ts';
import { PlansFileError, parsePlansFile } from '../../../src/catalog/plans-file.ts';
import { facts } from './plans.ts';

const demoFile = new URL('../../../src/catalog/demo-plans.yaml', import.meta.url);

const sound = `plans:
  - name: solo
    displayName: Solo
    type: usage_based
    pricingModel: fixed
    currency: USD
    cycles: { monthly: "9.00" }
`;

const messageOf = (text: string): string => {
  try {
    parsePlansFile(text, 'plans.yaml');
  } catch (error) {
    if (error instanceof PlansFileError) return error.message;
    throw error;
  }
  return 'no error';
};

test('every demo plan is sound', async () => {
  const planned = parsePlansFile(await readFile(demoFile, 'utf8'), 'demo-plans.yaml');
  expect(planned).toHaveLength(7);
  for (const { plan } of planned) expect(checkPlan(planDocumentSchema.parse(plan), facts)).toEqual([]);
});

describe('an error in a plans file names its line and column', () => {
  test.each([
    ['broken YAML', `${sound}  - name: [`, /^plans\.yaml:8:\d+ /],
    ['an unknown field', `${sound}    price: "9.00"\n`, /^plans\.yaml:8:5 plans\.0\.price: There is no such field\.$/],
    [
      'a bare number',
      sound.replace('"9.00"', '9.00'),
      /^plans\.yaml:7:15 plans\.0\.cycles\.monthly: Write the number in quotes/,
    ],
    ['a missing field', sound.replace('    currency: USD\n', ''), /^plans\.yaml:2:5 plans\.0\.currency: /],
    ['no plans', 'plans: []\n', /^plans\.yaml:1:1 plans: List at least one plan\.$/],
    ['an empty file', '', /^plans\.yaml:1:1 file: /],
  ])('%s', (_name, text, message) => {
    expect(messageOf(text)).toMatch(message);
  });
});

test('JSON is read the same way, and a field of a plan is found in it', () => {
  const text = JSON.stringify({ plans: [{ ...plain }] }, null, 2);
  const [planned] = parsePlansFile(text, 'plans.json');
  expect(planned?.plan.displayName).toBe('Solo');
  expect(planned?.at('cycles.monthly')).toEqual({ line: 10, column: 9 });
});

const plain = {
  name: 'solo',
  displayName: 'Solo',
  type: 'usage_based',
  pricingModel: 'fixed',
  currency: 'USD',
  cycles: { monthly: '9.00' },
};
