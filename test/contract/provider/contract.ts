import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBooks } from './books.ts';
import { describeCards, describeStagedCards } from './cards.ts';
import { describeCatalog } from './catalog.ts';
import { describeCheckout, describeCustomers } from './checkout.ts';
import { ContractRun, type ContractSubject, need } from './contract-run.ts';
import { describeDisputes } from './disputes.ts';
import { describeHolds, describeStagedHolds } from './holds.ts';
import { describeInvoices, describeStagedInvoices } from './invoices.ts';
import { describeMetering, describeStagedMetering } from './metering.ts';
import { describeMeters } from './meters.ts';
import { describeOffSession, describeStagedOffSession } from './off-session.ts';
import { describeRefunds } from './refunds.ts';
import { describeStagedSubscriptions, describeSubscriptionSessions, describeSubscriptions } from './subscriptions.ts';
import { describeTaxRates } from './tax-rates.ts';
import { describeWebhookEndpoints } from './webhook-endpoints.ts';

const everything = [
  'accounts',
  'catalog',
  'taxRates',
  'meters',
  'customers',
  'checkout',
  'cards',
  'holds',
  'offSession',
  'subscriptionSessions',
  'subscriptions',
  'invoices',
  'metering',
  'refunds',
  'disputes',
  'books',
  'webhookEndpoints',
] as const;

export type Capability = (typeof everything)[number];

function describeAccounts(run: () => ContractRun): void {
  describe('accounts', () => {
    it('name the account of the key and what it can charge', async () => {
      const { provider, account, currency } = run().subject;
      const found = await provider.accounts.current();
      expect(found.id).toBe(account.id);
      expect(found.chargeableCurrencies).toContain(currency);
      for (const code of [found.settlementCurrency, ...found.chargeableCurrencies]) expect(code).toMatch(/^[A-Z]{3}$/);
    });
  });
}

/** What only shows where the provider can be made to lose a connection, to refuse a card, or to wait for days. */
export function stagedContract(name: string, setUp: () => Promise<ContractSubject>): void {
  withRun(`${name}, staged`, setUp, (run) => {
    describeStagedCards(run);
    describeStagedHolds(run);
    describeStagedOffSession(run);
    describeStagedSubscriptions(run);
    describeStagedInvoices(run);
    describeStagedMetering(run);
  });
}

function withRun(
  name: string,
  setUp: () => Promise<ContractSubject>,
  describeAll: (run: () => ContractRun) => void,
): void {
  describe(name, () => {
    let current: ContractRun | undefined;
    beforeAll(async () => {
      current = new ContractRun(await setUp());
    });
    afterAll(() => current?.close());
    describeAll(() => need(current, 'run: it is set up before the tests'));
  });
}

/**
 * What every provider promises behind the port, whoever it is. A provider's test file calls this with the capabilities it
 * has; the describes of those it lacks are left out by name, so that a lost capability fails instead of passing unseen.
 */
export function providerContract(
  name: string,
  setUp: () => Promise<ContractSubject>,
  capabilities: readonly Capability[] = everything,
): void {
  withRun(name, setUp, (run) => {
    const describes = {
      accounts: describeAccounts,
      catalog: describeCatalog,
      taxRates: describeTaxRates,
      meters: describeMeters,
      customers: describeCustomers,
      checkout: describeCheckout,
      cards: describeCards,
      holds: describeHolds,
      offSession: describeOffSession,
      subscriptionSessions: describeSubscriptionSessions,
      subscriptions: describeSubscriptions,
      invoices: describeInvoices,
      metering: describeMetering,
      refunds: describeRefunds,
      disputes: describeDisputes,
      books: describeBooks,
      webhookEndpoints: describeWebhookEndpoints,
    } satisfies Record<Capability, (run: () => ContractRun) => void>;
    for (const capability of capabilities) describes[capability](run);
  });
}
