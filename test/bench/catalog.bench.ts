import { pino } from 'pino';
import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts';
import { type CarrierAccount, desired } from '../../src/catalog/desired.ts';
import { type CatalogLink, diff } from '../../src/catalog/diff.ts';
import { newPlanSchema } from '../../src/catalog/plan-document.ts';
import { MovableClock, systemClock } from '../../src/clock.ts';
import { type Database, openDatabase } from '../../src/database/database.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createOperationStore } from '../../src/providers/operation.store.ts';
import type { CatalogPort, PaymentProvider } from '../../src/providers/port.ts';
import { withBackgroundLimits } from '../../src/providers/rate-limit.ts';
import { createStripeProvider } from '../../src/providers/stripe/stripe-provider.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Scope } from '../../src/tenancy/scope.ts';
import { FakeAccounts } from '../unit/catalog/fake-accounts.ts';
import { atLeast, atMost, type BenchResult, median } from './result.ts';

const platform: Scope = { role: 'platform', keyId: 'key_bench' };
const agencyId = 'agc_bench';
const secretKey = 'sk_test_bench';

const plan = (index: number, cycles: Readonly<Record<string, string>>) =>
  newPlanSchema.parse({
    name: `plan-${index}`,
    displayName: `Plan ${index}`,
    type: 'usage_based',
    pricingModel: 'fixed',
    currency: 'USD',
    cycles,
    publish: true,
  });
const threeCycles = { monthly: '49.00', quarterly: '139.00', yearly: '499.00' };

interface Bench {
  readonly database: Database;
  readonly catalog: Catalog;
  publish(plans: number, cycles: Readonly<Record<string, string>>): Promise<void>;
}

/** A database with a platform and its accounts; jobs are not run, so that synchronising does all the work. */
async function open(
  server: EmbeddedServer,
  name: string,
  provider: PaymentProvider,
  accountIds: readonly string[],
): Promise<Bench> {
  const url = await server.ensureDatabase(name);
  await migrate(url);
  const database = openDatabase(url);
  const createdAt = systemClock.now();
  await database.prisma.agency.create({
    data: { id: agencyId, name: 'Bench', email: 'bench@example.com', country: 'OM', isPlatform: true, createdAt },
  });
  await database.prisma.merchantAccount.createMany({
    data: accountIds.map((providerAccountId) => ({
      agencyId,
      id: `macc_${providerAccountId}`,
      provider: 'stripe',
      providerAccountId,
      livemode: false,
      country: 'AE',
      chargeCurrency: 'OMR',
      usdRate: '0.385',
      effectiveCurrency: 'OMR',
      settlementCurrency: 'AED',
      status: 'active',
      createdAt,
      updatedAt: createdAt,
    })),
  });
  const catalog = createCatalog({
    database,
    clock: systemClock,
    providers: { stripe: provider },
    operations: { store: createOperationStore(database.pool), clock: systemClock },
    planUses: [],
    jobs: { enqueue: async () => undefined },
  });
  return {
    database,
    catalog,
    publish: async (plans, cycles) => {
      for (let index = 0; index < plans; index += 1) await catalog.createPlan(platform, plan(index, cycles), undefined);
      await database.pool.query('ANALYZE');
    },
  };
}

