import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import type { BillingCycle, CatalogPriceSpec } from '../providers/port.ts';
import type { FrozenUsage, PlanDocument } from './plan-document.ts';

/** What the price of a plan depends on in the account that carries it. `usdRate`: charge currency per USD. */
export interface AccountTerms {
  readonly chargeCurrency: string;
  readonly effectiveCurrency: string;
  readonly usdRate: string;
}

export const billingCycles = ['monthly', 'quarterly', 'yearly'] as const satisfies readonly BillingCycle[];

/** Whole months that a cycle pays for: an add-on is priced by the month. */
export const monthsOf = { monthly: 1, quarterly: 3, yearly: 12 } as const satisfies Record<BillingCycle, number>;

/** A plan's cycles and what it asks for each, in its own currency. */
export const cyclePrices = (plan: PlanDocument): readonly { readonly cycle: BillingCycle; readonly price: Money }[] =>
  billingCycles.flatMap((cycle) => {
    const price = plan.cycles[cycle];
    return price === undefined ? [] : [{ cycle, price: Money.of(price, plan.currency) }];
  });

/**
 * An amount in the currency that the account charges, exact. Null where no rate leads there: an account knows one rate,
 * between USD and its charge currency.
 */
export function inAccountCurrency(amount: Money, account: AccountTerms): Money | null {
  const from = amount.currency.code;
  const to = account.effectiveCurrency;
  if (from === to) return amount;
  const rate = new Decimal(account.usdRate);
  if (from === 'USD' && to === account.chargeCurrency) return Money.of(amount.amount.times(rate), to);
  if (from === account.chargeCurrency && to === 'USD') return Money.of(amount.amount.div(rate), to);
  return null;
}

/**
 * Currencies in which every total must end in 0. Billing adds an exclusive tax after our rounding, and whether it then copes is
 * not verified, so that there a published price includes its tax.
 */
const isPricedInclusive = (code: string): boolean => Money.zero(code).currency.decimals === 3;

const withTax = (amount: Money, tax: PlanDocument['tax']): Money =>
  tax === null || tax.inclusive ? amount : amount.times(new Decimal(tax.percent).div(100).plus(1));

export interface AccountPrice {
  readonly amount: Money;
  readonly taxBehavior: CatalogPriceSpec['taxBehavior'];
}

const taxBehaviorOf = (tax: PlanDocument['tax']): CatalogPriceSpec['taxBehavior'] =>
  tax === null ? 'unspecified' : tax.inclusive ? 'inclusive' : 'exclusive';

/** Whether the tax is contained in what the account asks for; see `accountPrice`. */
export const includesTax = (tax: { readonly inclusive: boolean }, account: AccountTerms): boolean =>
  tax.inclusive || isPricedInclusive(account.effectiveCurrency);

/** A plan's price as the account asks for it, rounded half-up once to its chargeable step; null where no rate leads there. */
export function accountPrice(price: Money, tax: PlanDocument['tax'], account: AccountTerms): AccountPrice | null {
  const converted = inAccountCurrency(price, account);
  if (converted === null) return null;
  if (isPricedInclusive(converted.currency.code)) {
    return { amount: withTax(converted, tax).roundedToChargeable(), taxBehavior: 'inclusive' };
  }
  return { amount: converted.roundedToChargeable(), taxBehavior: taxBehaviorOf(tax) };
}

/** Decimals of a minor unit that a metered price may have (docs.stripe.com/api/prices: `unit_amount_decimal`). */
const meteredDecimals = 12;

export interface MeteredPrice extends AccountPrice {
  /** What the meter counts: the feature's own units, or chargeable steps of money. */
  readonly counts: 'units' | 'steps';
}

/**
 * What one counted unit of overage costs in the account, flat; null where no rate leads there. In three-decimal
 * currencies every invoice total must end in 0, so there the meter counts the cost itself, tax included, in chargeable steps.
 */
export function meteredPrice(price: Money, tax: PlanDocument['tax'], account: AccountTerms): MeteredPrice | null {
  const converted = inAccountCurrency(price, account);
  if (converted === null) return null;
  const { code, decimals, chargeableStep } = converted.currency;
  if (isPricedInclusive(code)) {
    return { amount: Money.of(chargeableStep, code), taxBehavior: 'inclusive', counts: 'steps' };
  }
  const finest = new Decimal(10).pow(-(decimals + meteredDecimals));
  return { amount: converted.roundedTo(finest), taxBehavior: taxBehaviorOf(tax), counts: 'units' };
}

/** The finest that a usage price may be, in major units. */
const usagePriceStep = new Decimal('0.000001');

/** A usage line's price per unit: the overage price, or on pay-as-you-go the unit price where there is no other. */
export const chargingPrice = (
  plan: Pick<PlanDocument, 'pricingModel'>,
  line: PlanDocument['usage'][number],
): string | null => line.overagePrice ?? (plan.pricingModel === 'pay_as_you_go' ? (line.unitPrice ?? null) : null);

/**
 * A plan's usage prices in USD, the currency of balances, to six decimals. `usdRate` is the plan's currency per USD
 * at this moment (1 for a plan in USD); publication keeps the answer, so that a later rate changes nothing sold.
 */
export function freezeUsage(plan: PlanDocument, usdRate: string): FrozenUsage {
  const inUsd = (price: string | null): string | null =>
    price === null
      ? null
      : Money.of(Money.of(price, plan.currency).amount.div(usdRate), 'USD').roundedTo(usagePriceStep).toDecimalString();
  return {
    usdRate,
    usage: plan.usage.map((line) => ({
      feature: line.feature,
      unitPrice: inUsd(line.unitPrice ?? null),
      price: inUsd(chargingPrice(plan, line)),
    })),
  };
}
