import { createExpireLostOrders } from '../../../src/checkout/expire-lost-orders.ts';
import { createStartTopUp } from '../../../src/checkout/start-top-up.ts';
import { FixedClock } from '../../../src/clock.ts';
import { openDatabase } from '../../../src/database/database.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { createOperationStore } from '../../../src/providers/operation.store.ts';
import type { HostedSession, PaymentProvider, ProviderAccount } from '../../../src/providers/port.ts';
import { apiKeyHasher } from '../../../src/tenancy/api-key.ts';
import { createCustomer } from '../../../src/tenancy/create-customer.ts';
import { ensurePlatformAgency } from '../../../src/tenancy/ensure-platform-agency.ts';
import { createMigratedDatabase } from '../../support/database.ts';
import { providerAccount } from '../../support/provider-account.ts';

const platformAccount = providerAccount();

/** The checkout room over a database, and a provider whose answers a test sets. */
export async function checkoutWorld() {
  const testDatabase = await createMigratedDatabase();
  const database = openDatabase(testDatabase.url);
  const clock = new FixedClock('2026-11-21T08:00:00Z');
  const answers = {
    account: async (): Promise<ProviderAccount> => platformAccount,
    create: async (): Promise<HostedSession> => session('cs_made'),
    found: async (): Promise<HostedSession | null> => null,
  };
  const session = (id: string): HostedSession => ({
    id,
    url: `https://pay.example/${id}`,
    status: 'open',
    expiresAt: clock.now(),
    paymentId: null,
  });
  const provider: PaymentProvider = {
    name: 'stripe',
    apiVersion: 'of a test',
    accounts: { current: () => answers.account(), retrieve: () => answers.account() },
    checkout: {
      minimumCharge: (currency) => Money.of('0.210', currency),
      maximumCharge: (currency) => Money.of('9999', currency),
      sessionLifetimeMs: { min: 1_800_000, max: 86_400_000 },
      createCustomer: async () => ({ id: 'cus_at_provider' }),
      findCustomer: async () => null,
      createTopUpSession: () => answers.create(),
      findSession: () => answers.found(),
      retrieveSession: async (_account, id) => session(id),
      expireSession: async (_account, id) => session(id),
    },
  };
  const providers = { stripe: provider };
  const hash = apiKeyHasher('an encryption key of the tests, long enough');
  const platform = await ensurePlatformAgency(
    { prisma: database.prisma, clock, hash },
    { apiKey: `baisa_pk_${'x'.repeat(40)}`, country: 'AE' },
  );
  const newAccounts = () => createMerchantAccounts({ database, clock, platformAgencyId: platform.id });
  const merchantAccounts = newAccounts();
  const probe = (accounts = merchantAccounts, livemode = false, apiBase: string | null = null) =>
    accounts.probePlatform(provider, {
      chargeCurrency: 'OMR',
      usdRate: '0.385',
      livemode,
      settings: { key: 'STRIPE_SECRET_KEY', apiBase },
    });
  const { id: customerId } = await createCustomer(
    { prisma: database.prisma, clock },
    { role: 'platform', keyId: 'key_test' },
    {
      agencyId: platform.id,
      name: 'Salma',
      email: 'salma@client.example',
      externalId: undefined,
      collection: 'card',
      requestId: undefined,
    },
  );
  const failures: unknown[] = [];
  const shared = { database, clock, providers, merchantAccounts };
  const startTopUp = createStartTopUp({
    ...shared,
    operations: { store: createOperationStore(database.pool), clock, wait: async () => undefined },
    livePlanOf: async () => null,
    publicUrl: 'http://127.0.0.1',
  });
  return {
    database,
    clock,
    answers,
    failures,
    session,
    newAccounts,
    probe,
    expireLostOrders: createExpireLostOrders({ ...shared, onFailure: (_order, error) => failures.push(error) }),
    start: (requestId: string) =>
      startTopUp({ agencyId: platform.id, customerId, credited: Money.of('5.00', 'USD'), requestId }),
    orders: () => database.prisma.order.findMany({ orderBy: { id: 'asc' } }),
    stop: async () => {
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type CheckoutWorld = Awaited<ReturnType<typeof checkoutWorld>>;

/** What a provider's call fails with. */
export const failing = (kind: ProviderError['kind'], code: string) => async (): Promise<never> => {
  throw new ProviderError({ kind, code, message: `the provider says ${code}` });
};
