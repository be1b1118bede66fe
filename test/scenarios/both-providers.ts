import { z } from 'zod';
import { providerSessionOf } from '../../src/commands/sandbox-client.ts';
import { createWhopSandboxClient, whopCheckoutOf } from '../../src/commands/whop-sandbox-client.ts';
import type { TestService } from '../support/service.ts';

const paidSession = z.object({ payment_intent: z.string() });

/** A provider as a client and its operator meet it. */
export interface Played {
  readonly provider: 'stripe' | 'whop';
  /** What 5.00 USD of balance, and 20.00 USD of a plan, cost there. */
  readonly charged: string;
  readonly subscribed: string;
  pay(service: TestService, url: string | null, card: string): Promise<unknown>;
  setFaults(service: TestService, faults: Readonly<Record<string, unknown>>): Promise<void>;
  /** The start of its call that opens a checkout, and of the one that gives back. */
  readonly route: string;
  readonly refundRoute: string;
  /** What a payment cost in parts of 2.00, 1.00 and the rest of 5.00 USD. */
  readonly parts: readonly string[];
  /** The provider's id of what paid an order. */
  paymentOf(service: TestService, url: string | null, card: string): Promise<string>;
  /** All of it, or what 2.00 of 5.00 USD cost there. */
  refundInDashboard(service: TestService, paymentId: string, part: 'all' | 'part'): Promise<{ readonly id: string }>;
  dispute(service: TestService, paymentId: string, kind: 'inquiry' | 'chargeback'): Promise<{ readonly id: string }>;
  moveDispute(service: TestService, id: string, move: 'escalate' | 'win' | 'lose'): Promise<unknown>;
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
    refundRoute: '/v1/refunds',
    parts: ['0.770 OMR', '0.390 OMR', '0.770 OMR'],
    paymentOf: async ({ sandbox }, url, card) => {
      const session = providerSessionOf(url);
      await sandbox.pay(session, { card });
      return (await sandbox.provider(`/v1/checkout/sessions/${session}`, paidSession)).payment_intent;
    },
    refundInDashboard: ({ sandbox }, paymentId, part) =>
      sandbox.refundInDashboard(paymentId, part === 'all' ? {} : { amount: 770 }),
    dispute: ({ sandbox }, paymentId, kind) => sandbox.dispute(paymentId, { kind }),
    moveDispute: ({ sandbox }, id, move) => sandbox.moveDispute(id, move),
  },
  {
    provider: 'whop',
    charged: '5.00 USD',
    subscribed: '20.00 USD',
    pay: ({ sandbox }, url, card) => createWhopSandboxClient(sandbox.url).pay(whopCheckoutOf(url), { card }),
    setFaults: ({ sandbox }, faults) => createWhopSandboxClient(sandbox.url).setFaults(faults),
    route: '/checkout_configurations',
    refundRoute: '/payments/',
    parts: ['2.00 USD', '1.00 USD', '2.00 USD'],
    paymentOf: async ({ sandbox }, url, card) => {
      const { paymentId } = await createWhopSandboxClient(sandbox.url).pay(whopCheckoutOf(url), { card });
      return paymentId ?? 'none';
    },
    refundInDashboard: ({ sandbox }, paymentId, part) =>
      createWhopSandboxClient(sandbox.url).refundInDashboard(paymentId, part === 'all' ? {} : { amount: 2 }),
    dispute: ({ sandbox }, paymentId, kind) => createWhopSandboxClient(sandbox.url).dispute(paymentId, { kind }),
    moveDispute: ({ sandbox }, id, move) => createWhopSandboxClient(sandbox.url).moveDispute(id, move),
  },
];
