import type pg from 'pg';
import type { Clock } from '../clock.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { Gather } from '../delivery/gather.ts';
import { Money } from '../money/money.ts';
import { accountIdOf, chart, customerAccount } from './accounts.ts';
import {
  lastEntryId,
  lockEntries,
  readBalance,
  readBalances,
  readComposition,
  readStatement,
  rollUp,
  systemBalances,
  turnover,
} from './post.sql.ts';
import { clientsOf, type PostOutcome, postAll, type TouchedClient } from './post.ts';
import type { Posting } from './posting.ts';

export { type PostOutcome, ReferenceConflict, type TouchedClient } from './post.ts';

export interface StatementLine {
  readonly sequence: number;
  readonly transactionId: string;
  readonly code: string;
  /** Signed as the client reads it: a credit is positive. */
  readonly amount: Money;
  readonly balanceAfter: Money;
  readonly reference: string;
  readonly source: string;
  readonly postedAt: Date;
}

/** What all lines of one code brought to a balance. */
export interface BalancePart {
  readonly code: string;
  /** Signed as the client reads it. */
  readonly amount: Money;
  readonly lines: number;
}

export interface SystemBalance {
  readonly code: keyof typeof chart;
  readonly merchantAccountId: string;
  /** In the sign of the account's own side. */
  readonly balance: Money;
}

/** What the lines of a report stand for: a UTC day (`2026-11-21`), a plan's id or a client's id. */
export type TurnoverGroup = 'day' | 'plan' | 'customer';

export interface TurnoverQuery {
  /** Posted at this moment or later. */
  readonly from: Date;
  /** Posted before this moment. */
  readonly until: Date;
  readonly groupBy: TurnoverGroup;
  /** Upper-case code; undefined: every currency. */
  readonly currency?: string | undefined;
  /** More groups than this are not answered. */
  readonly groupsMax: number;
}

/** What one kind of posting moved on one kind of system account in one group. */
export interface TurnoverLine {
  /** Null: the postings that are about no plan, or no client. */
  readonly group: string | null;
  readonly account: keyof typeof chart;
  /** The postings' code, e.g. `topup.settle`. */
  readonly posting: string;
  /** In the sign of the account's own side. */
  readonly amount: Money;
}

export interface Ledger {
  /**
   * Posts in the caller's transaction, set-wise: one round trip whatever the number. Outcomes stand in the order of the
   * postings. Throws `ReferenceConflict` if any contradicts what is there; the caller then rolls back.
   */
  post(sql: Sql, postings: readonly Posting[]): Promise<readonly PostOutcome[]>;
  /** Posts one, in a transaction of its own that it shares with whoever posts at the same moment. */
  postAlone(posting: Posting): Promise<PostOutcome>;
  /** A client's balance in USD; zero before the first entry. Costs the same whatever the history. */
  balance(agencyId: string, customerId: string): Promise<Money>;
  /** The same for several clients at once, in the caller's transaction and in the order given. */
  balances(
    sql: Sql,
    clients: readonly { readonly agencyId: string; readonly customerId: string }[],
  ): Promise<readonly Money[]>;
  /** A client's statement, newest first. `before`: only lines below this sequence; `at`: only what was posted by then. */
  statement(
    agencyId: string,
    customerId: string,
    page: { readonly limit: number; readonly before?: number | undefined; readonly at?: Date },
  ): Promise<readonly StatementLine[]>;
  /** What a client's balance was made of at a moment, by code: the amounts come to what it was. */
  composition(agencyId: string, customerId: string, at: Date): Promise<readonly BalancePart[]>;
  systemBalances(agencyId: string): Promise<readonly SystemBalance[]>;
  /** What moved on the system accounts, by group, in the order of the groups. Null for more groups than `groupsMax`. */
  turnover(agencyId: string, query: TurnoverQuery): Promise<readonly TurnoverLine[] | null>;
  /** Folds what was committed since the last time into the rollups of the system accounts. */
  rollUp(): Promise<void>;
}

interface BalanceRow {
  readonly balance: string;
}

interface StatementRow {
  readonly sequence: number;
  readonly amount: string;
  readonly balance_after: string;
  readonly transaction_id: string;
  readonly code: string;
  readonly reference: string;
  readonly source: string;
  readonly posted_at: Date;
}

interface SystemRow {
  readonly code: keyof typeof chart;
  readonly merchant_account_id: string;
  readonly currency: string;
  readonly balance: string;
}

type TurnoverRow = { readonly groups: number } & (
  | { readonly code: null }
  | {
      readonly code: keyof typeof chart;
      readonly group_key: string | null;
      readonly posting: string;
      readonly currency: string;
      readonly amount: string;
    }
);

