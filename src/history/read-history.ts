import type { Database } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { type HistoryLine, type LineKind, type LineRow, type LineStatus, lineOfRow } from './history-line.ts';
import { lineOfHistory, linesAbout, pageOfHistory } from './sources.sql.ts';

/** Whose history: a client's, or all of an agency's. */
export type HistoryOf = { readonly customerId: string } | { readonly agencyId: string };

export interface HistoryFilter {
  readonly kinds?: readonly LineKind[] | undefined;
  readonly statuses?: readonly LineStatus[] | undefined;
  /** At this moment or later. */
  readonly from?: Date | undefined;
  /** Before this moment. */
  readonly until?: Date | undefined;
}

/** A line's place in the order of the history: what is asked for comes before it. */
export interface HistoryPosition {
  readonly at: Date;
  readonly id: string;
}

export interface HistoryPage {
  readonly limit: number;
  readonly before?: HistoryPosition | undefined;
}

export interface HistoryDetail {
  readonly line: HistoryLine;
  /** Every line about the same order or invoice, this one too, oldest first. */
  readonly about: readonly HistoryLine[];
}

export interface History {
  /** Newest first. Throws 404 for whom the scope may not see. */
  list(scope: Scope, of: HistoryOf, filter: HistoryFilter, page: HistoryPage): Promise<readonly HistoryLine[]>;
  /**
   * All of it, newest first, read while it is taken: however long it is, a page of it is held at a time. What is added meanwhile is newer than
   * what was read, and is not in it. Throws 404 before the first line.
   */
  all(scope: Scope, of: HistoryOf, filter: HistoryFilter): Promise<AsyncIterable<HistoryLine>>;
  /** Throws 404. */
  find(scope: Scope, id: string): Promise<HistoryDetail>;
}

const rowsOfPage = 1_000;

interface Owner {
  readonly agencyId: string;
  readonly customerId: string | null;
}

/** What an operator entered names the operator's key, and says why in words for the agency: both are kept from the client. */
const enteredKinds: ReadonlySet<LineKind> = new Set(['manual_payment', 'adjustment']);

const shownTo = ({ role }: Scope, line: HistoryLine): HistoryLine =>
  role === 'portal' && enteredKinds.has(line.kind) ? { ...line, reason: null } : line;

export function createHistory({ pool, prisma }: Database): History {
  const ownerOf = async (scope: Scope, of: HistoryOf): Promise<Owner> => {
    if ('customerId' in of) {
      const customer = await scoped(prisma, scope).customer.findFirst({ where: { id: of.customerId } });
      if (!customer) throw notFound('customer');
      return { agencyId: customer.agencyId, customerId: customer.id };
    }
    const agency = await scoped(prisma, scope).agency.findFirst({ where: { id: of.agencyId } });
    if (!agency) throw notFound('agency');
    return { agencyId: agency.id, customerId: null };
  };

  const read = async (
    scope: Scope,
    { agencyId, customerId }: Owner,
    filter: HistoryFilter,
    { limit, before }: HistoryPage,
  ) => {
    const { rows } = await pool.query<LineRow>(pageOfHistory(customerId !== null), [
      ...[agencyId, customerId, before?.at ?? null, before?.id ?? null, limit],
      ...[filter.from ?? null, filter.until ?? null, filter.kinds ?? null, filter.statuses ?? null],
    ]);
    return rows.map((row) => shownTo(scope, lineOfRow(row)));
  };

  async function* pages(scope: Scope, owner: Owner, filter: HistoryFilter): AsyncGenerator<HistoryLine> {
    let before: HistoryPosition | undefined;
    do {
      const lines: readonly HistoryLine[] = await read(scope, owner, filter, { limit: rowsOfPage, before });
      yield* lines;
      before = lines.length === rowsOfPage ? lines.at(-1) : undefined;
    } while (before);
  }

  return {
    list: async (scope, of, filter, page) => read(scope, await ownerOf(scope, of), filter, page),
    all: async (scope, of, filter) => pages(scope, await ownerOf(scope, of), filter),
    find: async (scope, id) => {
      const statement = lineOfHistory(id);
      const customerId = scope.role === 'portal' ? scope.customerId : null;
      const found =
        statement === null
          ? []
          : (await pool.query<LineRow>(statement, [id, agencyOf(scope) ?? null, customerId])).rows;
      const [row] = found;
      if (!row) throw notFound('transaction');
      const line = shownTo(scope, lineOfRow(row));
      const about = await pool.query<LineRow>(linesAbout, [row.agency_id, row.order_id, row.invoice_id]);
      const lines = about.rows.map((each) => shownTo(scope, lineOfRow(each)));
      return { line, about: lines.some(({ id: other }) => other === id) ? lines : [line] };
    },
  };
}
