import { describe, expect, it } from 'vitest';
import type { PlanDocumentInput } from '../../../src/catalog/plan-document.ts';
import { AppError } from '../../../src/errors.ts';
import {
  type Choice,
  chosenAddOns,
  linesOf,
  needsSetupFirst,
  requireChoice,
  soldParts,
} from '../../../src/subscriptions/sold-lines.ts';
import { payAsYouGo, plan } from '../catalog/plans.ts';

const document = (change: Partial<PlanDocumentInput> = {}) => ({ ...plan(change), frozen: null });
const choice = (change: Partial<Choice> = {}): Choice => ({ cycle: 'monthly', addOns: {}, ...change });
const invoiced = document({
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
});

function refusalOf(check: () => void): AppError {
  try {
    check();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('what a client may choose', () => {
  it.each([
    ['a cycle that the plan has', choice({ cycle: 'yearly' })],
    ['as many more as the plan allows', choice({ addOns: { concurrency: 8 } })],
    ['none of what the plan has', choice({ addOns: { concurrency: 0 } })],
  ])('is %s', (_what, wanted) => {
    expect(() => requireChoice(document(), wanted)).not.toThrow();
  });

  it.each([
    ['cycle_not_offered', document({ cycles: { monthly: '49.00' } }), choice({ cycle: 'quarterly' })],
    ['add_on_unknown', document(), choice({ addOns: { seats: 1 } })],
    [
      'add_on_not_for_sale',
      document({ recurring: [{ feature: 'concurrency', included: 2 }] }),
      choice({ addOns: { concurrency: 1 } }),
    ],
    ['add_on_above_limit', document(), choice({ addOns: { concurrency: 9 } })],
    ['plan_needs_no_checkout', { ...payAsYouGo(), frozen: null }, choice()],
  ])('is not %s', (code, from, wanted) => {
    expect(refusalOf(() => requireChoice(from, wanted))).toMatchObject({ status: 422, code });
  });

  it('says nothing with none of an add-on', () => {
    expect(chosenAddOns({ concurrency: 0, seats: 2 })).toEqual({ seats: 2 });
  });
});

describe('what a choice buys', () => {
  it('is the base of its cycle, its add-ons, and overage that the provider invoices', () => {
    expect(soldParts(invoiced, choice({ cycle: 'quarterly', addOns: { concurrency: 3 } }))).toEqual([
      { key: 'base:quarterly', quantity: 1 },
      { key: 'addon:concurrency:quarterly', quantity: 3 },
      { key: 'overage:call_minutes', quantity: null },
    ]);
    // Overage that is drawn from the balance is nothing that the provider sells.
    expect(soldParts(document(), choice())).toEqual([{ key: 'base:monthly', quantity: 1 }]);
  });

  it.each([
    ['monthly', invoiced, false],
    ['quarterly', invoiced, true],
    ['yearly', invoiced, true],
    ['yearly', document(), false],
  ] as const)('by %s is %# sold on the page itself', (cycle, from, viaSetup) => {
    expect(needsSetupFirst(from, choice({ cycle }))).toBe(viaSetup);
  });

  const parts = soldParts(invoiced, choice({ addOns: { concurrency: 3 } }));
  const remoteIds = new Map([
    ['base:monthly', 'price_base'],
    ['addon:concurrency:monthly', 'price_slot'],
    ['overage:call_minutes', 'price_overage'],
  ]);

  it('is the account’s prices, each with the plan’s tax', () => {
    expect(linesOf(parts, new Map([...remoteIds, ['tax', 'txr_1']]))).toEqual([
      { priceId: 'price_base', quantity: 1, taxRateIds: ['txr_1'] },
      { priceId: 'price_slot', quantity: 3, taxRateIds: ['txr_1'] },
      { priceId: 'price_overage', quantity: null, taxRateIds: ['txr_1'] },
    ]);
    expect(linesOf(parts, remoteIds)).toMatchObject([{ taxRateIds: [] }, { taxRateIds: [] }, { taxRateIds: [] }]);
  });

  it('is not sold at all where a part is not there', () => {
    remoteIds.delete('addon:concurrency:monthly');
    expect(linesOf(parts, remoteIds)).toEqual({ missing: 'addon:concurrency:monthly' });
  });
});
