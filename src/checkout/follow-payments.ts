import type { Clock } from '../clock.ts';
import { type Database, inTransaction } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { newId } from '../ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PlatformBooks } from '../ledger/postings.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { ProviderError } from '../providers/errors.ts';
import type { PaymentSettlement, Providers } from '../providers/port.ts';
import { platformBooksAt } from '../revenue/platform-books.ts';
import { followJob } from './follow-job.ts';
import { claimToFollow, keepUnread, markFollowed, postponeFollowing } from './follow-payments.sql.ts';
import { arrivalPostingsOf, type FollowedPayment, followedKeyOf, paidPaymentOf } from './followed-payment.ts';
import type { PaymentListeners } from './payment-listeners.ts';
import { raiseAlerts } from './settle-payments.sql.ts';

/** Payments claimed, and told of in one transaction, at once. */
const setSize = 20;
/** Calls under way at once: the provider limits how many it takes, and checkouts make theirs beside these. */
const callsMax = 4;
/** Sets that one job follows: then it makes room for others, and for a process that stops. */
const setsOfJob = 5;
/** How long a claim holds, in milliseconds: longer than a set can take, for a process may die with it. */
const claimMs = 300_000;
/** Waits after each try that came too early or failed, in milliseconds; the last one goes on. */
const waitsMs = [5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000] as const;
/** How long a payment waits whose account does not answer to us: it is looked at when the account comes back, at the latest then. */
const unreadWaitMs = 86_400_000;
/** Tries after which a person is told, about a day after the payment. */
const alertAttempts = 28;

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly listeners: Pick<PaymentListeners, 'onPaid'>;
  /** Told of a payment that could not be followed now; it is tried again by itself. */
  readonly onFailure: (payment: { readonly provider: string; readonly paymentId: string }, error: unknown) => void;
}

/**
 * Follows payments that were credited: reads what the provider put on the account's balance, posts it, and tells the listeners, all
 * in one transaction. Off the path of the credit: it waits for the provider, whose balance may be seconds behind its event. One
 * payment that cannot be followed yet waits by itself. Any number of runs at once post nothing twice.
 */
export interface FollowPayments {
  /** A few sets, and another job for what is left. */
  some(): Promise<void>;
  /** All that is due. */
  all(): Promise<void>;
}

/** A settlement of null: nothing will be heard of it from this provider. */
interface Read {
  readonly payment: FollowedPayment;
  readonly settlement: PaymentSettlement | null;
}

/** `late`: not there yet, or it could not be asked. `unread`: the account does not answer to us. */
interface Answers {
  readonly reads: readonly Read[];
  readonly late: readonly FollowedPayment[];
  readonly unread: readonly FollowedPayment[];
}

export function createFollowPayments(dependencies: Dependencies): FollowPayments {
  const { database, jobs } = dependencies;
  const follow = async (setsMax: number): Promise<boolean> => {
    for (let set = 0; set < setsMax; set += 1) if (!(await followSet(dependencies))) return false;
    return true;
  };
  return {
    some: async () => {
      if (await follow(setsOfJob)) await jobs.enqueue(database.pool, followJob());
    },
    all: async () => {
      await follow(Number.POSITIVE_INFINITY);
    },
  };
}

/** Answers whether more may be due. */
async function followSet(dependencies: Dependencies): Promise<boolean> {
  const { database, clock, merchantAccounts } = dependencies;
  const now = clock.now();
  const claimed = await database.pool.query<FollowedPayment>(claimToFollow, [
    now,
    new Date(now.getTime() + claimMs),
    setSize,
  ]);
  const payments = claimed.rows.sort((a, b) => (followedKeyOf(a) < followedKeyOf(b) ? -1 : 1));
  const accounts = new Map<string, MerchantAccount>();
  for (const id of new Set(payments.map(({ merchant_account_id }) => merchant_account_id))) {
    const account = await merchantAccounts.byId(id);
    if (account) accounts.set(id, account);
  }
  const { reads, late, unread } = await readAll(dependencies, accounts, payments);
  await postpone(dependencies, [...late, ...(await finish(dependencies, reads))]);
  await keep(dependencies, unread);
  return payments.length === setSize;
}

/** Asks a few at a time. What is not there yet, and what could not be asked, comes later. */
async function readAll(
  dependencies: Dependencies,
  accounts: ReadonlyMap<string, MerchantAccount>,
  payments: readonly FollowedPayment[],
): Promise<Answers> {
  const reads: Read[] = [];
  const late: FollowedPayment[] = [];
  const unread: FollowedPayment[] = [];
  const waiting = [...payments];
  const lane = async (): Promise<void> => {
    for (let payment = waiting.shift(); payment; payment = waiting.shift()) {
      const account = accounts.get(payment.merchant_account_id);
      const read = await readOne(dependencies, account, payment).catch((error: unknown) =>
        failed(dependencies, payment, error),
      );
      if (read === 'unread') unread.push(payment);
      else if (read) reads.push(read);
      else late.push(payment);
    }
  };
  await Promise.all(Array.from({ length: callsMax }, lane));
  return { reads, late, unread };
}

function failed({ onFailure }: Dependencies, payment: FollowedPayment, error: unknown): null {
  onFailure({ provider: payment.provider, paymentId: payment.payment_id }, error);
  return null;
}

