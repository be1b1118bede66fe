import type { AccountLimits, PlanFacts } from '../../../src/catalog/check-plan.ts';
import type { CarrierAccount, SoldVersion } from '../../../src/catalog/desired.ts';
import { featureRegistry } from '../../../src/catalog/features.ts';
import { type PlanDocument, type PlanDocumentInput, planDocumentSchema } from '../../../src/catalog/plan-document.ts';
import { Money } from '../../../src/money/money.ts';

/** A sound plan of each kind; tests change one thing about it. */
export const goldInput = {
  name: 'gold-2026',
  displayName: 'Gold Tier',
  description: 'For growing teams',
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly: '49.00', quarterly: '139.00', yearly: '499.00' },
  currency: 'USD',
  usage: [{ feature: 'call_minutes', included: '100', unitPrice: '0.10', overagePrice: '0.20' }],
  recurring: [{ feature: 'concurrency', included: 2, unitPrice: '15.00' }],
  limits: { maxConcurrency: 10 },
  packs: [{ feature: 'call_minutes', quantity: '500', price: '45.00', validDays: 90 }],
} satisfies PlanDocumentInput;

export const payAsYouGoInput = {
  name: 'payg',
  displayName: 'Pay as you go',
  type: 'usage_based',
  pricingModel: 'pay_as_you_go',
  currency: 'USD',
  usage: [{ feature: 'call_minutes', unitPrice: '0.25' }],
} satisfies PlanDocumentInput;

export const plan = (change: Partial<PlanDocumentInput> = {}): PlanDocument =>
  planDocumentSchema.parse({ ...goldInput, ...change });

export const payAsYouGo = (change: Partial<PlanDocumentInput> = {}): PlanDocument =>
  planDocumentSchema.parse({ ...payAsYouGoInput, ...change });

export const omaniAccount: CarrierAccount = {
  id: 'macc_1',
  provider: 'stripe',
  ref: { id: 'acct_1', platform: true },
  chargeCurrency: 'OMR',
  effectiveCurrency: 'OMR',
  usdRate: '0.385',
};

export const dollarAccount: CarrierAccount = { ...omaniAccount, effectiveCurrency: 'USD' };

const limits = (account: CarrierAccount, minimum: string): AccountLimits => ({
  ...account,
  minimumCharge: Money.of(minimum, account.effectiveCurrency),
  maximumCharge: Money.of('99999.990', account.effectiveCurrency),
});

export const facts: PlanFacts = {
  features: featureRegistry([{ id: 'sms_segments', name: 'SMS', unit: 'segment', kind: 'usage', aggregation: 'sum' }]),
  rates: new Map([
    ['OMR', '0.385'],
    ['INR', '83.5'],
  ]),
  accounts: [limits(omaniAccount, '0.200')],
};

export const sold = (change: Partial<PlanDocumentInput> = {}, version = 1): SoldVersion => ({
  agencyId: 'agc_1',
  planId: 'plan_1',
  version,
  plan: plan(change),
});
