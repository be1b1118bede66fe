import type { SettlePayments } from '../checkout/settle-payments.ts';
import { type Database, inTransaction } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { isOfNobodyHere } from '../providers/errors.ts';
import type { PaymentProvider } from '../providers/port.ts';
import type { RefreshPayment } from '../refunds/refresh-payment.ts';
import type { Finding, FindingClass } from './finding.ts';
import { openHolds, resolveOthers, stuckOrders, unknownOutcomes } from './reconciliation.sql.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface OwnDependencies {
  readonly database: Pick<Database, 'pool'>;
  readonly settlePayments: SettlePayments;
  readonly refreshPayment: RefreshPayment;
  readonly onFound: (findings: readonly Finding[]) => Promise<void>;
}

interface Own {
  readonly account: MerchantAccount;
  readonly provider: PaymentProvider;
  readonly now: Date;
  readonly source: string;
}

interface StuckOrder {
  readonly id: string;
  readonly agency_id: string;
  readonly provider_session_id: string;
}

/**
 * Looks after rows of ours that should be over: orders past their end are settled or expired by what their session says; holds that stand and calls
 * of which nothing was heard for a day are raised, for the rooms that own them try them again by themselves. Throws `ProviderError`.
 */
export async function lookAfterOwn(dependencies: OwnDependencies, own: Own): Promise<void> {
  const { account, now } = own;
  const { pool } = dependencies.database;
  const stuck = await pool.query<StuckOrder>(stuckOrders, [account.id, new Date(now.getTime() - hourMs)]);
  const orders: Finding[] = [];
  for (const order of stuck.rows) {
    const finding = await decide(dependencies, own, order);
    if (finding) orders.push(finding);
  }
  await keep(dependencies, own, 'stuck_checkout', orders);

  const dayAgo = new Date(now.getTime() - dayMs);
  const holds = await pool.query<{ id: string; status: string }>(openHolds, [account.id, dayAgo]);
  const raised = (name: FindingClass, subject: string, detail: Finding['detail']): Finding => ({
    merchantAccountId: account.id,
    class: name,
    subject,
    status: 'raised',
    detail,
  });
  await keep(
    dependencies,
    own,
    'open_hold',
    holds.rows.map(({ id, status }) => raised('open_hold', id, { status })),
  );
  const unknown = await pool.query<{ id: string; kind: string }>(unknownOutcomes, [account.id, dayAgo]);
  await keep(
    dependencies,
    own,
    'unknown_outcome',
    unknown.rows.map(({ id, kind }) => raised('unknown_outcome', id, { kind })),
  );
}

/** What was raised before and is over now is resolved. */
async function keep(
  { database, onFound }: OwnDependencies,
  { account, now }: Own,
  name: FindingClass,
  findings: readonly Finding[],
): Promise<void> {
  await onFound(findings);
  const open = findings.flatMap(({ status, subject }) => (status === 'raised' ? [subject] : []));
  await database.pool.query(resolveOthers, [account.id, now, name, open]);
}

/** Null for one whose payment is on its way: a delayed method takes days. */
async function decide(
  { database, settlePayments, refreshPayment }: OwnDependencies,
  { account, provider, source }: Own,
  order: StuckOrder,
): Promise<Finding | null> {
  const finding = { merchantAccountId: account.id, class: 'stuck_checkout', subject: order.id } as const;
  const session = await retrieveSession(provider, account, order.provider_session_id);
  const detail = { session: session?.status ?? 'unknown' };
  if (session?.status === 'complete' && session.paymentId !== null) {
    const { status } = await refreshPayment({ account, paymentId: session.paymentId, source });
    if (status === 'not_received' && (await isOnItsWay(provider, account, session.paymentId))) return null;
    return { ...finding, status: status === 'done' ? 'repaired' : 'raised', detail: { ...detail, payment: status } };
  }
  if (session?.status !== 'expired') return { ...finding, status: 'raised', detail };
  const event = {
    type: 'session.expired',
    provider: account.provider,
    providerAccountId: account.providerAccountId,
    order: { agencyId: order.agency_id, orderId: order.id },
  } as const;
  await inTransaction(database.pool, (sql) => settlePayments(sql, [{ event, source }]));
  return { ...finding, status: 'repaired', detail };
}

/** Null for one that the account does not have. */
async function retrieveSession({ checkout }: PaymentProvider, account: MerchantAccount, sessionId: string) {
  try {
    return (await checkout?.retrieveSession(accountRefOf(account), sessionId)) ?? null;
  } catch (error) {
    if (!isOfNobodyHere(error)) throw error;
    return null;
  }
}

async function isOnItsWay({ payments }: PaymentProvider, account: MerchantAccount, paymentId: string) {
  return (await payments?.retrieve(accountRefOf(account), paymentId))?.status === 'processing';
}