/** Null: not yet. */
async function readOne(
  { providers }: Dependencies,
  account: MerchantAccount | undefined,
  payment: FollowedPayment,
): Promise<Read | 'unread' | null> {
  if (!account) throw new Error(`merchant account ${payment.merchant_account_id} is not there`);
  const payments = providers[account.provider]?.payments;
  if (!payments?.settlement) return { payment, settlement: null };
  const isGone = account.status === 'disconnected';
  if (isGone && account.disconnectedBy !== 'operator') return 'unread';
  try {
    const settlement = await payments.settlement(accountRefOf(account), payment.payment_id);
    return settlement && { payment, settlement };
  } catch (error) {
    // What we disconnected may answer still: the provider does not always let us end the access itself.
    if (isGone && error instanceof ProviderError && error.kind === 'auth') return 'unread';
    throw error;
  }
}

/** Posts and tells, all in one transaction; where that fails, each in its own, so that one does not hold the others. Answers those that failed. */
async function finish(dependencies: Dependencies, reads: readonly Read[]): Promise<readonly FollowedPayment[]> {
  if (reads.length === 0) return [];
  try {
    await finishTogether(dependencies, reads);
    return [];
  } catch (error) {
    const [only, ...others] = reads;
    if (only && others.length === 0) {
      failed(dependencies, only.payment, error);
      return [only.payment];
    }
    const late: FollowedPayment[] = [];
    for (const read of reads) late.push(...(await finish(dependencies, [read])));
    return late;
  }
}

async function finishTogether(dependencies: Dependencies, reads: readonly Read[]): Promise<void> {
  const { database, clock, ledger, listeners } = dependencies;
  await inTransaction(database.pool, async (sql) => {
    const marked = await sql.query<Pick<FollowedPayment, 'provider' | 'provider_account_id' | 'payment_id'>>(
      markFollowed,
      [
        ...keysOf(reads.map(({ payment }) => payment)),
        clock.now(),
        reads.map(({ settlement }) => settlement?.card?.brand ?? null),
        reads.map(({ settlement }) => settlement?.card?.last4 ?? null),
      ],
    );
    const ours = new Set(marked.rows.map(followedKeyOf));
    const followed = reads.filter(({ payment }) => ours.has(followedKeyOf(payment)));
    const booksAt = new Map<string, PlatformBooks>();
    for (const { payment, settlement } of followed) {
      const { provider } = payment;
      if (settlement?.applicationFee && !booksAt.has(provider)) {
        booksAt.set(provider, await platformBooksAt(sql, provider));
      }
    }
    const postings = followed.flatMap(({ payment, settlement }) =>
      settlement ? arrivalPostingsOf(payment, settlement, booksAt.get(payment.provider) ?? null) : [],
    );
    await ledger.post(sql, postings);
    const paid = followed.flatMap(({ payment }) => (payment.told ? [] : [paidPaymentOf(payment)]));
    if (paid.length > 0) for (const tell of listeners.onPaid) await tell(sql, paid);
  });
}

/**
 * The client's payment is a fact, whoever's account it is on: the listeners hear of it now, once. What it brought stays in clearing until
 * the account answers again.
 */
async function keep({ database, clock, listeners }: Dependencies, payments: readonly FollowedPayment[]): Promise<void> {
  if (payments.length === 0) return;
  const now = clock.now();
  await inTransaction(database.pool, async (sql) => {
    const untold = await sql.query<Pick<FollowedPayment, 'provider' | 'provider_account_id' | 'payment_id'>>(
      keepUnread,
      [...keysOf(payments), now, new Date(now.getTime() + unreadWaitMs)],
    );
    const ours = new Set(untold.rows.map(followedKeyOf));
    const paid = payments.filter((payment) => ours.has(followedKeyOf(payment))).map(paidPaymentOf);
    if (paid.length > 0) for (const tell of listeners.onPaid) await tell(sql, paid);
  });
}

async function postpone({ database, clock }: Dependencies, payments: readonly FollowedPayment[]): Promise<void> {
  if (payments.length === 0) return;
  const now = clock.now();
  const dueAt = payments.map(({ follow_attempts: attempts }) => {
    const waitMs = waitsMs[Math.min(attempts, waitsMs.length) - 1] ?? 0;
    return new Date(now.getTime() + waitMs);
  });
  await database.pool.query(postponeFollowing, [...keysOf(payments), dueAt]);
  const overdue = payments.filter(({ follow_attempts: attempts }) => attempts >= alertAttempts);
  if (overdue.length === 0) return;
  await database.pool.query(raiseAlerts, [
    overdue.map(({ agency_id }) => agency_id),
    overdue.map(() => 'settlement_unread'),
    overdue.map(({ payment_id }) => payment_id),
    overdue.map(() => newId('alert')),
    overdue.map(({ order_id, payment_id }) => JSON.stringify({ orderId: order_id, paymentId: payment_id })),
    now,
  ]);
}

const keysOf = (payments: readonly FollowedPayment[]): readonly (readonly string[])[] => [
  payments.map(({ provider }) => provider),
  payments.map(({ provider_account_id }) => provider_account_id),
  payments.map(({ payment_id }) => payment_id),
];
