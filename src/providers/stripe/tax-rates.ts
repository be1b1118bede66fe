import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import { isOwnTaxRate } from '../metadata.ts';
import type { CatalogTaxRate, TaxRatesPort } from '../port.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const toTaxRate = (taxRate: Stripe.TaxRate): CatalogTaxRate => ({
  id: taxRate.id,
  displayName: taxRate.display_name,
  percentage: String(taxRate.percentage),
  inclusive: taxRate.inclusive,
  country: taxRate.country,
  active: taxRate.active,
  metadata: taxRate.metadata ?? {},
});

/** Stripe takes a number of at most four decimals, which a double holds exactly enough to be written back as it was. */
function percentageNumber(percentage: string): number {
  const value = /^\d{1,3}(\.\d{1,4})?$/.test(percentage) ? Number(percentage) : Number.NaN;
  if (value <= 100) return value;
  throw new ProviderError({
    kind: 'invalid',
    code: 'percentage_invalid',
    message: `${percentage} is no percentage from 0 to 100 with at most four decimals`,
  });
}

export const createTaxRates = (stripe: Stripe, calls: StripeCalls): TaxRatesPort => ({
  async list(account) {
    const taxRates = await calls.list(() => stripe.taxRates.list({ limit: pageSize }, on(account)));
    return taxRates.map(toTaxRate).filter(isOwnTaxRate);
  },

  async create(account, taxRate, options) {
    const params = {
      display_name: taxRate.displayName,
      percentage: percentageNumber(taxRate.percentage),
      inclusive: taxRate.inclusive,
      metadata: { ...taxRate.metadata },
      ...(taxRate.country === null ? {} : { country: taxRate.country }),
    } satisfies Stripe.TaxRateCreateParams;
    return toTaxRate(await calls.write('tax_rate', () => stripe.taxRates.create(params, writeOn(account, options))));
  },

  async update(account, taxRateId, { active, displayName, metadata }, options) {
    const params = {
      ...(active === undefined ? {} : { active }),
      ...(displayName === undefined ? {} : { display_name: displayName }),
      ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    } satisfies Stripe.TaxRateUpdateParams;
    return toTaxRate(
      await calls.write('tax_rate', () => stripe.taxRates.update(taxRateId, params, writeOn(account, options))),
    );
  },
});
