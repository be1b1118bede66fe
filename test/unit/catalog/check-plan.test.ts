import { describe, expect, test } from 'vitest';
import { checkPlan } from '../../../src/catalog/check-plan.ts';
import { newPlanSchema, type PlanDocumentInput, planPatchSchema } from '../../../src/catalog/plan-document.ts';
import { facts, goldInput, payAsYouGo, payAsYouGoInput, plan } from './plans.ts';

interface Case {
  readonly name: string;
  readonly change: Partial<PlanDocumentInput>;
  readonly code: string;
  readonly path: string;
}

const minutes = { feature: 'call_minutes', included: '100', overagePrice: '0.20' };
const slots = { feature: 'concurrency', included: 2 };
const pack = { feature: 'call_minutes', quantity: '500', price: '45.00' };

const refusedFixed: readonly Case[] = [
  {
    name: 'an unknown feature',
    change: { usage: [{ ...minutes, feature: 'fax' }], packs: [] },
    code: 'unknown_feature',
    path: 'usage.0.feature',
  },
  {
    name: 'an unknown recurring feature',
    change: { recurring: [{ ...slots, feature: 'desks' }] },
    code: 'unknown_feature',
    path: 'recurring.0.feature',
  },
  {
    name: 'a held feature listed as usage',
    change: { usage: [minutes, { feature: 'seats' }] },
    code: 'feature_kind_mismatch',
    path: 'usage.1.feature',
  },
  {
    name: 'a pack of a held feature',
    change: { packs: [{ ...pack, feature: 'concurrency' }] },
    code: 'feature_kind_mismatch',
    path: 'packs.0.feature',
  },
  {
    name: 'a feature listed twice',
    change: { usage: [minutes, minutes] },
    code: 'duplicate_feature',
    path: 'usage.1.feature',
  },
  {
    name: 'three decimals of a dollar',
    change: { cycles: { monthly: '49.005' } },
    code: 'price_too_precise',
    path: 'cycles.monthly',
  },
  {
    name: 'four decimals of a rial',
    change: { currency: 'OMR', cycles: { yearly: '49.0005' } },
    code: 'price_too_precise',
    path: 'cycles.yearly',
  },
  {
    name: 'a pack price of three decimals',
    change: { packs: [{ ...pack, price: '45.001' }] },
    code: 'price_too_precise',
    path: 'packs.0.price',
  },
  {
    name: 'an overage price of seven decimals',
    change: { usage: [{ ...minutes, overagePrice: '0.2000001' }] },
    code: 'price_too_precise',
    path: 'usage.0.overagePrice',
  },
  {
    name: 'a quantity of seven decimals',
    change: { usage: [{ ...minutes, included: '1.0000001' }] },
    code: 'quantity_too_precise',
    path: 'usage.0.included',
  },
  {
    name: 'a tax of five decimals',
    change: { tax: { name: 'GST', percent: '5.00001', inclusive: true } },
    code: 'percent_too_precise',
    path: 'tax.percent',
  },
  {
    name: 'a tax above 100 %',
    change: { tax: { name: 'GST', percent: '101', inclusive: true } },
    code: 'percent_out_of_range',
    path: 'tax.percent',
  },
  {
    name: 'a negative price',
    change: { cycles: { monthly: '-1.00' } },
    code: 'negative_number',
    path: 'cycles.monthly',
  },
  {
    name: 'a negative allowance',
    change: { usage: [{ ...minutes, included: '-1' }] },
    code: 'negative_number',
    path: 'usage.0.included',
  },
  { name: 'a negative trial', change: { trialDays: -1 }, code: 'negative_number', path: 'trialDays' },
  {
    name: 'a negative number of slots',
    change: { recurring: [{ ...slots, included: -2 }] },
    code: 'negative_number',
    path: 'recurring.0.included',
  },
  {
    name: 'a price that no column holds',
    change: { usage: [{ ...minutes, overagePrice: '100000000000000' }] },
    code: 'number_too_large',
    path: 'usage.0.overagePrice',
  },
  { name: 'a fixed plan without a cycle', change: { cycles: {} }, code: 'fixed_without_cycle', path: 'cycles' },
  {
    name: 'invoiced overage without a price',
    change: { usage: [{ feature: 'call_minutes', collect: 'invoice' }] },
    code: 'invoiced_without_overage_price',
    path: 'usage.0.overagePrice',
  },
  {
    name: 'a limit below what is included',
    change: { limits: { maxConcurrency: 1 } },
    code: 'limit_below_included',
    path: 'limits.maxConcurrency',
  },
  { name: 'a currency without a rate', change: { currency: 'EUR' }, code: 'currency_without_rate', path: 'currency' },
  {
    name: 'revenue sharing without a share',
    change: { type: 'revenue_sharing' },
    code: 'revenue_share_missing',
    path: 'revenueShare',
  },
  {
    name: 'a share without revenue sharing',
    change: { revenueShare: { agencyPercent: '70' } },
    code: 'revenue_share_unexpected',
    path: 'revenueShare',
  },
  {
    name: 'a share above 100 %',
    change: { type: 'revenue_sharing', revenueShare: { agencyPercent: '100.01' } },
    code: 'percent_out_of_range',
    path: 'revenueShare.agencyPercent',
  },
  {
    name: 'a pack of something the plan does not count',
    change: { packs: [{ ...pack, feature: 'messages' }] },
    code: 'pack_feature_not_in_plan',
    path: 'packs.0.feature',
  },
  {
    name: 'a pack of nothing',
    change: { packs: [{ ...pack, quantity: '0' }] },
    code: 'pack_empty',
    path: 'packs.0.quantity',
  },
  {
    name: 'a pack that is over at once',
    change: { packs: [{ ...pack, validDays: 0 }] },
    code: 'pack_never_valid',
    path: 'packs.0.validDays',
  },
  {
    name: 'a free pack',
    change: { packs: [{ ...pack, price: '0' }] },
    code: 'price_below_minimum',
    path: 'packs.0.price',
  },
  {
    name: 'a price below the provider minimum',
    change: { cycles: { monthly: '0.50' } },
    code: 'price_below_minimum',
    path: 'cycles.monthly',
  },
  {
    name: 'a price above the provider maximum',
    change: { cycles: { monthly: '999999' } },
    code: 'price_above_maximum',
    path: 'cycles.monthly',
  },
  {
    name: 'an overage that rounds to nothing in USD',
    change: { currency: 'INR', usage: [{ ...minutes, overagePrice: '0.000001' }], packs: [] },
    code: 'price_rounds_to_zero',
    path: 'usage.0.overagePrice',
  },
];

