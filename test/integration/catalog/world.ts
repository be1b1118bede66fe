import { type Catalog, createCatalog } from '../../../src/catalog/catalog.ts';
import type { CatalogDependencies } from '../../../src/catalog/dependencies.ts';
import { createOffers, type Offers } from '../../../src/catalog/offers.ts';
import type { PlanKey } from '../../../src/catalog/plan.store.ts';
import { newPlanSchema, type PlanDocumentInput } from '../../../src/catalog/plan-document.ts';
import type { PlanUse } from '../../../src/catalog/plan-use.ts';
import type { PlanView } from '../../../src/catalog/plan-view.ts';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import type { Job } from '../../../src/delivery/jobs.ts';
import { createOperationStore } from '../../../src/providers/operation.store.ts';
import type { CatalogPort, PaymentProvider } from '../../../src/providers/port.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { createMigratedDatabase } from '../../support/database.ts';
import { FakeCatalogPort } from '../../unit/catalog/fake-catalog-port.ts';
import { goldInput } from '../../unit/catalog/plans.ts';

export const platform: Scope = { role: 'platform', keyId: 'key_platform' };
export const agency = (agencyId: string): Scope => ({ role: 'agency', agencyId, keyId: `key_${agencyId}` });

export const newPlan = (change: Partial<PlanDocumentInput> & { publish?: boolean; agencyId?: string } = {}) =>
  newPlanSchema.parse({ ...goldInput, ...change });

/** What would keep plans alive: a seam, for tests that have no subscriptions. */
export class LivePlans implements PlanUse {
  readonly name = 'live subscriptions';
  readonly planIds: string[] = [];

  async count(_sql: unknown, { planId }: PlanKey): Promise<number> {
    return this.planIds.filter((id) => id === planId).length;
  }
}

export interface World {
  readonly database: Database;
  readonly clock: FixedClock;
  readonly catalog: Catalog;
  readonly offers: Offers;
  readonly livePlans: LivePlans;
  readonly port: FakeCatalogPort;
  /** Keeps what is enqueued. */
  readonly jobs: CatalogDependencies['jobs'];
  /** Jobs that were committed with what caused them, and have not run. */
  takeJobs(): Promise<readonly Job[]>;
  runJobs(): Promise<void>;
  publishNew(scope: Scope, change?: Parameters<typeof newPlan>[0]): Promise<PlanView>;
  /** As it was made: faster than a new database for each test. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const ids = { platform: 'agc_platform', one: 'agc_one', two: 'agc_two', account: 'macc_platform' };

export async function addAccount(
  { database, clock }: Pick<World, 'database' | 'clock'>,
  account: {
    agencyId: string;
    id: string;
    providerAccountId?: string;
    effectiveCurrency?: string;
    chargeCurrency?: string;
    usdRate?: string;
  },
): Promise<void> {
  const { chargeCurrency = 'OMR', usdRate = '0.385', providerAccountId = `acct_${account.id}` } = account;
  const now = clock.now();
  await database.prisma.merchantAccount.create({
    data: {
      agencyId: account.agencyId,
      id: account.id,
      provider: 'stripe',
      providerAccountId,
      livemode: false,
      country: 'AE',
      chargeCurrency,
      usdRate,
      effectiveCurrency: account.effectiveCurrency ?? chargeCurrency,
      settlementCurrency: 'AED',
      status: 'active',
      createdAt: now,
      updatedAt: now,
    },
  });
}

async function addTenants({ database, clock }: Pick<World, 'database' | 'clock'>): Promise<void> {
  const agencies = [ids.platform, ids.one, ids.two].map((id) => ({
    id,
    name: id,
    email: `${id}@example.com`,
    country: 'OM',
    isPlatform: id === ids.platform,
    createdAt: clock.now(),
  }));
  await database.prisma.agency.createMany({ data: agencies });
  await database.prisma.customer.create({
    data: { agencyId: ids.two, id: 'cus_two', name: 'Two', email: 'two@example.com', createdAt: clock.now() },
  });
}

export interface WorldOptions {
  /** What keeps plans alive; left out: `livePlans`. */
  readonly planUses?: readonly PlanUse[];
  /** Another catalog than the one in memory, and the account it acts on. */
  readonly remote?: { readonly provider: PaymentProvider; readonly accountId: string };
}

/** A migrated database with a platform that has an account, two agencies that have none, and a catalog in memory. */
export async function createWorld({ remote, planUses }: WorldOptions = {}): Promise<World> {
  const testDatabase = await createMigratedDatabase();
  const database = openDatabase(testDatabase.url);
  const clock = new FixedClock('2026-11-21T08:00:00Z');
  const port = new FakeCatalogPort();
  const inMemory: CatalogPort = port;
  // Nothing listens at this address: whatever is not in memory would fail.
  const unreachable = createStripeProvider({ apiKey: 'sk_test_unused', apiBase: 'http://127.0.0.1:9' });
  const stripe = remote?.provider ?? { ...unreachable, catalog: inMemory };
  await database.pool.query('CREATE TABLE test_jobs (id serial PRIMARY KEY, job jsonb NOT NULL)');
  const livePlans = new LivePlans();
  const jobs: CatalogDependencies['jobs'] = {
    enqueue: async (sql, job) => {
      await sql.query('INSERT INTO test_jobs (job) VALUES ($1)', [JSON.stringify(job)]);
    },
  };
  const catalog = createCatalog({
    database,
    clock,
    providers: { stripe },
    operations: { store: createOperationStore(database.pool), clock, wait: async () => {} },
    planUses: planUses ?? [livePlans],
    jobs,
  });
  const providerAccountId = remote?.accountId ?? 'acct_platform';
  const furnish = async (): Promise<void> => {
    await addTenants({ database, clock });
    await addAccount({ database, clock }, { agencyId: ids.platform, id: ids.account, providerAccountId });
  };
  await furnish();

  const takeJobs = async (): Promise<readonly Job[]> => {
    const { rows } = await database.pool.query<{ id: number; job: Job }>('DELETE FROM test_jobs RETURNING id, job');
    return rows.sort((a, b) => a.id - b.id).map(({ job }) => job);
  };
  return {
    database,
    clock,
    catalog,
    offers: createOffers({ database, clock, jobs }),
    livePlans,
    port,
    jobs,
    takeJobs,
    runJobs: async () => {
      for (const { payload } of await takeJobs()) await catalog.jobs['catalog.publish'].handle(payload);
    },
    publishNew: (scope, change = {}) => catalog.createPlan(scope, newPlan({ ...change, publish: true }), undefined),
    reset: async () => {
      await database.pool.query(
        'TRUNCATE agencies, plans, plan_versions, catalog_links, publications, test_jobs CASCADE',
      );
      await database.pool.query('TRUNCATE provider_operations');
      port.clear();
      livePlans.planIds.length = 0;
      await furnish();
    },
    close: async () => {
      await database.close();
      await testDatabase.drop();
    },
  };
}
