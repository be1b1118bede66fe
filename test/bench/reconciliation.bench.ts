import { arrivalReference } from '../../src/checkout/order.ts';
import { FixedClock } from '../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../src/database/database.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createEventsHandled } from '../../src/delivery/events-handled.ts';
import { createInbox } from '../../src/delivery/inbox.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { settleAtProvider } from '../../src/ledger/postings.ts';
import { createMerchantAccounts } from '../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../src/money/money.ts';
import type { PaymentProvider } from '../../src/providers/port.ts';
import type { BalanceEntry, Page, ProviderEvent } from '../../src/providers/refund-ports.ts';
import { createReconciliation, runJobName } from '../../src/reconciliation/reconciliation.ts';
import { atMost, type BenchResult } from './result.ts';

/** Payments of the two accounts that are compared. */
const small = 1_000;
const large = 100_000;
const agencyId = 'agc_bench';
const customerId = 'cus_bench';
const clock = new FixedClock('2026-11-21T08:00:00Z');
const postedAtOnce = 500;
/** As a provider pages its lists. */
const pageSize = 100;
/** Of an event's body, in bytes. */
const eventBytes = 3_000;
/** How often memory is looked at, in milliseconds. */
const sampledEveryMs = 50;

const omr = Money.of('1.930', 'OMR');
const gross = Money.of('18.43', 'AED');
const fees = Money.of('1.53', 'AED');

const nobody = async (): Promise<never> => {
  throw new Error('nobody asks for this');
};

const accountOf = (payments: number): string => `acct_bench_${payments}`;

/** The memory of a reconciliation must not depend on how many payments an account had in a month. */
export async function benchReconciliation(
  server: EmbeddedServer,
  progress: (line: string) => void,
  most = large,
): Promise<BenchResult[]> {
  const url = await server.ensureDatabase('bench_reconciliation');
  await migrate(url);
  const database = openDatabase(url);
  await fillTenant(database, [small, most]);
  const peakMb: Record<number, number> = {};
  for (const payments of [small, most]) {
    await fillBooks(database, payments);
    const started = performance.now();
    peakMb[payments] = (await peakWhile(() => reconcile(database, payments))) / 2 ** 20;
    const seconds = (performance.now() - started) / 1_000;
    progress(
      `${payments.toLocaleString('en')} payments compared at ${Math.round(payments / seconds)}/s, ${Math.round(peakMb[payments])} MiB at most`,
    );
  }
  await database.close();
  return [
    atMost(`reconciliation.memory_of_${most}_payments`, 'MiB resident at most', peakMb[most] ?? Number.NaN, {
      baseline: 'a reconciliation of 1,000 payments',
      value: peakMb[small] ?? Number.NaN,
      // A hundred times the payments: what grows with them would be far above this, and the collector takes its time.
      target: 2,
    }),
  ];
}

async function peakWhile(work: () => Promise<void>): Promise<number> {
  let peak = process.memoryUsage().rss;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, sampledEveryMs);
  try {
    await work();
  } finally {
    clearInterval(sampling);
  }
  return peak;
}

/** Runs one over the account of so many payments, all of which our books have, and none of whose events came. */
async function reconcile(database: Database, payments: number): Promise<void> {
  const { pool } = database;
  const inbox = createInbox({ pool, clock });
  const reconciliation = createReconciliation({
    database,
    clock,
    inbox: {
      // Handled at once by nobody: what is compared is the walk, not the worker.
      store: (event) => inbox.store({ ...event, ignoredBecause: 'foreign: of nobody' }),
    },
    eventTypes: ['payment_intent.succeeded'],
    eventsHandled: createEventsHandled({ pool, clock }),
    providers: { stripe: providerOf(payments) },
    merchantAccounts: createMerchantAccounts({ database, clock, platformAgencyId: agencyId }),
    jobs: { enqueue: async () => undefined },
    settlePayments: nobody,
    refreshPayment: nobody,
    followPayments: async () => undefined,
    askAccount: async () => [],
    onFinding: () => undefined,
    onFailure: (_account, error) => {
      throw error;
    },
  });
  const { id } = await reconciliation.start(`macc_${accountOf(payments)}`);
  await reconciliation.jobs[runJobName].handle();
  const { status, reports } = await reconciliation.find(id);
  const [report] = reports;
  if (status !== 'done' || report?.entries !== payments || report.events !== payments || report.difference !== '0.00') {
    throw new Error(`${payments} payments were not compared: ${status} ${JSON.stringify(report)}`);
  }
}

/** A provider whose lists are made as they are read. */
function providerOf(payments: number): PaymentProvider {
  const pageOf = <Row>(after: string | null, rowOf: (index: number) => Row): Page<Row> => {
    const first = after === null ? 1 : Number(after) + 1;
    const last = Math.min(first + pageSize - 1, payments);
    const rows = Array.from({ length: last - first + 1 }, (_none, index) => rowOf(first + index));
    return { rows, next: last === payments ? null : String(last) };
  };
  const at = clock.now();
  const none = Money.zero('AED');
  const entryOf = (index: number): BalanceEntry => ({
    id: `txn_${index}`,
    kind: 'payment',
    sourceId: `ch_${index}`,
    paymentId: `pi_${index}`,
    metadata: {},
    settled: { gross, fees, net: gross.minus(fees), exchangeRate: '9.55' },
    taken: none,
    at,
  });
  const eventOf = (index: number): ProviderEvent => ({
    id: `evt_${index}`,
    type: 'payment_intent.succeeded',
    livemode: false,
    at,
    payload: JSON.stringify({ id: `evt_${index}`, filler: 'x'.repeat(eventBytes) }),
  });
  return {
    name: 'stripe',
    apiVersion: 'none',
    accounts: { current: nobody, retrieve: nobody },
    balance: { listEntries: async (_account, { after }) => pageOf(after, entryOf) },
    events: { keptForMs: 30 * 86_400_000, listSince: async (_account, _types, { after }) => pageOf(after, eventOf) },
  };
}

async function fillTenant({ prisma }: Database, accounts: readonly number[]): Promise<void> {
  const createdAt = clock.now();
  await prisma.agency.create({
    data: { id: agencyId, name: 'Bench', email: 'bench@example.com', country: 'OM', isPlatform: true, createdAt },
  });
  await prisma.merchantAccount.createMany({
    data: accounts.map((payments) => ({
      ...{ agencyId, id: `macc_${accountOf(payments)}`, provider: 'stripe', providerAccountId: accountOf(payments) },
      ...{ livemode: false, country: 'AE', chargeCurrency: 'OMR', usdRate: '0.385', effectiveCurrency: 'OMR' },
      ...{ settlementCurrency: 'AED', status: 'active', createdAt, updatedAt: createdAt },
    })),
  });
}

/** What the follower of payments posts of each. */
async function fillBooks({ pool }: Database, payments: number): Promise<void> {
  const ledger = createLedger({ pool, clock });
  const about = {
    agencyId,
    customerId,
    planId: null,
    merchantAccountId: `macc_${accountOf(payments)}`,
    source: 'bench',
  };
  for (let first = 1; first <= payments; first += postedAtOnce) {
    const postings = Array.from({ length: Math.min(postedAtOnce, payments - first + 1) }, (_none, index) =>
      settleAtProvider({
        ...about,
        reference: arrivalReference('stripe', accountOf(payments), `pi_${first + index}`),
        ...{ cleared: omr, gross, fees },
      }),
    );
    await inTransaction(pool, (sql) => ledger.post(sql, postings));
  }
  await pool.query('ANALYZE');
}