const refusedPayAsYouGo: readonly Case[] = [
  { name: 'a cycle', change: { cycles: { monthly: '10.00' } }, code: 'pay_as_you_go_with_cycles', path: 'cycles' },
  { name: 'no usage', change: { usage: [] }, code: 'pay_as_you_go_without_usage', path: 'usage' },
  {
    name: 'usage without any price',
    change: { usage: [{ feature: 'call_minutes' }] },
    code: 'pay_as_you_go_without_price',
    path: 'usage.0.overagePrice',
  },
  {
    name: 'an allowance',
    change: { usage: [{ feature: 'call_minutes', included: '1', unitPrice: '1' }] },
    code: 'pay_as_you_go_includes_nothing',
    path: 'usage.0.included',
  },
  {
    name: 'invoiced usage',
    change: { usage: [{ feature: 'call_minutes', unitPrice: '1', collect: 'invoice' }] },
    code: 'pay_as_you_go_invoiced',
    path: 'usage.0.collect',
  },
];

describe('a plan that cannot work is refused with its own code and path', () => {
  test.each(refusedFixed)('$name', ({ change, code, path }) => {
    expect(checkPlan(plan(change), facts)).toContainEqual({ code, path, message: expect.stringMatching(/\.$/) });
  });

  test.each(refusedPayAsYouGo)('pay-as-you-go with $name', ({ change, code, path }) => {
    expect(checkPlan(payAsYouGo(change), facts)).toContainEqual({ code, path, message: expect.stringMatching(/\.$/) });
  });
});

test('sound plans of every kind have no problem', () => {
  const gst = { name: 'GST', percent: '5', inclusive: false };
  const sound = [
    plan(),
    payAsYouGo(),
    plan({ tax: gst, currency: 'OMR', cycles: { monthly: '19.255' } }),
    plan({ cycles: { monthly: '0' } }),
    plan({ type: 'revenue_sharing', revenueShare: { agencyPercent: '70' } }),
    plan({ usage: [...goldInput.usage, { feature: 'sms_segments', included: '10' }] }),
  ];
  for (const document of sound) expect(checkPlan(document, facts)).toEqual([]);
});

test('every problem is named, not only the first', () => {
  const problems = checkPlan(plan({ currency: 'EUR', limits: { maxConcurrency: 1 } }), facts);
  expect(problems.map(({ code }) => code)).toEqual(['limit_below_included', 'currency_without_rate']);
});

describe('the shape is strict', () => {
  const wrong: readonly (readonly [string, object])[] = [
    ['price', { ...goldInput, price: '1.00' }],
    ['cycles', { ...goldInput, cycles: { weekly: '1.00' } }],
    ['cycles.monthly', { ...goldInput, cycles: { monthly: 49 } }],
    ['cycles.monthly', { ...goldInput, cycles: { monthly: '1e3' } }],
    ['currency', { ...goldInput, currency: 'usd' }],
    ['type', { ...payAsYouGoInput, type: 'free' }],
    ['recurring.0.included', { ...goldInput, recurring: [{ feature: 'seats', included: 1.5 }] }],
  ];

  test.each(wrong)('%s', (path, body) => {
    const parsed = newPlanSchema.safeParse(body);
    const issues = parsed.success ? [] : parsed.error.issues;
    const named = issues.map((issue) => (path === 'price' ? 'price' : issue.path.join('.')));
    expect(named).toContain(path);
  });

  test('a patch leaves what it does not name alone', () => {
    expect(planPatchSchema.parse({ displayName: 'Gold' })).toEqual({ displayName: 'Gold' });
  });
});
