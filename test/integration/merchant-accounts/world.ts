import type pg from 'pg';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import { createAgencyAccounts } from '../../../src/merchant-accounts/agency-accounts.ts';
import { createCredentials } from '../../../src/merchant-accounts/credentials.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import type { AccountReading } from '../../../src/merchant-accounts/mirror-account.ts';
import { createOnboardingStates } from '../../../src/merchant-accounts/onboarding-state.ts';
import { Money } from '../../../src/money/money.ts';
import { createOperationStore } from '../../../src/providers/operation.store.ts';
import type { HostedSession, PaymentProvider, ProviderAccount } from '../../../src/providers/port.ts';
import { apiKeyHasher } from '../../../src/tenancy/api-key.ts';
import { ensurePlatformAgency } from '../../../src/tenancy/ensure-platform-agency.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { sealerOf } from '../../../src/tenancy/sealed.ts';
import { createMigratedDatabase } from '../../support/database.ts';
import { providerAccount } from '../../support/provider-account.ts';

export const platformScope: Scope = { role: 'platform', keyId: 'key_platform' };

const session: HostedSession = {
  id: 'cs_none',
  url: 'https://pay.example/none',
  status: 'open',
  expiresAt: new Date(0),
  paymentId: null,
};

/** Agencies' accounts over a database, and a provider that holds accounts as a test says. */
export async function accountWorld() {
  const testDatabase = await createMigratedDatabase();
  const database = openDatabase(testDatabase.url);
  const clock = new FixedClock('2026-11-21T08:00:00Z');
  /** By id, as the provider has them; what is not here does not answer to us. */
  const held = new Map<string, ProviderAccount>();
  const made: string[] = [];
  const hooks = { onRetrieve: async (): Promise<void> => undefined };
  const provider: PaymentProvider = {
    name: 'stripe',
    apiVersion: 'of a test',
    accounts: {
      current: async () => providerAccount(),
      retrieve: async (id) => {
        const found = held.get(id) ?? null;
        await hooks.onRetrieve();
        return found;
      },
      connect: {
        create: async ({ merchantAccountId, agencyId }) => {
          const account = providerAccount({
            id: `acct_of_${merchantAccountId}`,
            chargesEnabled: false,
            detailsSubmitted: false,
            metadata: { baisa_agency: agencyId },
          });
          made.push(account.id);
          held.set(account.id, account);
          return account;
        },
        find: async () => null,
        createOnboardingLink: async (id) => ({ url: `https://connect.example/${id}`, expiresAt: clock.now() }),
        dashboardUrl: (id) => `https://dashboard.example/${id}`,
      },
    },
    checkout: {
      minimumCharge: (currency) => Money.of('0.210', currency),
      maximumCharge: (currency) => Money.of('9999', currency),
      sessionLifetimeMs: { min: 1_800_000, max: 86_400_000 },
      createCustomer: async () => ({ id: 'cus_at_provider' }),
      findCustomer: async () => null,
      createTopUpSession: async () => session,
      findSession: async () => null,
      retrieveSession: async () => session,
      expireSession: async () => session,
    },
  };
  const hash = apiKeyHasher('an encryption key of the tests, long enough');
  const platform = await ensurePlatformAgency(
    { prisma: database.prisma, clock, hash },
    { apiKey: `baisa_pk_${'x'.repeat(40)}`, country: 'AE' },
  );
  const merchantAccounts = createMerchantAccounts({ database, clock, platformAgencyId: platform.id });
  const states = createOnboardingStates({ clock, sign: hash });
  const accountsOver = (over: Database) =>
    createAgencyAccounts({
      database: over,
      clock,
      providers: { stripe: provider },
      operations: { store: createOperationStore(database.pool), clock, wait: async () => undefined },
      merchantAccounts,
      states,
      listeners: [],
      credentials: createCredentials({
        database,
        clock,
        sealer: sealerOf('an encryption key of the tests, long enough'),
      }),
      defaultTerms: { chargeCurrency: 'OMR', usdRate: '0.385' },
      publicUrl: 'http://127.0.0.1',
    });
  const accounts = accountsOver(database);
  /** The pool, with something done once between a look for accounts and its answer. */
  const poolThat = (meanwhile: () => Promise<unknown>): pg.Pool => {
    let isDone = false;
    const query = async (text: string, values: unknown[]) => {
      const answer = await database.pool.query(text, values);
      if (!isDone && text.includes('FROM merchant_accounts')) {
        isDone = true;
        await meanwhile();
      }
      return answer;
    };
    const bound = (name: string | symbol): unknown => {
      const own: unknown = Reflect.get(database.pool, name);
      return typeof own === 'function' ? own.bind(database.pool) : own;
    };
    return new Proxy(database.pool, { get: (_pool, name) => (name === 'query' ? query : bound(name)) });
  };
  let agencies = 0;
  return {
    database,
    clock,
    held,
    made,
    hooks,
    platform,
    merchantAccounts,
    states,
    accounts,
    /** The same, but that something else happens once it has seen which accounts there are. */
    accountsThat: (meanwhile: () => Promise<unknown>) => accountsOver({ ...database, pool: poolThat(meanwhile) }),
    agency: async (): Promise<{ readonly id: string; readonly scope: Scope }> => {
      agencies += 1;
      const id = `agc_${agencies}`;
      await database.pool.query(
        `INSERT INTO agencies (id, name, email, country, created_at) VALUES ($1, 'A', 'a@a.example', 'AE', now())`,
        [id],
      );
      return { id, scope: { role: 'agency', agencyId: id, keyId: `key_${agencies}` } };
    },
    /** The owner has finished the provider's form. */
    finishForm: (id: string): void => {
      const account = held.get(id);
      if (!account) throw new Error(`the provider has no account ${id}`);
      held.set(id, { ...account, chargesEnabled: true, detailsSubmitted: true });
    },
    /** An event made us read the account, as it is at the provider now. */
    hear: (providerAccountId: string) =>
      inTransaction(database.pool, (sql) => {
        const found = held.get(providerAccountId) ?? null;
        const reading = { provider: 'stripe', providerAccountId, found, readAt: clock.now(), source: 'event:evt_1' };
        return accounts.apply(sql, reading satisfies AccountReading);
      }),
    stop: async () => {
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type AccountWorld = Awaited<ReturnType<typeof accountWorld>>;
