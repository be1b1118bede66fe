import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import { createLedger, type Ledger, ReferenceConflict } from '../../../src/ledger/ledger.ts';
import { contentHashOf, type Posting } from '../../../src/ledger/posting.ts';
import { Money } from '../../../src/money/money.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';
import { anyPosting, templates } from '../../support/ledger-facts.ts';

let scratch: TestDatabase;
let database: Database;
let ledger: Ledger;
let agencies = 0;

beforeAll(async () => {
  scratch = await createMigratedDatabase();
  database = openDatabase(scratch.url);
  ledger = createLedger({ pool: database.pool, clock: new FixedClock('2026-01-01T00:00:00Z') });
});

afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const newAgency = (): string => {
  agencies += 1;
  return `agc_${agencies}`;
};

const place = (agencyId: string, reference: string, customerId = 'cus_1') => ({
  agencyId,
  customerId,
  merchantAccountId: 'macc_1',
  reference,
  source: 'test',
});

const topUp = (agencyId: string, reference: string, cents: number, customerId?: string): Posting => {
  const make = templates['topup.settle in USD'];
  if (!make) throw new Error('no such template');
  return make(place(agencyId, reference, customerId), cents);
};

async function sumsByCurrency(agencyId: string): Promise<string[]> {
  const sums = await database.pool.query<{ sum: string }>(
    'SELECT sum(amount) AS sum FROM ledger_entries WHERE agency_id = $1 GROUP BY currency',
    [agencyId],
  );
  return sums.rows.map(({ sum }) => sum).filter((sum) => Number(sum) !== 0);
}

/** Oldest first, as the account grew. */
async function checkStatement(agencyId: string, customerId: string): Promise<void> {
  const lines = [...(await ledger.statement(agencyId, customerId, { limit: 10_000 }))].reverse();
  let before = Money.zero('USD');
  lines.forEach((line, index) => {
    expect(line.sequence).toBe(index + 1);
    expect(line.balanceAfter.toString()).toBe(before.plus(line.amount).toString());
    before = line.balanceAfter;
  });
  expect((await ledger.balance(agencyId, customerId)).toString()).toBe(before.toString());
}

test('any interleaving of any postings sums to zero and each statement line follows from the one before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyPosting('template'), { maxLength: 12 }), { maxLength: 6 }),
      async (batches) => {
        const agencyId = newAgency();
        const moved = (posting: Posting): Posting => ({
          ...posting,
          agencyId,
          lines: posting.lines.map((line) => ({ ...line, account: { ...line.account, agencyId } })),
        });
        const accepted = new Map<string, string>();
        const promised = new Set<string>();
        await Promise.all(
          batches.map(async (batch, index) => {
            const postings = batch.map(moved);
            // Half of the work comes as batches in a transaction of their own, half as single concurrent postings.
            if (index % 2 === 0) {
              await inTransaction(database.pool, (client) => ledger.post(client, postings)).then(
                () => {
                  for (const { reference } of postings) promised.add(reference);
                },
                (error) => expect(error).toBeInstanceOf(ReferenceConflict),
              );
            } else {
              await Promise.all(
                postings.map((posting) =>
                  ledger.postAlone(posting).then(
                    () => {
                      promised.add(posting.reference);
                    },
                    (error) => expect(error).toBeInstanceOf(ReferenceConflict),
                  ),
                ),
              );
            }
          }),
        );
        const stored = await database.pool.query<{ reference: string; content_hash: string }>(
          'SELECT reference, content_hash FROM ledger_transactions WHERE agency_id = $1',
          [agencyId],
        );
        for (const row of stored.rows) accepted.set(row.reference, row.content_hash);
        const offered = new Set(batches.flat().map((posting) => `${posting.reference} ${contentHashOf(posting)}`));
        for (const [reference, hash] of accepted) expect(offered.has(`${reference} ${hash}`)).toBe(true);
        // What was answered is there, and every reference that was offered alone is there in one of its contents.
        for (const reference of promised) expect(accepted.has(reference)).toBe(true);
        for (const { reference } of batches.filter((_batch, index) => index % 2 === 1).flat()) {
          expect(accepted.has(reference)).toBe(true);
        }
        expect(await sumsByCurrency(agencyId)).toEqual([]);
        for (const customer of ['cus_1', 'cus_2', 'cus_3']) await checkStatement(agencyId, customer);
      },
    ),
    { numRuns: 25 },
  );
});

test('the same reference with the same content exists, however many post it at once', async () => {
  const agencyId = newAgency();
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => ledger.postAlone(topUp(agencyId, 'pi_1', 500))));
  expect(outcomes.filter((outcome) => outcome === 'posted')).toHaveLength(1);
  expect((await ledger.balance(agencyId, 'cus_1')).toString()).toBe('5.00 USD');
});

test('the same reference with other content is a conflict and changes nothing', async () => {
  const agencyId = newAgency();
  await ledger.postAlone(topUp(agencyId, 'pi_1', 500));
  await expect(ledger.postAlone(topUp(agencyId, 'pi_1', 501))).rejects.toThrow(ReferenceConflict);
  expect((await ledger.balance(agencyId, 'cus_1')).toString()).toBe('5.00 USD');
});

