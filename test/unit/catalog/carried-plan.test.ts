import { describe, expect, test } from 'vitest';
import { carriedPlan } from '../../../src/catalog/carried-plan.ts';
import { type CarrierAccount, desired } from '../../../src/catalog/desired.ts';
import type { PlanDocument } from '../../../src/catalog/plan-document.ts';
import { plan as gold } from './plans.ts';

const plan: PlanDocument = gold({
  cycles: { monthly: '49.00', yearly: '499.00' },
  tax: { name: 'GST', percent: '5', inclusive: false },
  usage: [
    { feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' },
    { feature: 'messages', included: '10', overagePrice: '0.01', collect: 'balance' },
  ],
});

const account = (provider: CarrierAccount['provider'], more: Partial<CarrierAccount> = {}): CarrierAccount => ({
  id: 'macc_1',
  provider,
  ref: { id: 'of_provider', platform: true },
  chargeCurrency: 'OMR',
  effectiveCurrency: 'USD',
  usdRate: '0.385',
  ...more,
});

const partsAt = (provider: CarrierAccount['provider'], sold: PlanDocument = plan, more: Partial<CarrierAccount> = {}) =>
  desired({ agencyId: 'agc_1', planId: 'plan_1', version: 1, plan: sold }, account(provider, more));

describe('a plan at a provider that lacks what it asks for', () => {
  test('is carried without it: no tax of ours, no meter, one price for each cycle', () => {
    const parts = partsAt('whop');
    if (parts.blocked !== null) throw new Error(parts.blocked);
    expect([parts.taxRates, parts.meters]).toEqual([[], []]);
    expect(parts.prices.map(({ key, price }) => [key, price.amount.toString(), price.taxBehavior])).toEqual([
      ['base:monthly', '49.00 USD', 'unspecified'],
      ['base:yearly', '499.00 USD', 'unspecified'],
      ['pack:call_minutes:500:90', '45.00 USD', 'unspecified'],
    ]);
  });

  test('says what its clients get there instead, each thing in one sentence', () => {
    expect(carriedPlan(plan, 'whop').notices).toEqual([
      expect.stringMatching(/^Whop is the merchant of record.*GST/),
      expect.stringMatching(/^Whop counts no usage: overage of call_minutes is drawn from the balance/),
      expect.stringMatching(/^A Whop subscription has one price: more of concurrency/),
      expect.stringMatching(/^No card is kept at Whop/),
      expect.stringMatching(/^Whop schedules no changes/),
    ]);
  });

  test('is not told what does not concern it', () => {
    const simple: PlanDocument = { ...plan, tax: null, usage: [], recurring: [], cycles: {} };
    expect(carriedPlan(simple, 'whop').notices).toEqual([expect.stringMatching(/^No card is kept/)]);
  });

  test('is carried whole, and without a word, where nothing is lacking', () => {
    expect(carriedPlan(plan, 'stripe')).toEqual({ plan, notices: [] });
    const parts = partsAt('stripe');
    expect(parts.blocked === null && [parts.taxRates.length, parts.meters.length]).toEqual([1, 1]);
  });

  test('that shares revenue is blocked on an account with a key of its own, and says why', () => {
    const shared: PlanDocument = { ...plan, type: 'revenue_sharing', revenueShare: { agencyPercent: '70' } };
    expect(partsAt('whop', shared, { ownKey: true })).toEqual({
      blocked: expect.stringContaining('no share can be taken'),
    });
    expect(partsAt('whop', shared).blocked).toBeNull();
  });

  test('that shares revenue is blocked on an agency’s account where no share of a renewal is taken, unless nothing renews', () => {
    const shared: PlanDocument = { ...plan, type: 'revenue_sharing', revenueShare: { agencyPercent: '70' } };
    const agencys = { ref: { id: 'of_agency', platform: false } };
    expect(partsAt('whop', shared, agencys)).toEqual({ blocked: expect.stringContaining('renews') });
    expect(partsAt('whop', { ...shared, cycles: {} }, agencys).blocked).toBeNull();
    expect(partsAt('stripe', shared, agencys).blocked).toBeNull();
  });

  test('has no trial where one could not be refused to whoever had it, and says so', () => {
    const tried: PlanDocument = { ...plan, trialDays: 14 };
    const carried = carriedPlan(tried, 'whop');
    expect(carried.plan.trialDays).toBe(0);
    expect(carried.notices).toContainEqual(expect.stringMatching(/cannot refuse a trial/));
    expect(carriedPlan(tried, 'stripe').plan.trialDays).toBe(14);
  });
});
