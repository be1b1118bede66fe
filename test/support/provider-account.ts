import type { ProviderAccount } from '../../src/providers/port.ts';

/** An account that may do everything, but for what a test changes. */
export const providerAccount = (change: Partial<ProviderAccount> = {}): ProviderAccount => ({
  id: 'acct_platform',
  country: 'AE',
  livemode: false,
  settlementCurrency: 'AED',
  chargeableCurrencies: ['OMR', 'USD'],
  chargesEnabled: true,
  payoutsEnabled: true,
  detailsSubmitted: true,
  requirements: { currentlyDue: [], pastDue: [], pendingVerification: [], disabledReason: null, deadline: null },
  metadata: {},
  ...change,
});
