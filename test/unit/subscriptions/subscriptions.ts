import type { ProviderSubscription } from '../../../src/providers/subscription-ports.ts';
import { newSubscription, type Subscription } from '../../../src/subscriptions/subscription.ts';
import { plan } from '../catalog/plans.ts';

export const at = (text: string): Date => new Date(`${text}T09:30:00.000Z`);

/** A client on Gold, as it is stored from 15 January to 15 February; tests change one thing about it. */
export const subscription = (change: Partial<Subscription> = {}): Subscription => ({
  ...newSubscription,
  id: 'sub_1',
  agencyId: 'agc_1',
  customerId: 'client_1',
  plan: { agencyId: 'agc_1', planId: 'plan_1' },
  planVersion: 1,
  status: 'active',
  collection: 'card',
  cycle: 'monthly',
  merchantAccountId: 'macc_1',
  providerSubscriptionId: 'sub_stripe_1',
  providerCustomerId: 'cus_1',
  anchorAt: at('2026-01-15'),
  periodStart: at('2026-01-15'),
  periodEnd: at('2026-02-15'),
  readAt: at('2026-01-15'),
  startedAt: at('2026-01-15'),
  document: { ...plan(), frozen: null },
  ...change,
});

const item = { itemId: 'si_1', priceId: 'price_base', quantity: 1, taxRateIds: [] };

/** The same as its provider has it. */
export const atProvider = (change: Partial<ProviderSubscription> = {}): ProviderSubscription => ({
  id: 'sub_stripe_1',
  status: 'active',
  providerCustomerId: 'cus_1',
  metadata: {},
  items: [{ ...item, periodStart: at('2026-01-15'), periodEnd: at('2026-02-15') }],
  defaultCardId: 'pm_1',
  startedAt: at('2026-01-15'),
  anchorAt: at('2026-01-15'),
  trialEndsAt: null,
  cancelAt: null,
  endedAt: null,
  scheduleId: null,
  ...change,
});
