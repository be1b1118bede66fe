import type Stripe from 'stripe';
import { createSandboxClient, type SandboxClient } from '../../../src/commands/sandbox-client.ts';
import { failureOf, type Harness, type Receiver, startHarness, startReceiver } from './harness.ts';

/** What an independent agency's account is made with. */
export const independent = {
  country: 'AE',
  email: 'owner@agency.example',
  business_profile: { name: 'Agency <One>' },
  controller: {
    stripe_dashboard: { type: 'full' },
    fees: { payer: 'account' },
    losses: { payments: 'stripe' },
    requirement_collection: 'stripe',
  },
  capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
  metadata: { agency: 'agc_1' },
} as const satisfies Stripe.AccountCreateParams;

export const addresses = {
  refresh_url: 'https://baisa.example/again',
  return_url: 'https://back.example/returned',
};

export interface ConnectHarness extends Harness {
  readonly client: SandboxClient;
  /** Hears what happens on connected accounts; `receiver` hears the platform. */
  readonly connect: Receiver;
  newLink(account: string): Promise<Stripe.AccountLink>;
  /** What the Connect endpoint got, in the order it came. */
  accountEvents(): { type: string; account: string | undefined; object: unknown }[];
}

export async function startConnectHarness(): Promise<ConnectHarness> {
  const harness = await startHarness();
  const connect = await startReceiver(harness.clock, 'whsec_connect');
  await harness.sandbox.ensureWebhookEndpoint({
    url: connect.url,
    secret: 'whsec_connect',
    enabledEvents: ['*'],
    connect: true,
  });
  return {
    ...harness,
    client: createSandboxClient(harness.sandbox.url),
    connect,
    newLink: (account) => harness.stripe.accountLinks.create({ account, type: 'account_onboarding', ...addresses }),
    accountEvents: () =>
      connect.arrivals.map(({ event }) => ({ type: event.type, account: event.account, object: event.data.object })),
    close: async () => {
      await harness.close();
      await connect.close();
    },
  };
}

/** All are awaited together: a call that fails while another is looked at would count as unhandled. */
export const failuresOf = (...calls: Promise<unknown>[]) => Promise.all(calls.map(failureOf));

export const visit = (url: string): Promise<Response> => fetch(url, { redirect: 'manual' });

export const answer = (url: string, outcome: string): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams({ outcome }), redirect: 'manual' });
