import { expect, test } from 'vitest';
import { limitsOf } from '../../../src/subscriptions/agency-plan.ts';
import { payAsYouGo } from '../catalog/plans.ts';

const covering = (change: Parameters<typeof payAsYouGo>[0] = {}) =>
  limitsOf({
    agencyId: 'agc_platform',
    planId: 'plan_1',
    version: 3,
    document: { ...payAsYouGo(change), frozen: null },
  });

test('an agency is told the limits and the allowances of its plan, and no price of the platform’s', () => {
  const limits = covering({
    limits: { maxConcurrency: 40 },
    recurring: [{ feature: 'concurrency', included: 20, unitPrice: '9.00' }],
    usage: [{ feature: 'call_minutes', included: '0', unitPrice: '0.25' }],
  });
  expect(limits).toEqual({
    planId: 'plan_1',
    version: 3,
    displayName: 'Pay as you go',
    limits: { maxConcurrency: 40 },
    recurring: [{ feature: 'concurrency', included: 20 }],
    usage: [{ feature: 'call_minutes', included: '0' }],
  });
});

test('a plan without limits limits nothing', () => {
  expect(covering()).toMatchObject({ limits: {}, recurring: [] });
});