test('one contradiction among concurrent postings does not fail its neighbours', async () => {
  const agencyId = newAgency();
  await ledger.postAlone(topUp(agencyId, 'pi_1', 500));
  const results = await Promise.allSettled([
    ledger.postAlone(topUp(agencyId, 'pi_1', 999)),
    ...Array.from({ length: 20 }, (_, index) => ledger.postAlone(topUp(agencyId, `pi_${index + 2}`, 100))),
  ]);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect((await ledger.balance(agencyId, 'cus_1')).toString()).toBe('25.00 USD');
});

test('a batch that repeats a reference posts it once', async () => {
  const agencyId = newAgency();
  const outcomes = await inTransaction(database.pool, (client) =>
    ledger.post(client, [topUp(agencyId, 'a', 500), topUp(agencyId, 'b', 100), topUp(agencyId, 'a', 500)]),
  );
  expect([...outcomes].sort()).toEqual(['exists', 'posted', 'posted']);
  expect((await ledger.balance(agencyId, 'cus_1')).toString()).toBe('6.00 USD');
});

test('a rolled-back transaction leaves no entry and no account that later postings trip over', async () => {
  const agencyId = newAgency();
  await expect(
    inTransaction(database.pool, async (client) => {
      await ledger.post(client, [topUp(agencyId, 'a', 500)]);
      throw new Error('the caller changed its mind');
    }),
  ).rejects.toThrow('changed its mind');
  expect((await ledger.balance(agencyId, 'cus_1')).isZero).toBe(true);
  expect(await ledger.postAlone(topUp(agencyId, 'a', 500))).toBe('posted');
});

test('a balance may go below zero', async () => {
  const agencyId = newAgency();
  const draw = templates['usage.draw'];
  if (!draw) throw new Error('no such template');
  await ledger.postAlone(topUp(agencyId, 'a', 100));
  await ledger.postAlone(draw(place(agencyId, 'b'), 200));
  expect((await ledger.balance(agencyId, 'cus_1')).toString()).toBe('-1.10 USD');
});

test('system accounts read the same before and after a roll-up, and while postings go on', async () => {
  const agencyId = newAgency();
  const expected = { code: 'clearing', merchantAccountId: 'macc_1' };
  const posts = Array.from({ length: 60 }, (_, index) =>
    ledger.postAlone(topUp(agencyId, `p${index}`, 100, `cus_${index}`)),
  );
  await Promise.all([...posts, ledger.rollUp(), ledger.rollUp()]);
  const before = await ledger.systemBalances(agencyId);
  await ledger.rollUp();
  const after = await ledger.systemBalances(agencyId);
  expect(after).toEqual(before);
  expect(after.find(({ code }) => code === 'clearing')).toMatchObject(expected);
  expect(after.find(({ code }) => code === 'clearing')?.balance.toString()).toBe('60.00 USD');
});

test('a roll-up of an empty ledger does not lose the first posting', async () => {
  const fresh = await createMigratedDatabase();
  const empty = openDatabase(fresh.url);
  const books = createLedger({ pool: empty.pool, clock: new FixedClock('2026-01-01T00:00:00Z') });
  await books.rollUp();
  await books.postAlone(topUp('agc_first', 'a', 100));
  const read = async () =>
    (await books.systemBalances('agc_first')).find(({ code }) => code === 'clearing')?.balance.toString();
  expect(await read()).toBe('1.00 USD');
  await books.rollUp();
  expect(await read()).toBe('1.00 USD');
  await empty.close();
  await fresh.drop();
});

test.each([
  ['UPDATE ledger_entries SET amount = amount'],
  ['DELETE FROM ledger_entries'],
  ['TRUNCATE ledger_entries'],
  ["UPDATE ledger_transactions SET source = 'other'"],
  ['DELETE FROM ledger_transactions'],
  ['TRUNCATE ledger_transactions'],
])('the database refuses to rewrite history: %s', async (statement) => {
  await expect(database.pool.query(statement)).rejects.toThrow(/only grows/);
});

const insertTransaction = `INSERT INTO ledger_transactions (agency_id, id, reference, code, content_hash, entry_count, source, posted_at)
  VALUES ($1, 'txn_x', 'ref_x', 'test', 'x', 2, 'test', now())`;
const insertBoth = (amounts: readonly string[]) =>
  `WITH made AS (${insertTransaction})
   INSERT INTO ledger_entries (agency_id, transaction_id, line, account_id, currency, amount)
   SELECT $1, 'txn_x', t.line, a.id, 'USD', t.amount
     FROM unnest('{${amounts.join(',')}}'::numeric[]) WITH ORDINALITY AS t(amount, line),
          (SELECT id FROM ledger_accounts WHERE agency_id = $1 AND code = 'clearing') a`;

test.each([
  ['does not sum to zero', ['1.00', '-0.99'], /does not sum to zero/],
  ['has fewer entries than announced', [], /has no entries/],
  ['has more entries than announced', ['1.00', '1.00', '-2.00'], /does not have the entries/],
])('the database refuses a transaction that %s', async (_name, amounts, message) => {
  const agencyId = newAgency();
  await ledger.postAlone(topUp(agencyId, 'a', 100));
  await expect(
    inTransaction(database.pool, async (client) => {
      await client.query(amounts.length > 0 ? insertBoth(amounts) : insertTransaction, [agencyId]);
    }),
  ).rejects.toThrow(message);
});
