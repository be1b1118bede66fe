import { answering, type Sent } from './stripe-nock.ts';

export const once = { idempotencyKey: 'subscription:sub_1:1' };
export const onAccount = { 'stripe-account': 'acct_agency', 'stripe-version': '2026-10-28.endive' };
export const onceOnAccount = { ...onAccount, 'idempotency-key': 'subscription:sub_1:1' };

export const start = 1_793_500_000;
export const end = 1_796_092_000;

const itemAt = (id: string, price: string, usageType: 'licensed' | 'metered', more: object) => ({
  id,
  object: 'subscription_item',
  price: { id: price, object: 'price', recurring: { interval: 'month', usage_type: usageType } },
  tax_rates: [],
  current_period_start: start,
  current_period_end: end,
  ...more,
});

export const stripeSubscription = {
  id: 'sub_stripe_1',
  object: 'subscription',
  status: 'active',
  customer: 'cus_1',
  metadata: { baisa_subscription: 'sub_1', baisa_customer: 'client_1' },
  items: {
    object: 'list',
    data: [
      itemAt('si_1', 'price_base', 'licensed', { quantity: 1, tax_rates: [{ id: 'txr_1', object: 'tax_rate' }] }),
      itemAt('si_2', 'price_overage', 'metered', {}),
    ],
    has_more: false,
    url: '/v1/subscription_items',
  },
  default_payment_method: 'pm_1',
  start_date: start - 60,
  billing_cycle_anchor: start,
  trial_end: null,
  cancel_at: null,
  ended_at: null,
  schedule: null,
};

export const inForce = {
  id: 'sub_stripe_1',
  status: 'active',
  providerCustomerId: 'cus_1',
  metadata: stripeSubscription.metadata,
  items: [
    {
      itemId: 'si_1',
      priceId: 'price_base',
      quantity: 1,
      taxRateIds: ['txr_1'],
      periodStart: new Date(start * 1000),
      periodEnd: new Date(end * 1000),
    },
    {
      itemId: 'si_2',
      priceId: 'price_overage',
      quantity: null,
      taxRateIds: [],
      periodStart: new Date(start * 1000),
      periodEnd: new Date(end * 1000),
    },
  ],
  defaultCardId: 'pm_1',
  startedAt: new Date((start - 60) * 1000),
  anchorAt: new Date(start * 1000),
  trialEndsAt: null,
  cancelAt: null,
  endedAt: null,
  scheduleId: null,
};

export const terms = {
  subscriptionId: 'sub_1',
  metadata: { baisa_customer: 'client_1' },
  providerCustomerId: 'cus_1',
  lines: [
    { priceId: 'price_base', quantity: 1, taxRateIds: ['txr_1'] },
    { priceId: 'price_overage', quantity: null, taxRateIds: [] },
  ],
  trialDays: null,
  applicationFeePercent: null,
};
export const lineForm = (prefix: string) => ({
  [`${prefix}[0][price]`]: 'price_base',
  [`${prefix}[0][quantity]`]: '1',
  [`${prefix}[0][tax_rates][0]`]: 'txr_1',
  [`${prefix}[1][price]`]: 'price_overage',
});

export const one = '/v1/subscriptions/sub_stripe_1';
export const reads = (more: object): readonly Sent[] => answering('GET', one, { ...stripeSubscription, ...more });
