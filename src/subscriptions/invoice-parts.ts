import { Money } from '../money/money.ts';
import type { ProviderInvoice } from '../providers/subscription-ports.ts';

export interface InvoiceParts {
  readonly subscriptionNet: Money;
  readonly overageNet: Money;
  readonly tax: Money;
}

/**
 * What a paid invoice was for. `overagePriceIds`: its prices of overage. What the invoice's total has beyond its
 * lines (rounding of taxes) is of the subscription, so that the parts always make up what was paid and credited.
 */
export function partsOf(invoice: ProviderInvoice, overagePriceIds: ReadonlySet<string>): InvoiceParts {
  const zero = Money.zero(invoice.total.currency.code);
  const overageNet = invoice.lines
    .filter(({ priceId }) => priceId !== null && overagePriceIds.has(priceId))
    .reduce((sum, { net }) => sum.plus(net), zero);
  return { overageNet, tax: invoice.tax, subscriptionNet: settled(invoice).minus(invoice.tax).minus(overageNet) };
}

/** What was paid, by the client and out of its credit. */
export const settled = ({ amountPaid, credit }: ProviderInvoice): Money => amountPaid.plus(credit);
