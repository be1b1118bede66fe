import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { monthsOf } from '../catalog/account-price.ts';
import { featureRegistry } from '../catalog/features.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import { Money } from '../money/money.ts';
import type { BillingCycle } from '../providers/port.ts';
import type { AddOns } from './subscription.ts';
import { type Taxed, taxed } from './taxed.ts';

/** What is bought of a plan: paid by which cycle, and how many beyond the included ones. */
export interface SaleTerms {
  readonly cycle: BillingCycle;
  readonly addOns: AddOns;
}

/** One line of an invoice. Amounts are decimal strings in the invoice's currency, as the plan prices them. */
export const invoiceLineSchema = z.object({
  description: z.string(),
  /** Null for what is no feature: the plan itself. */
  feature: z.string().nullable(),
  quantity: z.string(),
  amount: z.string(),
});
export type InvoiceLine = z.output<typeof invoiceLineSchema>;

/** What an invoice asks for: the plan's own currency, or USD at the rate that the version froze. */
export interface InvoiceCurrency {
  readonly code: string;
  /** Units of the plan's currency for one of the invoice's, a decimal string. */
  readonly rate: string;
}

export interface PeriodPrice extends Taxed {
  readonly lines: readonly InvoiceLine[];
}

const names = featureRegistry([]);

/**
 * What a period of the cycle costs: the plan's price, and each add-on's price per month for as many months. Each line is rounded
 * half-up to what can be charged, so that the lines add up to what is asked for, but for a tax that comes on top.
 */
export function periodPrice(
  document: Pick<VersionDocument, 'displayName' | 'cycles' | 'recurring' | 'currency' | 'tax'>,
  { cycle, addOns }: SaleTerms,
  { code, rate }: InvoiceCurrency,
): PeriodPrice {
  const months = monthsOf[cycle];
  const inInvoice = (price: Decimal): Money => Money.of(price.div(rate), code).roundedToChargeable();
  const priced = [
    {
      description: `${document.displayName}, ${cycle}`,
      feature: null,
      quantity: '1',
      amount: inInvoice(new Decimal(document.cycles[cycle] ?? 0)),
    },
    ...document.recurring
      .map((line) => ({ ...line, count: addOns[line.feature] ?? 0 }))
      .filter(({ count }) => count > 0)
      .map(({ feature, unitPrice, count }) => ({
        description: `${names.get(feature)?.name ?? feature}: ${count} more for ${months === 1 ? 'a month' : `${months} months`}`,
        feature,
        quantity: String(count),
        amount: inInvoice(new Decimal(unitPrice ?? 0).times(months).times(count)),
      })),
  ];
  const sum = priced.reduce((total, { amount }) => total.plus(amount), Money.zero(code));
  const lines = priced.map((line) => ({ ...line, amount: line.amount.toDecimalString() }));
  return { ...taxed(sum, document.tax, document.tax?.inclusive ?? false), lines };
}
