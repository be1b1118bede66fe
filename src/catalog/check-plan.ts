import { Decimal } from 'decimal.js';
import { currency } from '../money/currency.ts';
import { Money } from '../money/money.ts';
import { type AccountTerms, accountPrice, cyclePrices, freezeUsage } from './account-price.ts';
import type { FeatureRegistry } from './features.ts';
import type { PlanDocument } from './plan-document.ts';

/** One rule that a plan breaks: `message` says what to do instead. */
export interface PlanProblem {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/** What can be charged at once in an account that would carry the plan. */
export interface AccountLimits extends AccountTerms {
  readonly minimumCharge: Money;
  readonly maximumCharge: Money;
}

/** What a plan is checked against. */
export interface PlanFacts {
  readonly features: FeatureRegistry;
  /** Currency -> its units per USD. USD itself needs no entry. */
  readonly rates: ReadonlyMap<string, string>;
  readonly accounts: readonly AccountLimits[];
}

type Rule = (plan: PlanDocument, facts: PlanFacts) => Iterable<PlanProblem>;

/** A number as it was written, and the place it was written at. */
interface Written {
  readonly path: string;
  readonly value: string;
}

const usagePriceDecimalsMax = 6;
const quantityDecimalsMax = 6;
const percentDecimalsMax = 4;

const at = (path: string, value: string | number | undefined): Written[] =>
  value === undefined ? [] : [{ path, value: String(value) }];

/** Prices that a card pays. */
const chargedPrices = (plan: PlanDocument): Written[] => [
  ...Object.entries(plan.cycles).flatMap(([cycle, price]) => at(`cycles.${cycle}`, price)),
  ...plan.recurring.flatMap(({ unitPrice }, index) => at(`recurring.${index}.unitPrice`, unitPrice)),
  ...plan.packs.flatMap(({ price }, index) => at(`packs.${index}.price`, price)),
];

/** Prices per unit that the balance pays, or the meter. */
const usagePrices = (plan: PlanDocument): Written[] =>
  plan.usage.flatMap(({ unitPrice, overagePrice }, index) => [
    ...at(`usage.${index}.unitPrice`, unitPrice),
    ...at(`usage.${index}.overagePrice`, overagePrice),
  ]);

const quantities = (plan: PlanDocument): Written[] => [
  ...plan.usage.flatMap(({ included }, index) => at(`usage.${index}.included`, included)),
  ...plan.packs.flatMap(({ quantity }, index) => at(`packs.${index}.quantity`, quantity)),
];

const percents = (plan: PlanDocument): Written[] => [
  ...at('tax.percent', plan.tax?.percent),
  ...at('revenueShare.agencyPercent', plan.revenueShare?.agencyPercent),
];

const counts = (plan: PlanDocument): Written[] => [
  ...at('trialDays', plan.trialDays),
  ...at('limits.maxConcurrency', plan.limits.maxConcurrency),
  ...plan.recurring.flatMap(({ included }, index) => at(`recurring.${index}.included`, included)),
  ...plan.packs.flatMap(({ validDays }, index) => at(`packs.${index}.validDays`, validDays)),
];

const decimalsOf = (value: string): number => new Decimal(value).decimalPlaces();

function* noNegatives(plan: PlanDocument): Iterable<PlanProblem> {
  const numbers = [chargedPrices, usagePrices, quantities, percents, counts].flatMap((read) => read(plan));
  for (const { path, value } of numbers) {
    if (new Decimal(value).lessThan(0)) {
      yield { code: 'negative_number', path, message: `${value} is below 0: write 0 or more.` };
    }
  }
}

function* writableDecimals(plan: PlanDocument): Iterable<PlanProblem> {
  const { code, decimals } = currency(plan.currency);
  for (const { path, value } of chargedPrices(plan)) {
    if (decimalsOf(value) <= decimals) continue;
    const message = `A price in ${code} has at most ${decimals} decimals: write ${new Decimal(value).toFixed(decimals)}.`;
    yield { code: 'price_too_precise', path, message };
  }
  for (const { path, value } of usagePrices(plan)) {
    if (decimalsOf(value) <= usagePriceDecimalsMax) continue;
    const message = `A price per unit has at most ${usagePriceDecimalsMax} decimals: round it, or price a larger unit.`;
    yield { code: 'price_too_precise', path, message };
  }
  for (const { path, value } of quantities(plan)) {
    if (decimalsOf(value) <= quantityDecimalsMax) continue;
    const message = `A quantity has at most ${quantityDecimalsMax} decimals: round it.`;
    yield { code: 'quantity_too_precise', path, message };
  }
  for (const { path, value } of percents(plan)) {
    if (decimalsOf(value) <= percentDecimalsMax) continue;
    const message = `A percentage has at most ${percentDecimalsMax} decimals: round it.`;
    yield { code: 'percent_too_precise', path, message };
  }
}

function* storableNumbers(plan: PlanDocument): Iterable<PlanProblem> {
  for (const { path, value } of [...chargedPrices(plan), ...usagePrices(plan), ...quantities(plan)]) {
    if (Money.of(new Decimal(value).trunc(), plan.currency).isStorable) continue;
    yield { code: 'number_too_large', path, message: 'At most 14 digits before the point can be kept: write less.' };
  }
  for (const { path, value } of percents(plan)) {
    if (new Decimal(value).lessThanOrEqualTo(100)) continue;
    yield { code: 'percent_out_of_range', path, message: 'A percentage is from 0 to 100: write 70 for 70 %.' };
  }
}

function* cyclesFitModel(plan: PlanDocument): Iterable<PlanProblem> {
  const has = Object.values(plan.cycles).some((price) => price !== undefined);
  if (plan.pricingModel === 'fixed' && !has) {
    const message = 'A fixed plan is sold by the cycle: give a price for monthly, quarterly or yearly.';
    yield { code: 'fixed_without_cycle', path: 'cycles', message };
  }
  if (plan.pricingModel === 'pay_as_you_go' && has) {
    const message = 'Pay-as-you-go has no base price: leave cycles out, or make the plan fixed.';
    yield { code: 'pay_as_you_go_with_cycles', path: 'cycles', message };
  }
}

function* payAsYouGoCharges(plan: PlanDocument): Iterable<PlanProblem> {
  if (plan.pricingModel !== 'pay_as_you_go') return;
  if (plan.usage.length === 0) {
    const message = 'Pay-as-you-go sells nothing but usage: add at least one usage feature with a price.';
    yield { code: 'pay_as_you_go_without_usage', path: 'usage', message };
  }
  for (const [index, line] of plan.usage.entries()) {
    if (line.unitPrice === undefined && line.overagePrice === undefined) {
      const message = 'Pay-as-you-go charges from the first unit: give a unitPrice or an overagePrice.';
      yield { code: 'pay_as_you_go_without_price', path: `usage.${index}.overagePrice`, message };
    }
    if (new Decimal(line.included).greaterThan(0)) {
      const message = 'Pay-as-you-go includes nothing: set included to 0, or make the plan fixed.';
      yield { code: 'pay_as_you_go_includes_nothing', path: `usage.${index}.included`, message };
    }
    if (line.collect === 'invoice') {
      const message = 'Pay-as-you-go has no invoice to put overage on: collect it from the balance.';
      yield { code: 'pay_as_you_go_invoiced', path: `usage.${index}.collect`, message };
    }
  }
}

function* invoicedOverageHasPrice(plan: PlanDocument): Iterable<PlanProblem> {
  if (plan.pricingModel === 'pay_as_you_go') return;
  for (const [index, line] of plan.usage.entries()) {
    if (line.collect !== 'invoice' || line.overagePrice !== undefined) continue;
    const message =
      'There is no overage to invoice without a price: give an overagePrice, or collect from the balance.';
    yield { code: 'invoiced_without_overage_price', path: `usage.${index}.overagePrice`, message };
  }
}

const featureLines = (plan: PlanDocument) => [
  ...plan.usage.map(({ feature }, index) => ({ feature, path: `usage.${index}.feature`, kind: 'usage' })),
  ...plan.recurring.map(({ feature }, index) => ({ feature, path: `recurring.${index}.feature`, kind: 'recurring' })),
  ...plan.packs.map(({ feature }, index) => ({ feature, path: `packs.${index}.feature`, kind: 'usage' })),
];

function* knownFeatures(plan: PlanDocument, { features }: PlanFacts): Iterable<PlanProblem> {
  for (const { feature, path, kind } of featureLines(plan)) {
    const known = features.get(feature);
    if (!known) {
      const message = `There is no feature ${feature}: add it by POST /v1/features, or use one that GET /v1/features lists.`;
      yield { code: 'unknown_feature', path, message };
    } else if (known.kind !== kind) {
      const message = `${feature} is a ${known.kind} feature and does not belong here: list it under ${known.kind}.`;
      yield { code: 'feature_kind_mismatch', path, message };
    }
  }
}

function* oneLinePerFeature(plan: PlanDocument): Iterable<PlanProblem> {
  const seen = new Set<string>();
  for (const { feature, path } of featureLines(plan)) {
    // Packs of one feature come in several sizes.
    if (path.startsWith('packs.')) continue;
    if (seen.has(feature)) {
      yield { code: 'duplicate_feature', path, message: `${feature} is listed twice: join the two lines into one.` };
    }
    seen.add(feature);
  }
}

function* packsFit(plan: PlanDocument): Iterable<PlanProblem> {
  const metered = new Set(plan.usage.map(({ feature }) => feature));
  for (const [index, pack] of plan.packs.entries()) {
    if (!metered.has(pack.feature)) {
      const message = `The plan does not count ${pack.feature}: add it under usage before selling packs of it.`;
      yield { code: 'pack_feature_not_in_plan', path: `packs.${index}.feature`, message };
    }
    if (new Decimal(pack.quantity).isZero()) {
      const message = 'A pack of nothing cannot be sold: write a quantity above 0.';
      yield { code: 'pack_empty', path: `packs.${index}.quantity`, message };
    }
    if (pack.validDays === 0) {
      const message = 'The pack would be over as it is bought: write at least 1 day, or leave validDays out.';
      yield { code: 'pack_never_valid', path: `packs.${index}.validDays`, message };
    }
  }
}

function* limitCoversIncluded(plan: PlanDocument): Iterable<PlanProblem> {
  const { maxConcurrency } = plan.limits;
  const included = plan.recurring.find(({ feature }) => feature === 'concurrency')?.included;
  if (maxConcurrency === undefined || included === undefined || maxConcurrency >= included) return;
  const message = `The plan includes ${included} concurrent calls: raise the limit to ${included} or more, or include fewer.`;
  yield { code: 'limit_below_included', path: 'limits.maxConcurrency', message };
}

function* shareFitsType(plan: PlanDocument): Iterable<PlanProblem> {
  if (plan.type === 'revenue_sharing' && plan.revenueShare === null) {
    const message = 'A revenue-sharing plan says who gets what: give revenueShare.agencyPercent.';
    yield { code: 'revenue_share_missing', path: 'revenueShare', message };
  }
  if (plan.type === 'usage_based' && plan.revenueShare !== null) {
    const message = 'A usage-based plan shares nothing: leave revenueShare out, or make the type revenue_sharing.';
    yield { code: 'revenue_share_unexpected', path: 'revenueShare', message };
  }
}

function* currencyHasRate(plan: PlanDocument, { rates }: PlanFacts): Iterable<PlanProblem> {
  const rate = plan.currency === 'USD' ? '1' : rates.get(plan.currency);
  if (rate === undefined) {
    const message = `Balances are in USD and ${plan.currency} has no rate to it: use ${['USD', ...rates.keys()].join(' or ')}.`;
    yield { code: 'currency_without_rate', path: 'currency', message };
    return;
  }
  for (const [index, line] of freezeUsage(plan, rate).usage.entries()) {
    const asked = plan.usage[index]?.overagePrice ?? plan.usage[index]?.unitPrice;
    if (line.price === null || asked === undefined || new Decimal(asked).isZero()) continue;
    if (!new Decimal(line.price).isZero()) continue;
    const message = 'This rounds to 0 USD per unit, which would be free: raise it, or write 0.';
    yield { code: 'price_rounds_to_zero', path: `usage.${index}.overagePrice`, message };
  }
}

function* chargeablePrices(plan: PlanDocument, { accounts }: PlanFacts): Iterable<PlanProblem> {
  const once = [
    ...cyclePrices(plan).map(({ cycle, price }) => ({ path: `cycles.${cycle}`, price, mayBeFree: true })),
    ...plan.packs.map((pack, index) => ({
      path: `packs.${index}.price`,
      price: Money.of(pack.price, plan.currency),
      mayBeFree: false,
    })),
  ];
  for (const { path, price, mayBeFree } of once) {
    if (price.isZero && mayBeFree) continue;
    if (price.isZero) {
      yield { code: 'price_below_minimum', path, message: 'A pack is paid for by card: write a price above 0.' };
      continue;
    }
    for (const account of accounts) {
      const asked = accountPrice(price, plan.tax, account)?.amount;
      if (asked && asked.compare(account.minimumCharge) < 0) {
        const message = `${asked} cannot be charged: ask for at least ${account.minimumCharge}.`;
        yield { code: 'price_below_minimum', path, message };
        break;
      }
      if (asked && asked.compare(account.maximumCharge) > 0) {
        const message = `${asked} cannot be charged at once: ask for at most ${account.maximumCharge}.`;
        yield { code: 'price_above_maximum', path, message };
        break;
      }
    }
  }
}

/** Later rules compute with the numbers, so they are asked only about numbers that earlier ones let pass. */
const numberRules: readonly Rule[] = [noNegatives, storableNumbers, writableDecimals];

const meaningRules: readonly Rule[] = [
  knownFeatures,
  oneLinePerFeature,
  cyclesFitModel,
  payAsYouGoCharges,
  invoicedOverageHasPrice,
  packsFit,
  limitCoversIncluded,
  shareFitsType,
  currencyHasRate,
  chargeablePrices,
];

/** Everything wrong with a plan of the right shape, in the order of importance; empty when it can be published. */
export function checkPlan(plan: PlanDocument, facts: PlanFacts): readonly PlanProblem[] {
  for (const rules of [numberRules, meaningRules]) {
    const problems = rules.flatMap((rule) => [...rule(plan, facts)]);
    if (problems.length > 0) return problems;
  }
  return [];
}
