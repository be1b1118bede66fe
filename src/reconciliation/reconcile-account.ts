import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { backfillEvents } from './backfill-events.ts';
import { compareBooks } from './compare-books.ts';
import type { AccountReport, Finding } from './finding.ts';
import { lookAfterOwn } from './look-after-own.ts';
import { lookAgain } from './look-again.ts';
import type { ReconciliationDependencies } from './reconcile.ts';
import { keepFindings, resolveFindings } from './reconciliation.sql.ts';
import { reportsOf } from './report.ts';

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
  if (!provider?.balance) return [];
  const { balance } = provider;
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
  await lookAgain(own, account, source);
  const walk = { account, provider, balance, since, source };
  const first = await compareBooks(own, { ...walk, raises: false });
  const events = provider.events ? await backfillEvents(own, account, provider.events, since) : { read: 0, stored: 0 };
  if (events.stored > 0) await followPayments();
  await lookAfterOwn(own, { account, provider, now, source });
  const isFinal = first.isInOrder && events.stored === 0;
  const last = isFinal ? first : await compareBooks(own, { ...walk, raises: true });
  await database.prisma.reconciliationCursor.upsert({
    where: { merchantAccountId: account.id },
    create: { merchantAccountId: account.id, until: now },
    update: { until: now },
  });
  return reportsOf(account, since, events.read, last);
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