/** The same catalogue; `sent` is told of each call that goes out. */
function counted(provider: PaymentProvider, sent: () => void): PaymentProvider {
  const { catalog } = provider;
  if (!catalog) throw new Error('the provider keeps no catalog');
  const heard =
    <Args extends readonly unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    (...args: Args): Promise<Answer> => {
      sent();
      return call(...args);
    };
  const watched: CatalogPort = {
    ...catalog,
    createProduct: heard(catalog.createProduct.bind(catalog)),
    pricesOfProduct: heard(catalog.pricesOfProduct.bind(catalog)),
    createPrice: heard(catalog.createPrice.bind(catalog)),
  };
  return { ...provider, catalog: watched };
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

/** A first synchronisation goes as fast as the account lets it. */
async function firstSync(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult> {
  const limit = 100;
  const plans = 200;
  const sandbox = await startSandbox({
    databaseUrl: await server.ensureDatabase('bench_catalog_sandbox'),
    clock: new MovableClock(),
    host: '127.0.0.1',
    port: 0,
    secretKey,
    logger: pino({ level: 'silent' }),
    throttlePerSecond: limit,
  });
  let calls = 0;
  const stripe = createStripeProvider({ apiKey: secretKey, apiBase: sandbox.url });
  const watched = counted(stripe, () => {
    calls += 1;
  });
  const provider = withBackgroundLimits(watched, { perSecond: limit, perEndpointSecond: limit });
  const bench = await open(server, 'bench_catalog_first', provider, [sandbox.accountId]);
  await bench.publish(plans, threeCycles);
  const took = await seconds(() => bench.catalog.sync(platform, { dryRun: false }));
  progress(`${plans} plans carried by ${calls} calls in ${took.toFixed(1)} s`);
  await bench.database.close();
  await sandbox.close();
  const result = { baseline: 'the limit of the account', value: limit, target: 0.9 };
  return atLeast('catalog.first_sync_calls', 'per_second', calls / took, result);
}

const offline = (catalog: CatalogPort): PaymentProvider => ({
  ...createStripeProvider({ apiKey: secretKey, apiBase: 'http://127.0.0.1:9' }),
  catalog,
});

/** What did not change is decided from what is stored. */
async function secondSync(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  const plans = 1_000;
  const accounts = new FakeAccounts();
  const bench = await open(server, 'bench_catalog_second', offline(accounts), ['acct_one']);
  await bench.publish(plans, threeCycles);
  await bench.catalog.sync(platform, { dryRun: false });
  await bench.database.pool.query('ANALYZE');
  const before = accounts.of({ id: 'acct_one' }).calls.length;
  const rounds: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    rounds.push(await seconds(() => bench.catalog.sync(platform, { dryRun: false })));
  }
  const calls = accounts.of({ id: 'acct_one' }).calls.length - before;
  progress(`${plans} unchanged plans: ${calls} calls, ${median(rounds).toFixed(2)} s`);
  await bench.database.close();
  return [
    atMost('catalog.second_sync_calls', 'calls', calls, { baseline: 'one call', value: 1, target: 0 }),
    atMost('catalog.second_sync_of_1000_plans', 'seconds', median(rounds), {
      baseline: 'seconds allowed',
      value: 2,
      target: 1,
    }),
  ];
}

const account: CarrierAccount = {
  id: 'macc_bench',
  provider: 'stripe',
  ref: { id: 'acct_bench', platform: true },
  chargeCurrency: 'OMR',
  effectiveCurrency: 'OMR',
  usdRate: '0.385',
};

/** Microseconds per plan to know what has changed, each plan with all its links. */
function diffOf(plans: number): number {
  const start = performance.now();
  for (let index = 0; index < plans; index += 1) {
    const planId = `plan_${index}`;
    const target = desired({ agencyId, planId, version: 1, plan: document }, account);
    if (target.blocked !== null) throw new Error(target.blocked);
    const links = [target.product, ...target.prices].map(
      ({ key, fingerprint }): CatalogLink => ({ kind: 'price', key, remoteId: key, fingerprint, active: true }),
    );
    if (diff({ planId, merchantAccountId: account.id, desired: target, links }).length > 0) {
      throw new Error('nothing changed');
    }
  }
  return ((performance.now() - start) * 1000) / plans;
}
const { agencyId: _, publish: __, ...document } = plan(0, threeCycles);

function diffIsLinear(): BenchResult {
  diffOf(1_000);
  const small: number[] = [];
  const large: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    small.push(diffOf(1_000));
    large.push(diffOf(10_000));
  }
  return atMost('catalog.diff_per_plan_of_10000', 'microseconds', median(large), {
    baseline: 'per plan of 1,000',
    value: median(small),
    target: 1.5,
  });
}

/** The others are done while one account still answers slowly. */
async function manyAccounts(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult> {
  const plans = 100;
  const ids = Array.from({ length: 50 }, (_unused, index) => `acct_${index}`);
  const run = async (name: string, slow: string | undefined): Promise<number> => {
    const accounts = new FakeAccounts();
    let left = plans * ids.length;
    let othersDone = 0;
    const start = performance.now();
    const released = Promise.withResolvers<void>();
    if (slow !== undefined) {
      left -= plans;
      accounts.of({ id: slow }).interference = { before: () => released.promise };
    }
    for (const id of ids.filter((each) => each !== slow)) {
      accounts.of({ id }).interference = {
        // A plan of one price is there with its price.
        after: (call) => {
          if (call !== 'createPrice') return;
          left -= 1;
          if (left > 0) return;
          othersDone = performance.now();
          released.resolve();
        },
      };
    }
    const bench = await open(server, name, offline(accounts), ids);
    await bench.publish(plans, { monthly: '49.00' });
    const began = performance.now();
    await bench.catalog.sync(platform, { dryRun: false });
    await bench.database.close();
    if (othersDone < start) throw new Error('not every plan was carried');
    return (othersDone - began) / 1000;
  };
  const even = await run('bench_catalog_even', undefined);
  const held = await run('bench_catalog_slow', 'acct_7');
  progress(`50 accounts by 100 plans: ${even.toFixed(1)} s, with one that does not answer ${held.toFixed(1)} s`);
  return atMost('catalog.50_accounts_with_one_slow', 'seconds', held, {
    baseline: 'all answering',
    value: even,
    // One round each: equal but for the noise of a shared machine. An account that held the others would never end.
    target: 1.5,
  });
}

export async function benchCatalog(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  return [
    await firstSync(server, progress),
    ...(await secondSync(server, progress)),
    diffIsLinear(),
    await manyAccounts(server, progress),
  ];
}
