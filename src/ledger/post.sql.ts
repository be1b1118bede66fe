/**
 * The ledger's hot path: any number of transactions, their entries and the running balances they move, in one statement.
 *
 * - References are inserted in order, so that two batches with common references wait instead of deadlocking; one that is
 *   there already is left out of everything that follows.
 * - Running accounts are locked in id order before they move.
 * - Our own ids are unique by themselves; joins within the batch use them alone, which keeps the planner's estimates right.
 * - `balance` of a running account is kept in the sign its owner reads (credit positive), entries in debit-positive.
 *
 * Parameters: $1..$7 transactions (agency, id, reference, code, content hash, entry count, source), $8 posted at, $9..$11
 * accounts (id, currency, running), $12..$15 entries (place of the transaction, line, place of the account, amount; places are
 * counted from 1), $16..$17 transactions again (customer, plan). Answers the ids newly posted.
 */
export const postTransactions = `
WITH fresh AS (
  INSERT INTO ledger_transactions (agency_id, id, reference, code, content_hash, entry_count, source, posted_at,
                                   customer_id, plan_id)
  SELECT t.agency_id, t.id, t.reference, t.code, t.content_hash, t.entry_count, t.source, $8, t.customer_id, t.plan_id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $16::text[], $17::text[])
      AS t(agency_id, id, reference, code, content_hash, entry_count, source, customer_id, plan_id)
   ORDER BY t.agency_id, t.reference
  ON CONFLICT (agency_id, reference) DO NOTHING
  RETURNING agency_id, id
), entry AS (
  SELECT t.agency_id, t.id AS transaction_id, e.line, a.account_id, a.currency, e.amount, a.running, e.ordinal
    FROM unnest($12::integer[], $13::smallint[], $14::integer[], $15::numeric[])
      WITH ORDINALITY AS e(transaction_place, line, account_place, amount, ordinal)
    JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS t(agency_id, id, place) ON t.place = e.transaction_place
    JOIN unnest($9::uuid[], $10::text[], $11::boolean[]) WITH ORDINALITY AS a(account_id, currency, running, place)
      ON a.place = e.account_place
   WHERE t.id IN (SELECT id FROM fresh)
), movement AS (
  SELECT agency_id, account_id, sum(amount) AS total, count(*) AS lines FROM entry WHERE running GROUP BY 1, 2
), locked AS MATERIALIZED (
  SELECT a.agency_id, a.id, m.total, m.lines
    FROM ledger_accounts a JOIN movement m ON m.agency_id = a.agency_id AND m.account_id = a.id
   ORDER BY a.agency_id, a.id
     FOR NO KEY UPDATE OF a
), moved AS (
  UPDATE ledger_accounts a SET balance = a.balance - l.total, sequence = a.sequence + l.lines
    FROM locked l WHERE a.agency_id = l.agency_id AND a.id = l.id
  RETURNING a.agency_id, a.id, a.balance + l.total AS balance_before, a.sequence - l.lines AS sequence_before
), added AS (
  INSERT INTO ledger_entries (agency_id, transaction_id, line, account_id, currency, amount, sequence, balance_after)
  SELECT e.agency_id, e.transaction_id, e.line, e.account_id, e.currency, e.amount,
         CASE WHEN e.running THEN m.sequence_before + row_number() OVER account END,
         CASE WHEN e.running THEN m.balance_before - sum(e.amount) OVER account END
    FROM entry e
    LEFT JOIN moved m ON m.id = e.account_id
  WINDOW account AS (PARTITION BY e.account_id ORDER BY e.ordinal)
)
SELECT id FROM fresh`;

/** Parameters: agency, id, code, merchant account, customer, currency, running: one element per account. */
export const ensureAccounts = `
INSERT INTO ledger_accounts (agency_id, id, code, merchant_account_id, customer_id, currency, running)
SELECT n.*
  FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
    AS n(agency_id, id, code, merchant_account_id, customer_id, currency, running)
 WHERE NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.agency_id = n.agency_id AND a.id = n.id)
 ORDER BY n.agency_id, n.id
ON CONFLICT DO NOTHING`;

/** Parameters: agencies, references. */
export const findTransactions = `
SELECT t.agency_id, t.id, t.reference, t.code, t.content_hash
  FROM ledger_transactions t
  JOIN unnest($1::text[], $2::text[]) AS wanted(agency_id, reference)
    ON wanted.agency_id = t.agency_id AND wanted.reference = t.reference`;

/** A running account: one row, whatever its history. Parameters: agency, account. */
export const readBalance = `SELECT balance, sequence FROM ledger_accounts WHERE agency_id = $1 AND id = $2`;

/** Parameters: agencies, accounts (arrays, pair by pair). */
export const readBalances = `
SELECT a.id, a.balance FROM ledger_accounts a
  JOIN unnest($1::text[], $2::uuid[]) AS named(agency_id, id) ON named.agency_id = a.agency_id AND named.id = a.id`;