const inOwnSign = (code: keyof typeof chart, amount: Money): Money =>
  chart[code].side === 'debit' ? amount : amount.negated();

export interface LedgerDependencies {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  /** Told of every client that a batch posted to, each once, in the transaction of the postings. */
  readonly onPosted?: (sql: Sql, clients: readonly TouchedClient[]) => Promise<void>;
}

export function createLedger({ pool, clock, onPosted }: LedgerDependencies): Ledger {
  const post = async (sql: Sql, postings: readonly Posting[]): Promise<readonly PostOutcome[]> => {
    const outcomes = await postAll(sql, clock, postings);
    if (onPosted && outcomes.includes('posted')) await onPosted(sql, clientsOf(postings));
    return outcomes;
  };
  const alone = new Gather<Posting, PostOutcome | Error>({
    run: (postings) => postTogether(pool, post, postings),
    batchMax: 250,
    lanes: 2,
  });
  return {
    post,
    postAlone: async (posting) => {
      const outcome = await alone.submit(posting);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    balance: async (agencyId, customerId) => {
      const account = accountIdOf(customerAccount(agencyId, customerId));
      const found = await pool.query<BalanceRow>({
        name: 'ledger-balance',
        text: readBalance,
        values: [agencyId, account],
      });
      return Money.of(found.rows[0]?.balance ?? '0', 'USD');
    },
    balances: async (sql, clients) => {
      const accounts = clients.map(({ agencyId, customerId }) => accountIdOf(customerAccount(agencyId, customerId)));
      const found = await sql.query<{ id: string; balance: string }>(readBalances, [
        clients.map(({ agencyId }) => agencyId),
        accounts,
      ]);
      const byAccount = new Map(found.rows.map(({ id, balance }) => [id, balance]));
      return accounts.map((account) => Money.of(byAccount.get(account) ?? '0', 'USD'));
    },
    statement: async (agencyId, customerId, { limit, before, at }) => {
      const account = accountIdOf(customerAccount(agencyId, customerId));
      const found = await pool.query<StatementRow>(readStatement, [
        agencyId,
        account,
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
        at ?? 'infinity',
      ]);
      return found.rows.map((row) => ({
        sequence: row.sequence,
        transactionId: row.transaction_id,
        code: row.code,
        amount: Money.of(row.amount, 'USD'),
        balanceAfter: Money.of(row.balance_after, 'USD'),
        reference: row.reference,
        source: row.source,
        postedAt: row.posted_at,
      }));
    },
    composition: async (agencyId, customerId, at) => {
      const account = accountIdOf(customerAccount(agencyId, customerId));
      const found = await pool.query<{ code: string; amount: string; lines: number }>(readComposition, [
        agencyId,
        account,
        at,
      ]);
      return found.rows.map(({ code, amount, lines }) => ({ code, amount: Money.of(amount, 'USD'), lines }));
    },
    systemBalances: async (agencyId) => {
      const found = await pool.query<SystemRow>(systemBalances, [agencyId]);
      return found.rows.map((row) => ({
        code: row.code,
        merchantAccountId: row.merchant_account_id,
        balance: inOwnSign(row.code, Money.of(row.balance, row.currency)),
      }));
    },
    turnover: async (agencyId, { from, until, groupBy, currency, groupsMax }) => {
      const found = await pool.query<TurnoverRow>(turnover[groupBy], [
        agencyId,
        from,
        until,
        currency ?? null,
        groupsMax,
      ]);
      if (found.rows.some(({ groups }) => groups > groupsMax)) return null;
      return found.rows.flatMap((row) =>
        row.code === null
          ? []
          : [
              {
                group: row.group_key,
                account: row.code,
                posting: row.posting,
                amount: inOwnSign(row.code, Money.of(row.amount, row.currency)),
              },
            ],
      );
    },
    rollUp: async () => {
      const safeId = await inTransaction(pool, async (client) => {
        await client.query(lockEntries);
        const last = await client.query<{ id: number }>(lastEntryId);
        return last.rows[0]?.id ?? 0;
      });
      await pool.query(rollUp, [safeId]);
    },
  };
}

/** One contradiction must not fail its neighbours: a batch that conflicts is posted again one by one. */
async function postTogether(
  pool: pg.Pool,
  post: Ledger['post'],
  postings: readonly Posting[],
): Promise<readonly (PostOutcome | Error)[]> {
  try {
    return await inTransaction(pool, (client) => post(client, postings));
  } catch (error) {
    if (postings.length === 1) return [error instanceof Error ? error : new Error(String(error))];
    const outcomes: (PostOutcome | Error)[] = [];
    for (const posting of postings) outcomes.push(...(await postTogether(pool, post, [posting])));
    return outcomes;
  }
}
