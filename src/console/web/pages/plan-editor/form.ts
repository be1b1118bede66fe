import type { paths, Schemas } from '../../api/schema.ts';

type NewPlan = paths['/v1/plans']['post']['requestBody']['content']['application/json'];
type Patch = paths['/v1/plans/{id}']['patch']['requestBody']['content']['application/json'];
type Plan = Schemas['Plan'];
export type Cycle = 'monthly' | 'quarterly' | 'yearly';

/** A line of a list; `key` tells it from the others while they move. */
export interface UsageLine {
  readonly key: string;
  readonly feature: string;
  readonly included: string;
  readonly unitPrice: string;
  readonly overagePrice: string;
  readonly collect: 'balance' | 'invoice';
  readonly aggregation?: 'sum' | 'max' | 'last';
}
export interface RecurringLine {
  readonly key: string;
  readonly feature: string;
  readonly included: string;
  readonly unitPrice: string;
}
export interface PackLine {
  readonly key: string;
  readonly feature: string;
  readonly quantity: string;
  readonly price: string;
  readonly validDays: string;
}

/** The fields as they are typed: the API alone decides what of it is in order. */
export interface PlanForm {
  readonly type: NewPlan['type'];
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly pricingModel: NewPlan['pricingModel'];
  /** A cycle that is ticked has an entry. */
  readonly cycles: Readonly<Partial<Record<Cycle, string>>>;
  readonly currency: NewPlan['currency'];
  readonly taxed: boolean;
  readonly taxName: string;
  readonly taxPercent: string;
  readonly taxInclusive: boolean;
  readonly trialDays: string;
  readonly trialEnd: 'pause' | 'continue' | 'convert';
  readonly visibility: 'visible' | 'hidden';
  readonly agencyPercent: string;
  readonly usage: readonly UsageLine[];
  readonly recurring: readonly RecurringLine[];
  readonly maxConcurrency: string;
  readonly packs: readonly PackLine[];
}

export const newKey = (): string => crypto.randomUUID();

export const newUsage = (feature = 'call_minutes'): UsageLine => ({
  key: newKey(),
  feature,
  included: '0',
  unitPrice: '',
  overagePrice: '',
  collect: 'balance',
});

/** A form to begin with: a plan of one month with call minutes in it. */
export const emptyForm = (): PlanForm => ({
  type: 'usage_based',
  name: '',
  displayName: '',
  description: '',
  pricingModel: 'fixed',
  cycles: { monthly: '' },
  currency: 'USD',
  taxed: false,
  taxName: 'GST',
  taxPercent: '5',
  taxInclusive: true,
  trialDays: '0',
  trialEnd: 'pause',
  visibility: 'visible',
  agencyPercent: '',
  usage: [{ ...newUsage(), included: '100', overagePrice: '0.20' }],
  recurring: [],
  maxConcurrency: '',
  packs: [],
});

/** What is drafted of a plan, else what is for sale. */
export function formOf(plan: Plan): PlanForm {
  const from = plan.draft ?? plan;
  return {
    type: from.type,
    name: plan.name,
    displayName: from.displayName,
    description: from.description ?? '',
    pricingModel: from.pricingModel,
    cycles: from.cycles ?? {},
    currency: from.currency,
    taxed: Boolean(from.tax),
    taxName: from.tax?.name ?? 'GST',
    taxPercent: from.tax?.percent ?? '5',
    taxInclusive: from.tax?.inclusive ?? true,
    trialDays: String(from.trialDays ?? 0),
    trialEnd: from.trialEnd ?? 'pause',
    visibility: plan.visibility ?? 'visible',
    agencyPercent: from.revenueShare?.agencyPercent ?? '',
    usage: (from.usage ?? []).map(
      ({ included = '0', unitPrice = '', overagePrice = '', collect = 'balance', ...line }) => ({
        ...line,
        key: newKey(),
        included,
        unitPrice,
        overagePrice,
        collect,
      }),
    ),
    recurring: (from.recurring ?? []).map(({ feature, included, unitPrice = '' }) => ({
      key: newKey(),
      feature,
      included: String(included),
      unitPrice,
    })),
    maxConcurrency: from.limits?.maxConcurrency === undefined ? '' : String(from.limits.maxConcurrency),
    packs: (from.packs ?? []).map(({ feature, quantity, price, validDays }) => ({
      key: newKey(),
      feature,
      quantity,
      price,
      validDays: validDays === undefined ? '' : String(validDays),
    })),
  };
}

const isGiven = (text: string): boolean => text.trim() !== '';

/** The fields as the API takes them; what a plan by use has none of is not sent, however it was typed before. What is a quantity or an amount stays text; a count becomes a number. */
export function bodyOf(form: PlanForm) {
  const isFixed = form.pricingModel === 'fixed';
  return {
    type: form.type,
    name: form.name.trim(),
    displayName: form.displayName.trim(),
    description: isGiven(form.description) ? form.description.trim() : null,
    pricingModel: form.pricingModel,
    cycles: isFixed ? form.cycles : {},
    currency: form.currency,
    tax: form.taxed
      ? { name: form.taxName.trim(), percent: form.taxPercent.trim(), inclusive: form.taxInclusive }
      : null,
    trialDays: isFixed ? Number(form.trialDays) : 0,
    trialEnd: form.trialEnd,
    visibility: form.visibility,
    usage: form.usage.map(({ feature, included, unitPrice, overagePrice, collect, aggregation }) => ({
      feature,
      included: isFixed ? included.trim() : '0',
      ...(isGiven(unitPrice) ? { unitPrice: unitPrice.trim() } : {}),
      ...(isGiven(overagePrice) ? { overagePrice: overagePrice.trim() } : {}),
      ...(aggregation ? { aggregation } : {}),
      collect,
    })),
    recurring: form.recurring.map(({ feature, included, unitPrice }) => ({
      feature,
      included: Number(included),
      ...(isGiven(unitPrice) ? { unitPrice: unitPrice.trim() } : {}),
    })),
    limits: isGiven(form.maxConcurrency) ? { maxConcurrency: Number(form.maxConcurrency) } : {},
    packs: form.packs.map(({ feature, quantity, price, validDays }) => ({
      feature,
      quantity: quantity.trim(),
      price: price.trim(),
      ...(isGiven(validDays) ? { validDays: Number(validDays) } : {}),
    })),
    revenueShare:
      form.type === 'revenue_sharing' && isGiven(form.agencyPercent)
        ? { agencyPercent: form.agencyPercent.trim() }
        : null,
  } satisfies Patch;
}
export type PlanBody = ReturnType<typeof bodyOf>;
