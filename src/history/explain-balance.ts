import type { Database } from '../database/database.ts';
import type { BalancePart, Ledger, StatementLine } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import { findCustomer } from '../tenancy/find-customers.ts';
import type { Scope } from '../tenancy/scope.ts';
import { eventsById, ordersOfPayments, ordersOfReversals, usageOfDraws } from './causes.sql.ts';

/** One event of usage that a draw carries. */
export interface DrawnUsage {
  readonly id: string;
  readonly feature: string;
  readonly quantity: string;
  /** Tax in it. What later events took back of it is in their own draws. */
  readonly cost: Money;
}

/** A line of a balance, and what caused it. */
export interface ExplainedLine extends StatementLine {
  /** The provider's event that it was heard through, where it was. */
  readonly event: { readonly id: string; readonly eventId: string; readonly type: string } | null;
  /** The order that was paid, or of whose payment something went back. */
  readonly orderId: string | null;
  /** Of a draw: their costs come to its amount. */
  readonly usage: readonly DrawnUsage[];
}

export interface BalanceExplanation {
  readonly customerId: string;
  readonly at: Date;
  readonly balance: Money;
  /** Their amounts come to the balance. */
  readonly parts: readonly BalancePart[];
  /** Newest first; one more than was asked for says that there are others. */
  readonly lines: readonly ExplainedLine[];
}

export interface ExplainQuery {
  readonly at: Date;
  readonly limit: number;
  /** Only lines below this sequence. */
  readonly before?: number | undefined;
}

export type ExplainBalance = (scope: Scope, customerId: string, query: ExplainQuery) => Promise<BalanceExplanation>;

const eventSource = /^event:(.+)$/;
/** `<provider>:<account>:<payment>:settled`. */
const settledReference = /^[^:]+:[^:]+:([^:]+):settled$/;

interface Dependencies {
  readonly database: Database;
  readonly ledger: Pick<Ledger, 'statement' | 'composition'>;
}

/** Takes a client's balance at a moment apart: each line with the event, the order and the usage behind it. Throws 404. */
export function createExplainBalance({ database, ledger }: Dependencies): ExplainBalance {
  return async (scope, id, { at, limit, before }) => {
    const { agencyId, id: customerId } = await findCustomer(database, scope, id);
    const parts = await ledger.composition(agencyId, customerId, at);
    const lines = await ledger.statement(agencyId, customerId, { limit, before, at });
    const causes = await causesOf(database, agencyId, customerId, lines);
    const balance = parts.reduce((sum, { amount }) => sum.plus(amount), Money.zero('USD'));
    return { customerId, at, balance, parts, lines: lines.map((line) => ({ ...line, ...causes(line) })) };
  };
}

async function causesOf({ pool }: Database, agencyId: string, customerId: string, lines: readonly StatementLine[]) {
  const references = lines.map(({ reference }) => reference);
  const eventIds = lines.flatMap(({ source }) => eventSource.exec(source)?.[1] ?? []);
  const paymentIds = references.flatMap((reference) => settledReference.exec(reference)?.[1] ?? []);
  const events = await pool.query<{ id: string; event_id: string; type: string }>(eventsById, [eventIds]);
  const usage = await pool.query<{ id: string; draw: string; feature: string; quantity: string; cost: string }>(
    usageOfDraws,
    [agencyId, customerId, lines.flatMap(({ code, reference }) => (code.startsWith('usage.') ? [reference] : []))],
  );
  const reversed = await pool.query<{ reference: string; order_id: string }>(ordersOfReversals, [agencyId, references]);
  const paid = await pool.query<{ reference: string; order_id: string }>(ordersOfPayments, [agencyId, paymentIds]);
  const eventOf = new Map(events.rows.map(({ id, event_id: eventId, type }) => [id, { id, eventId, type }]));
  const orderOf = new Map([...reversed.rows, ...paid.rows].map((row) => [row.reference, row.order_id]));
  const usageOf = Map.groupBy(usage.rows, ({ draw }) => draw);
  return ({ source, reference }: StatementLine): Omit<ExplainedLine, keyof StatementLine> => ({
    event: eventOf.get(eventSource.exec(source)?.[1] ?? '') ?? null,
    orderId: orderOf.get(reference) ?? null,
    usage: (usageOf.get(reference) ?? []).map(({ id, feature, quantity, cost }) => ({
      id,
      feature,
      quantity,
      cost: Money.of(cost, 'USD'),
    })),
  });
}
