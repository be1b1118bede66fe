import { expect, test } from 'vitest';
import type { PaymentProvider } from '../../../src/providers/port.ts';
import { type Lack, providerTraits } from '../../../src/providers/provider-traits.ts';
import { type Capability, providerContract } from './contract.ts';
import type { ContractSubject } from './contract-run.ts';
import {
  startStripe,
  startStripeConnected,
  startWhop,
  startWhopChild,
  startWhopWithOwnKey,
} from './sandbox-subjects.ts';

interface Row {
  readonly name: string;
  readonly start: () => Promise<ContractSubject>;
  /** All, unless given. */
  readonly capabilities?: readonly Capability[];
}

/** Every provider, on every kind of account that it has. What a row leaves out, its provider does not have there. */
const providers: readonly Row[] = [
  { name: 'Stripe, as the sandbox plays it', start: startStripe },
  {
    name: 'Stripe, on a connected account of the sandbox',
    start: startStripeConnected,
    capabilities: [
      'catalog',
      'taxRates',
      'meters',
      'metering',
      'customers',
      'checkout',
      'cards',
      'holds',
      'offSession',
      'subscriptionSessions',
      'subscriptions',
      'invoices',
      'refunds',
      'disputes',
      'books',
    ],
  },
  {
    name: 'Whop, as the sandbox plays it',
    start: () => startWhop(),
    capabilities: ['accounts', 'catalog', 'checkout', 'subscriptionSessions', 'refunds', 'disputes'],
  },
  {
    name: 'Whop, on a company under the platform’s',
    start: startWhopChild,
    capabilities: ['catalog', 'checkout', 'subscriptionSessions', 'refunds', 'disputes'],
  },
  {
    name: 'Whop, on a company with a key of its own',
    start: startWhopWithOwnKey,
    capabilities: ['catalog', 'checkout', 'subscriptionSessions', 'refunds', 'disputes'],
  },
];

for (const { name, start, capabilities } of providers) providerContract(name, start, capabilities);

/** What the registry of traits says is lacking -> whether the adapter has it. Quantities and trials are no ports. */
const hasPort = {
  tax_rates: ({ catalog }) => catalog?.taxRates !== undefined,
  meters: ({ catalog, metering }) => catalog?.meters !== undefined && metering !== undefined,
  cards: ({ cards, cardSubscriptions }) => cards !== undefined && cardSubscriptions !== undefined,
  scheduled_changes: ({ schedules }) => schedules !== undefined,
} as const satisfies Partial<Record<Lack, (provider: PaymentProvider) => boolean>>;

test.each([
  ['stripe', startStripe],
  ['whop', () => startWhop()],
] as const)('what %s is said to lack is what its adapter does not have', async (name, start) => {
  const { provider, close } = await start();
  try {
    const { lacks } = providerTraits[name];
    const found = Object.entries(hasPort).map(([lack, has]) => [lack, has(provider)]);
    expect(found).toEqual(Object.keys(hasPort).map((lack) => [lack, !lacks.some((one) => one === lack)]));
  } finally {
    await close();
  }
});
