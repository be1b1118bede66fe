import { providerSessionOf } from '../../src/commands/sandbox-client.ts';
import { createWhopSandboxClient, whopCheckoutOf } from '../../src/commands/whop-sandbox-client.ts';
import type { TestService } from '../support/service.ts';

/** A provider as a client and its operator meet it. */
export interface Played {
  readonly provider: 'stripe' | 'whop';
  /** What 5.00 USD of balance, and 20.00 USD of a plan, cost there. */
  readonly charged: string;
  readonly subscribed: string;
  pay(service: TestService, url: string | null, card: string): Promise<unknown>;
  setFaults(service: TestService, faults: Readonly<Record<string, unknown>>): Promise<void>;
  /** The start of its call that opens a checkout. */
  readonly route: string;
}

/** The same scenarios run over each. */
export const playedProviders: readonly Played[] = [
  {
    provider: 'stripe',
    charged: '1.930 OMR',
    subscribed: '7.70 OMR',
    pay: ({ sandbox }, url, card) => sandbox.pay(providerSessionOf(url), { card }),
    setFaults: ({ sandbox }, faults) => sandbox.setFaults(faults),
    route: '/v1/checkout/sessions',
  },
  {
    provider: 'whop',
    charged: '5.00 USD',
    subscribed: '20.00 USD',
    pay: ({ sandbox }, url, card) => createWhopSandboxClient(sandbox.url).pay(whopCheckoutOf(url), { card }),
    setFaults: ({ sandbox }, faults) => createWhopSandboxClient(sandbox.url).setFaults(faults),
    route: '/checkout_configurations',
  },
];
