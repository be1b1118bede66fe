import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { type AccountName, accountIdOf, accountKey, isRunning } from './accounts.ts';
import { ensureAccounts, findTransactions, postTransactions } from './post.sql.ts';
import { contentHashOf, type Posting } from './posting.ts';

/** `posted`: it is in the books now. `exists`: it was already there, with the same content. */
export type PostOutcome = 'posted' | 'exists';

/** The same reference was posted before with other content. Nothing was posted; a person has to look. */
export class ReferenceConflict extends Error {
  readonly references: readonly string[];

  constructor(references: readonly string[]) {
    super(`posted before with other content: ${references.join(', ')}`);
    this.name = 'ReferenceConflict';
    this.references = references;
  }
}

/** A client whose balance moved. */
export interface TouchedClient {
  readonly agencyId: string;
  readonly customerId: string;
}

interface FoundRow {
  readonly agency_id: string;
  readonly reference: string;
  readonly code: string;
  readonly content_hash: string;
}

/**
 * None of the set-wise statements is a named prepared one: PostgreSQL would soon plan it once for any number of rows, and
 * plan a batch of hundreds as if it were a few.
 */
export async function postAll(sql: Sql, clock: Clock, postings: readonly Posting[]): Promise<readonly PostOutcome[]> {
  if (postings.length === 0) return [];
  const prepared = postings.map((posting) => ({
    posting,
    id: newId('ledgerTransaction'),
    contentHash: contentHashOf(posting),
  }));
  const { names, places } = distinctAccounts(postings);
  const accountIds = names.map(accountIdOf);
  const running = names.map(({ code }) => isRunning(code));
  const currencies = names.map(({ currency }) => currency);
  await sql.query(ensureAccounts, [
    names.map(({ agencyId }) => agencyId),
    accountIds,
    names.map(({ code }) => code),
    names.map(({ merchantAccountId }) => merchantAccountId),
    names.map(({ customerId }) => customerId),
    currencies,
    running,
  ]);

  const entries = postings.flatMap(({ lines }, index) =>
    lines.map(({ amount }, line) => ({ transactionPlace: index + 1, line: line + 1, amount: amount.amount.toFixed() })),
  );
  const fresh = await sql.query<{ id: string }>(postTransactions, [
    postings.map(({ agencyId }) => agencyId),
    prepared.map(({ id }) => id),
    postings.map(({ reference }) => reference),
    postings.map(({ code }) => code),
    prepared.map(({ contentHash }) => contentHash),
    postings.map(({ lines }) => lines.length),
    postings.map(({ source }) => source),
    clock.now(),
    accountIds,
    currencies,
    running,
    entries.map(({ transactionPlace }) => transactionPlace),
    entries.map(({ line }) => line),
    places,
    entries.map(({ amount }) => amount),
    postings.map(({ customerId }) => customerId),
    postings.map(({ planId }) => planId),
  ]);

  const posted = new Set(fresh.rows.map(({ id }) => id));
  const replayed = prepared.filter(({ id }) => !posted.has(id));
  if (replayed.length > 0) await refuseContradictions(sql, replayed);
  return prepared.map(({ id }) => (posted.has(id) ? 'posted' : 'exists'));
}

/** The accounts of a batch, each once, and for each line of the batch the place of its account in that list, counted from 1. */
function distinctAccounts(postings: readonly Posting[]): { names: AccountName[]; places: number[] } {
  const names: AccountName[] = [];
  const places: number[] = [];
  const placeOf = new Map<string, number>();
  for (const { lines } of postings) {
    for (const { account } of lines) {
      const key = accountKey(account);
      let place = placeOf.get(key);
      if (place === undefined) {
        place = names.push(account);
        placeOf.set(key, place);
      }
      places.push(place);
    }
  }
  return { names, places };
}

async function refuseContradictions(
  sql: Sql,
  replayed: readonly { readonly posting: Posting; readonly contentHash: string }[],
): Promise<void> {
  const stored = await sql.query<FoundRow>({
    text: findTransactions,
    values: [replayed.map(({ posting }) => posting.agencyId), replayed.map(({ posting }) => posting.reference)],
  });
  const hashes = new Map(stored.rows.map((row) => [`${row.agency_id} ${row.reference}`, row.content_hash]));
  const contradicting = replayed.filter(
    ({ posting, contentHash }) => hashes.get(`${posting.agencyId} ${posting.reference}`) !== contentHash,
  );
  if (contradicting.length > 0) throw new ReferenceConflict(contradicting.map(({ posting }) => posting.reference));
}

/** The clients whose accounts a batch touches, each once. */
export function clientsOf(postings: readonly Posting[]): readonly TouchedClient[] {
  const clients = new Map<string, TouchedClient>();
  for (const { lines } of postings) {
    for (const { account } of lines) {
      if (isRunning(account.code)) {
        const { agencyId, customerId } = account;
        clients.set(`${agencyId} ${customerId}`, { agencyId, customerId });
      }
    }
  }
  return [...clients.values()];
}
