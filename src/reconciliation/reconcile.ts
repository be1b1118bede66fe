import type { Clock } from '../clock.ts';
import { alone } from '../database/alone.ts';
import type { Database } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { Money } from '../money/money.ts';
import type { PaymentProvider, PaymentsPort, Providers } from '../providers/port.ts';
import type { BalancePort } from '../providers/refund-ports.ts';
import { type BackfillDependencies, backfillEvents } from './backfill-events.ts';
import { type CompareDependencies, type Compared, compareBooks } from './compare-books.ts';
import { type AskAccount, comparePayments } from './compare-payments.ts';
import type { AccountReport, Finding } from './finding.ts';
import { lookAfterOwn, type OwnDependencies } from './look-after-own.ts';
import { keepFindings, resolveFindings } from './reconciliation.sql.ts';

/** Read again before the cursor, in milliseconds: a provider may write a line or an event a little behind its time. */
const overlapMs = 3_600_000;
/** How far back the first run looks, in milliseconds: no provider keeps events for longer. */
const reachMs = 30 * 86_400_000;

export interface ReconciliationDependencies
  extends Omit<BackfillDependencies, 'onFound'>,
    Omit<OwnDependencies, 'onFound' | 'database'>,
    Omit<CompareDependencies, 'onFound' | 'onInOrder' | 'database'> {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** Resolves when the events that are in the inbox were handled. */
  readonly eventsHandled: () => Promise<void>;
  /** For accounts whose provider shows no balance. */
  readonly askAccount: AskAccount;
  /** Told of each finding, once. */
  readonly onFinding: (finding: Pick<Finding, 'class' | 'status'>) => void;
}

/** What the wiring gives: where events that never came are put, and who asks where there are none. */
export type Backfill = Pick<
  ReconciliationDependencies,
  'inbox' | 'eventTypes' | 'eventsHandled' | 'onFinding' | 'askAccount'
>;

const lockName = 'reconciliation';

/** Runs what was asked for under an id, after any other run. A run that was done before does nothing. */
export async function runReconciliation(dependencies: ReconciliationDependencies, runId: string): Promise<void> {
  const { database, clock } = dependencies;
  const { prisma } = database;
  await alone(database.pool, lockName, { wait: true }, async () => {
    const run = await prisma.reconciliationRun.findUnique({ where: { id: runId } });
    if (!run || run.endedAt !== null) return;
    await prisma.reconciliationRun.update({ where: { id: runId }, data: { status: 'running' } });
    try {
      const reports: AccountReport[] = [];
      for (const account of await accountsOf(dependencies, run.merchantAccountId)) {
        const report = await reconcileAccount(dependencies, runId, account);
        if (report) reports.push(report);
      }
      const data = { status: 'done', reports, endedAt: clock.now() };
      await prisma.reconciliationRun.update({ where: { id: runId }, data });
    } catch (error) {
      const data = { status: 'failed', error: error instanceof Error ? error.message : String(error) };
      await prisma.reconciliationRun.update({ where: { id: runId }, data: { ...data, endedAt: clock.now() } });
    }
  });
}

async function accountsOf(
  { database, merchantAccounts }: ReconciliationDependencies,
  merchantAccountId: string | null,
): Promise<readonly MerchantAccount[]> {
  const rows = await database.prisma.merchantAccount.findMany({
    where: {
      ...(merchantAccountId === null ? {} : { id: merchantAccountId }),
      status: { notIn: ['onboarding', 'disconnected'] },
    },
    orderBy: { id: 'asc' },
    select: { id: true },
  });
  const accounts = await Promise.all(rows.map(({ id }) => merchantAccounts.byId(id)));
  return accounts.filter((account) => account !== null);
}