/** Newest first. Parameters: agency, account, only below this sequence, limit, posted at this moment at the latest. */
export const readStatement = `
SELECT e.sequence, -e.amount AS amount, e.balance_after, t.id AS transaction_id, t.code, t.reference, t.source, t.posted_at
  FROM ledger_entries e
  JOIN ledger_transactions t ON t.agency_id = e.agency_id AND t.id = e.transaction_id
 WHERE e.agency_id = $1 AND e.account_id = $2 AND e.sequence < $3 AND t.posted_at <= $5
 ORDER BY e.sequence DESC LIMIT $4`;

/** What a running account is made of, by code. Parameters: agency, account, posted at this moment at the latest. */
export const readComposition = `
SELECT t.code, sum(-e.amount) AS amount, count(*)::int AS lines
  FROM ledger_entries e
  JOIN ledger_transactions t ON t.agency_id = e.agency_id AND t.id = e.transaction_id
 WHERE e.agency_id = $1 AND e.account_id = $2 AND e.sequence IS NOT NULL AND t.posted_at <= $3
 GROUP BY t.code ORDER BY t.code`;

/**
 * An entry id that every entry committed from now on is above. Ids are drawn before their transactions commit, so the lock waits
 * for those that write at this moment and holds the next ones back for the length of one read. (Transaction ids would need no
 * lock, and would mean nothing in a database that was restored elsewhere.) Run it in a transaction of its own.
 */
export const lockEntries = 'LOCK TABLE ledger_entries IN SHARE MODE';
export const lastEntryId = 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id FROM ledger_entries_id_seq';

/**
 * Adds to the rollups what lies between their cursor and a safe entry id. Parameter: that id. The cursor's move reads `added`, for
 * otherwise PostgreSQL may move it first, and the locking read of the same row would then find nothing.
 */
export const rollUp = `
WITH cursor AS (
  SELECT through_id FROM ledger_rollup_cursor WHERE id = 1 FOR UPDATE
), delta AS (
  SELECT e.agency_id, e.account_id, sum(e.amount) AS balance, count(*) AS entries
    FROM ledger_entries e, cursor
   WHERE e.id > cursor.through_id AND e.id <= $1 AND e.sequence IS NULL
   GROUP BY 1, 2
), added AS (
  INSERT INTO ledger_rollups AS r (agency_id, account_id, balance, entries)
  SELECT agency_id, account_id, balance, entries FROM delta
  ON CONFLICT (agency_id, account_id)
  DO UPDATE SET balance = r.balance + excluded.balance, entries = r.entries + excluded.entries
  RETURNING 1
)
UPDATE ledger_rollup_cursor SET through_id = $1
  FROM (SELECT count(*) FROM added) AS after_adding
 WHERE id = 1 AND through_id < $1`;

/** The system accounts of an agency, debit positive: rollup plus what is newer. Parameter: agency. */
export const systemBalances = `
WITH cursor AS (SELECT through_id FROM ledger_rollup_cursor WHERE id = 1),
recent AS (
  SELECT e.account_id, sum(e.amount) AS balance
    FROM ledger_entries e, cursor
   WHERE e.agency_id = $1 AND e.id > cursor.through_id AND e.sequence IS NULL
   GROUP BY 1
)
SELECT a.code, a.merchant_account_id, a.currency, coalesce(r.balance, 0) + coalesce(n.balance, 0) AS balance
  FROM ledger_accounts a
  LEFT JOIN ledger_rollups r ON r.agency_id = a.agency_id AND r.account_id = a.id
  LEFT JOIN recent n ON n.account_id = a.id
 WHERE a.agency_id = $1 AND NOT a.running
 ORDER BY a.code, a.merchant_account_id, a.currency`;

/**
 * One row, or the sums: nothing is answered but the number of groups where there are more than the last parameter. Parameters:
 * agency, from, until, currency or null, most groups.
 */
const turnoverBy = (group: string): string => `
WITH sums AS MATERIALIZED (
  SELECT ${group} AS group_key, a.code, t.code AS posting, e.currency, sum(e.amount) AS amount
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.agency_id = t.agency_id AND e.transaction_id = t.id
    JOIN ledger_accounts a ON a.agency_id = e.agency_id AND a.id = e.account_id
   WHERE t.agency_id = $1 AND t.posted_at >= $2 AND t.posted_at < $3 AND e.sequence IS NULL
     AND ($4::text IS NULL OR e.currency = $4)
   GROUP BY 1, 2, 3, 4
), counted AS (
  SELECT count(*) AS groups FROM (SELECT DISTINCT group_key FROM sums LIMIT $5::bigint + 1) AS one
)
SELECT c.groups, s.* FROM counted c LEFT JOIN sums s ON c.groups <= $5
 ORDER BY s.group_key NULLS LAST, s.currency, s.code, s.posting`;

export const turnover = {
  day: turnoverBy(`to_char(t.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`),
  plan: turnoverBy('t.plan_id'),
  customer: turnoverBy(`nullif(t.customer_id, '')`),
} as const;
