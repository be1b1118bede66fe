import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import type { BalancePart, Ledger } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';
import { type Described, moneyRow } from './describe-payment.ts';
import type { Row } from './receipt-document.ts';
import { selectTax, selectUsage } from './subjects.sql.ts';

/** A UTC month, e.g. `2026-11`. */
export interface Month {
  readonly name: string;
  readonly from: Date;
  /** The first moment that is not of it. */
  readonly until: Date;
}

const usageRows = z.array(z.object({ feature: z.string(), quantity: z.string(), cost: z.string(), tax: z.string() }));
const taxRows = z.array(z.object({ currency: z.string(), tax: z.string() }));

export function monthOf(name: string): Month {
  const from = new Date(`${name}-01T00:00:00Z`);
  return { name, from, until: new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)) };
}

const zero = Money.zero('USD');
const sumOf = (parts: readonly BalancePart[]): Money => parts.reduce((sum, { amount }) => sum.plus(amount), zero);

/** What each kind of line brought between two moments. */
function movedBetween(before: readonly BalancePart[], after: readonly BalancePart[]): Row[] {
  const earlier = new Map(before.map(({ code, amount }) => [code, amount]));
  return after
    .map(({ code, amount }) => ({ code, amount: amount.minus(earlier.get(code) ?? zero) }))
    .filter(({ amount }) => !amount.isZero)
    .map(({ code, amount }) => moneyRow(code, amount));
}

/** A client's month: the balance from its beginning to its end, what was used, and the tax in what was paid and used. */
export async function describeMonth(
  sql: Sql,
  ledger: Pick<Ledger, 'composition'>,
  { agencyId, customerId }: { readonly agencyId: string; readonly customerId: string },
  { name, from, until }: Month,
): Promise<Described> {
  // The books keep milliseconds, and a composition holds what was posted at its moment too.
  const lastOf = (end: Date): Date => new Date(end.getTime() - 1);
  const before = await ledger.composition(agencyId, customerId, lastOf(from));
  const after = await ledger.composition(agencyId, customerId, lastOf(until));
  const within = [agencyId, customerId, from, until];
  const usage = usageRows.parse((await sql.query(selectUsage, within)).rows);
  const taxes = taxRows.parse((await sql.query(selectTax, within)).rows);
  const usageTax = usage.reduce((sum, { tax }) => sum.plus(Money.of(tax, 'USD')), zero);
  return {
    customerId,
    sections: [
      { title: 'Period', rows: [{ label: 'Month (UTC)', value: name }] },
      {
        title: 'Balance',
        rows: [
          moneyRow('At the beginning', sumOf(before)),
          ...movedBetween(before, after),
          moneyRow('At the end', sumOf(after)),
        ],
      },
      {
        title: 'Usage',
        rows: usage.map(({ feature, quantity, cost }) => ({
          label: `${feature}: ${quantity}`,
          value: Money.of(cost, 'USD').toString(),
        })),
      },
      {
        title: 'Tax',
        rows: [
          ...taxes.map(({ currency, tax }) =>
            moneyRow('In what was paid, less what was given back', Money.of(tax, currency)),
          ),
          moneyRow('In what was used', usageTax),
        ],
      },
    ],
  };
}
