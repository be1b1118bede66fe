import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import type { Figures, Standing } from './rating.ts';
import type { PeriodTerms } from './terms.ts';

/** The totals of a period as they are stored. */
export interface TotalsRow {
  readonly collect: PeriodTerms['collect'];
  readonly used: string;
  readonly late: string;
  readonly free: string;
  readonly addOn: string;
  readonly overage: string;
  /** USD, tax in it. */
  readonly cost: string;
  readonly tax: string;
  readonly revision: number;
  readonly throughAt: Date | null;
  readonly throughId: string | null;
}

export const readStanding = (row: TotalsRow): Standing => ({
  used: new Decimal(row.used),
  late: new Decimal(row.late),
  free: new Decimal(row.free),
  addOn: new Decimal(row.addOn),
  overage: new Decimal(row.overage),
  net: Money.of(row.cost, 'USD').minus(Money.of(row.tax, 'USD')),
  tax: Money.of(row.tax, 'USD'),
  through: row.throughAt === null || row.throughId === null ? null : { at: row.throughAt, id: row.throughId },
});

/** What of a period's cost the balance bears: all or nothing. */
export const drawnOf = (
  collect: PeriodTerms['collect'],
  { net, tax }: Pick<Figures, 'net' | 'tax'>,
): Pick<Figures, 'net' | 'tax'> =>
  collect === 'balance' ? { net, tax } : { net: Money.zero('USD'), tax: Money.zero('USD') };