/** Null for an account whose provider tells nothing of its books. */
async function reconcileAccount(
  dependencies: ReconciliationDependencies,
  runId: string,
  account: MerchantAccount,
): Promise<AccountReport | null> {
  const { database, clock, providers, followPayments } = dependencies;
  const provider = providers[account.provider];
  const { balance, payments } = provider ?? {};
  if (!provider || !(balance || payments?.listSince)) return null;
  const now = clock.now();
  const since = await sinceOf(dependencies, account, now);
  const source = `reconciliation:${runId}`;
  const own = {
    ...dependencies,
    onFound: (findings: readonly Finding[]) => keep(dependencies, runId, findings),
    onInOrder: async ({ id }: MerchantAccount, subjects: readonly string[]) => {
      await database.pool.query(resolveFindings, [id, clock.now(), subjects]);
    },
  };
  await followPayments();
  const run = { account, provider, since, source, now };
  const read = balance ? await walkBalance(own, { ...run, balance }) : await askPayments(own, { ...run, payments });
  await database.prisma.reconciliationCursor.upsert({
    where: { merchantAccountId: account.id },
    create: { merchantAccountId: account.id, until: now },
    update: { until: now },
  });
  return reportOf(account, since, read);
}

interface AccountRun {
  readonly account: MerchantAccount;
  readonly provider: PaymentProvider;
  readonly since: Date;
  readonly source: string;
  readonly now: Date;
}

interface Read {
  readonly basis: AccountReport['basis'];
  /** How many the provider keeps of the time. */
  readonly events: number;
  readonly compared: Compared;
}

type Own = ReconciliationDependencies & Pick<CompareDependencies, 'onFound' | 'onInOrder'>;

async function walkBalance(own: Own, run: AccountRun & { readonly balance: BalancePort }): Promise<Read> {
  const { account, provider, since } = run;
  const first = await compareBooks(own, { ...run, raises: false });
  const events = provider.events ? await backfillEvents(own, account, provider.events, since) : { read: 0, missed: 0 };
  if (events.missed > 0) {
    await own.eventsHandled();
    await own.followPayments();
  }
  await lookAfterOwn(own, run);
  const isFinal = first.isInOrder && events.missed === 0;
  const compared = isFinal ? first : await compareBooks(own, { ...run, raises: true });
  return { basis: 'balance', events: events.read, compared };
}

/** Where the provider shows no balance and keeps no log: what it was paid, and what went back of that. */
async function askPayments(own: Own, run: AccountRun & { readonly payments: PaymentsPort | undefined }): Promise<Read> {
  await lookAfterOwn(own, run);
  return { basis: 'payments', events: 0, compared: await comparePayments(own, run) };
}

async function sinceOf({ database }: ReconciliationDependencies, account: MerchantAccount, now: Date): Promise<Date> {
  const cursor = await database.prisma.reconciliationCursor.findUnique({ where: { merchantAccountId: account.id } });
  const earliest = now.getTime() - reachMs;
  return new Date(cursor ? Math.max(earliest, cursor.until.getTime() - overlapMs) : earliest);
}

async function keep(
  { database, clock, onFinding }: ReconciliationDependencies,
  runId: string,
  findings: readonly Finding[],
): Promise<void> {
  if (findings.length === 0) return;
  const { rows } = await database.pool.query<{ merchant_account_id: string; class: string; subject: string }>(
    keepFindings,
    [
      ...[runId, clock.now()],
      findings.map(({ merchantAccountId }) => merchantAccountId),
      findings.map((finding) => finding.class),
      findings.map(({ subject }) => subject),
      findings.map(({ status }) => status),
      findings.map(({ detail }) => JSON.stringify(detail)),
    ],
  );
  const fresh = new Set(rows.map((row) => `${row.class} ${row.subject}`));
  for (const finding of findings) if (fresh.has(`${finding.class} ${finding.subject}`)) onFinding(finding);
}

function reportOf(account: MerchantAccount, since: Date, { basis, events, compared }: Read): AccountReport {
  const { entries, explainedBy } = compared;
  const currency = compared.provider?.currency.code ?? null;
  const none = Money.zero(currency ?? 'USD');
  const provider = compared.provider ?? none;
  const books = compared.books ?? none;
  const difference = provider.minus(books);
  const unexplained = [...explainedBy.values()].reduce((left, amount) => left.minus(amount), difference);
  return {
    merchantAccountId: account.id,
    basis,
    since: since.toISOString(),
    events,
    entries,
    currency,
    provider: provider.toDecimalString(),
    books: books.toDecimalString(),
    difference: difference.toDecimalString(),
    explainedBy: Object.fromEntries(
      [...explainedBy].filter(([, amount]) => !amount.isZero).map(([by, amount]) => [by, amount.toDecimalString()]),
    ),
    unexplained: unexplained.toDecimalString(),
  };
}
