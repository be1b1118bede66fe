import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { PaymentProvider, PaymentsPort } from '../providers/port.ts';
import type { BalancePort } from '../providers/refund-ports.ts';
import { backfillEvents } from './backfill-events.ts';
import { type CompareDependencies, compareBooks } from './compare-books.ts';
import { comparePayments } from './compare-payments.ts';
import type { AccountReport, Finding } from './finding.ts';
import { lookAfterOwn } from './look-after-own.ts';
import { lookAgain } from './look-again.ts';
import type { ReconciliationDependencies } from './reconcile.ts';
import { keepFindings, resolveFindings } from './reconciliation.sql.ts';
import { type AccountRead, reportsOf } from './report.ts';

/** Read again before the cursor, in milliseconds: a provider may write a line or an event a little behind its time. */
const overlapMs = 3_600_000;
/** How far back the first run looks, in milliseconds: no provider keeps events for longer. */
const reachMs = 30 * 86_400_000;

/**
 * Compares one account, and repairs what it can. Nothing for an account whose provider tells nothing of its books. Throws what its provider or the
 * database throws; the next run then begins where this one did.
 */
export async function reconcileAccount(
  dependencies: ReconciliationDependencies,
  runId: string,
  account: MerchantAccount,
): Promise<readonly AccountReport[]> {
  const { database, clock, providers, followPayments } = dependencies;
  const provider = providers[account.provider];
  const { balance, payments } = provider ?? {};
  if (!provider || !(balance || payments?.listSince)) return [];
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
  return reportsOf(account, since, read);
}

interface AccountRun {
  readonly account: MerchantAccount;
  readonly provider: PaymentProvider;
  readonly since: Date;
  readonly source: string;
  readonly now: Date;
}

type Own = ReconciliationDependencies & Pick<CompareDependencies, 'onFound' | 'onInOrder'>;

async function walkBalance(own: Own, run: AccountRun & { readonly balance: BalancePort }): Promise<AccountRead> {
  const { account, provider, since, source } = run;
  const { followPayments } = own;
  await lookAgain(own, account, source);
  const first = await compareBooks(own, { ...run, raises: false });
  const events = provider.events ? await backfillEvents(own, account, provider.events, since) : { read: 0, stored: 0 };
  if (events.stored > 0) await followPayments();
  await lookAfterOwn(own, run);
  const isFinal = first.isInOrder && events.stored === 0;
  const compared = isFinal ? first : await compareBooks(own, { ...run, raises: true });
  return { basis: 'balance', events: events.read, compared };
}

/** Where the provider shows no balance and keeps no log: what it was paid, and what went back of that. */
async function askPayments(
  own: Own,
  run: AccountRun & { readonly payments: PaymentsPort | undefined },
): Promise<AccountRead> {
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
