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
    capabilities: ['catalog', 'taxRates', 'meters', 'customers', 'checkout'],
  },
  {
    name: 'Whop, as the sandbox plays it',
    start: () => startWhop(),
    capabilities: ['accounts', 'catalog', 'checkout'],
  },
  { name: 'Whop, on a company under the platform’s', start: startWhopChild, capabilities: ['catalog', 'checkout'] },
  {
    name: 'Whop, on a company with a key of its own',
    start: startWhopWithOwnKey,
    capabilities: ['catalog', 'checkout'],
  },
];

for (const { name, start, capabilities } of providers) providerContract(name, start, capabilities);
