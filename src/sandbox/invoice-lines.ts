import { Decimal } from 'decimal.js';
import Stripe from 'stripe';
import type { Period } from './billing-periods.ts';
import { idOf } from './document-links.ts';
import { newStripeId } from './identifiers.ts';

/** What one line of an invoice bills. */
export interface Billed {
  readonly price: Stripe.Price;
  /** Units; of a metered price, the usage of the period. */
  readonly quantity: Decimal;
  readonly taxRates: readonly Stripe.TaxRate[];
  readonly period: Period;
  readonly description: string;
  readonly metadata: Stripe.Metadata;
  /** Of a recurring price; null for what is billed once. */
  readonly itemId: string | null;
  /** What of a whole period is billed: 1 unless the first period is cut short. */
  readonly share?: Decimal;
}

const wholeUnits = (amount: Decimal): number => amount.toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber();

/** Decimals of documents are text, and those of the SDK objects: both say what they are as text. */
const unitAmountOf = (price: Stripe.Price): Decimal => new Decimal(String(price.unit_amount_decimal ?? '0'));

/**
 * The taxes on one line, each rounded to whole minor units. Inclusive rates are taken out of the amount together, exclusive
 * ones are laid on what is left.
 */
function taxesOn(amount: number, rates: readonly Stripe.TaxRate[]): Stripe.InvoiceLineItem.Tax[] {
  const inclusive = rates.filter((rate) => rate.inclusive);
  const included = inclusive.reduce((sum, rate) => sum.plus(rate.percentage), new Decimal(0));
  const net = new Decimal(amount).times(100).div(included.plus(100));
  const taxOf = (rate: Stripe.TaxRate) => wholeUnits(net.times(rate.percentage).div(100));
  const taxable = amount - inclusive.reduce((sum, rate) => sum + taxOf(rate), 0);
  return rates.map((rate) => ({
    amount: rate.inclusive ? taxOf(rate) : wholeUnits(new Decimal(taxable).times(rate.percentage).div(100)),
    tax_behavior: rate.inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason: 'not_available',
    taxable_amount: taxable,
    type: 'tax_rate_details',
  }));
}

/** The line, its amount rounded half up to whole minor units as Stripe rounds each line. */
export function buildLine(billed: Billed, invoiceId: string, subscriptionId: string): Stripe.InvoiceLineItem {
  const { price, quantity, period, itemId } = billed;
  const amount = wholeUnits(
    unitAmountOf(price)
      .times(quantity)
      .times(billed.share ?? 1),
  );
  return {
    id: newStripeId('il'),
    object: 'line_item',
    amount,
    currency: price.currency,
    description: billed.description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: invoiceId,
    livemode: false,
    metadata: billed.metadata,
    parent:
      itemId === null
        ? {
            invoice_item_details: {
              invoice_item: newStripeId('ii'),
              proration: false,
              proration_details: null,
              subscription: subscriptionId,
            },
            subscription_item_details: null,
            type: 'invoice_item_details',
          }
        : {
            invoice_item_details: null,
            subscription_item_details: {
              invoice_item: null,
              proration: false,
              proration_details: null,
              subscription: subscriptionId,
              subscription_item: itemId,
            },
            type: 'subscription_item_details',
          },
    period: { start: period.start, end: period.end },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: price.id, product: idOf(price.product) ?? '' },
      type: 'price_details',
      unit_amount_decimal: price.unit_amount_decimal,
    },
    quantity: wholeUnits(quantity),
    quantity_decimal: Stripe.Decimal.from(quantity.toFixed()),
    subscription: subscriptionId,
    subtotal: amount,
    taxes: taxesOn(amount, billed.taxRates),
  };
}

export type InvoiceTotals = Pick<
  Stripe.Invoice,
  'subtotal' | 'subtotal_excluding_tax' | 'total' | 'total_excluding_tax' | 'total_taxes'
>;

/** Sums of whole lines: tax that a price includes is part of the subtotal, any other is added to it. */
export function totalsOf(lines: readonly Stripe.InvoiceLineItem[]): InvoiceTotals {
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const taxes = new Map<string, Stripe.Invoice.TotalTax>();
  for (const tax of lines.flatMap((line) => line.taxes ?? [])) {
    const name = tax.tax_rate_details?.tax_rate ?? '';
    const sum = taxes.get(name);
    taxes.set(name, {
      ...tax,
      amount: tax.amount + (sum?.amount ?? 0),
      taxable_amount: (tax.taxable_amount ?? 0) + (sum?.taxable_amount ?? 0),
    });
  }
  const totalTaxes = [...taxes.values()];
  const taxOf = (behavior: string) =>
    totalTaxes.filter((tax) => tax.tax_behavior === behavior).reduce((sum, tax) => sum + tax.amount, 0);
  const total = subtotal + taxOf('exclusive');
  return {
    subtotal,
    subtotal_excluding_tax: subtotal - taxOf('inclusive'),
    total,
    total_excluding_tax: subtotal - taxOf('inclusive'),
    total_taxes: totalTaxes,
  };
}
