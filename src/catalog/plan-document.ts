import { z } from 'zod';
import { currencyCodes } from '../money/currency.ts';

/**
 * The shape of a plan, as it is written, stored and answered. Amounts and quantities are decimal strings, amounts in
 * the plan's own currency. What a plan must obey beyond its shape is in check-plan.ts, each rule with a code of its own.
 */

const decimalPattern = /^-?\d{1,20}(\.\d{1,20})?$/;

/** A decimal number in a string. The sign passes here, so that a negative one gets a sentence of its own later. */
const decimal = z
  .string({ error: 'Write the number in quotes, such as "49.00": a bare number would lose digits.' })
  .regex(decimalPattern, 'Write a decimal number in quotes, such as "49.00".');
/** Numbers outside what a 32-bit column holds are nobody's allowance. */
const count = z.int().max(2_147_483_647);
const featureId = z.string().min(1).max(60);

export const planTypes = ['usage_based', 'revenue_sharing'] as const;
export const pricingModels = ['fixed', 'pay_as_you_go'] as const;
export const visibilities = ['visible', 'hidden'] as const;
export const planStatuses = ['draft', 'published', 'disabled', 'archived'] as const;
export const aggregations = ['sum', 'max', 'last'] as const;

/** A form sends a ticked cycle without an amount as nothing: that has a code of its own, other mistakes are the decimal's. */
const cyclePrice = z
  .custom<string>()
  .superRefine((written, context) => {
    if (written === null || written === '') {
      const message = 'A cycle is sold for a price: write one, such as "49.00", or leave the cycle out.';
      context.addIssue({ code: 'custom', message, params: { code: 'cycle_without_price' } });
      return;
    }
    for (const { message } of decimal.safeParse(written).error?.issues ?? []) {
      context.addIssue({ code: 'custom', message });
    }
  })
  .meta({ type: 'string', pattern: decimalPattern.source, example: '49.00' });

const cyclesSchema = z.strictObject({
  monthly: cyclePrice.optional(),
  quarterly: cyclePrice.optional(),
  yearly: cyclePrice.optional(),
});

const taxSchema = z.strictObject({
  name: z.string().trim().min(1).max(50),
  percent: decimal,
  inclusive: z.boolean(),
});

/** `unitPrice` informs (on pay-as-you-go it is the price if `overagePrice` is absent); `overagePrice` charges. */
const usageLineSchema = z.strictObject({
  feature: featureId,
  included: decimal.default('0'),
  unitPrice: decimal.optional(),
  overagePrice: decimal.optional(),
  aggregation: z.enum(aggregations).optional(),
  collect: z.enum(['balance', 'invoice']).default('balance'),
});

/** `unitPrice` is per month and per extra one; without it no extra one can be bought. */
const recurringLineSchema = z.strictObject({
  feature: featureId,
  included: count,
  unitPrice: decimal.optional(),
});

const limitsSchema = z.strictObject({ maxConcurrency: count.optional() });

const packSchema = z.strictObject({
  feature: featureId,
  quantity: decimal,
  price: decimal,
  validDays: count.optional(),
});

const revenueShareSchema = z.strictObject({ agencyPercent: decimal });

const fields = {
  name: z.string().trim().min(1).max(100),
  displayName: z.string().trim().min(1).max(250),
  description: z.string().trim().min(1).max(500).nullable(),
  type: z.enum(planTypes),
  pricingModel: z.enum(pricingModels),
  cycles: cyclesSchema,
  currency: z.enum(currencyCodes, { error: 'Use the three upper-case letters of a currency, such as USD.' }),
  tax: taxSchema.nullable(),
  trialDays: count,
  visibility: z.enum(visibilities),
  usage: z.array(usageLineSchema).max(50),
  recurring: z.array(recurringLineSchema).max(50),
  limits: limitsSchema,
  packs: z.array(packSchema).max(50),
  trialEnd: z.enum(['pause', 'continue', 'convert']),
  customerId: z.string().min(1).max(90).nullable(),
  revenueShare: revenueShareSchema.nullable(),
};

const withDefaults = {
  ...fields,
  description: fields.description.default(null),
  cycles: fields.cycles.default({}),
  tax: fields.tax.default(null),
  trialDays: fields.trialDays.default(0),
  visibility: fields.visibility.default('visible'),
  usage: fields.usage.default([]),
  recurring: fields.recurring.default([]),
  limits: fields.limits.default({}),
  packs: fields.packs.default([]),
  trialEnd: fields.trialEnd.default('pause'),
  customerId: fields.customerId.default(null),
  revenueShare: fields.revenueShare.default(null),
};

/** A whole plan, nothing left open. */
export const planDocumentSchema = z.strictObject(withDefaults);
export type PlanDocument = z.output<typeof planDocumentSchema>;
export type PlanDocumentInput = z.input<typeof planDocumentSchema>;

/** The body of `POST /v1/plans`. */
export const newPlanSchema = z.strictObject({
  agencyId: z.string().min(1).max(90).optional(),
  ...withDefaults,
  publish: z.boolean().default(false),
});
export type NewPlan = z.output<typeof newPlanSchema>;

/** The body of `PATCH /v1/plans/:id`: a named field replaces the whole of that field. Without defaults, or absent would reset. */
export const planPatchSchema = z.strictObject(fields).partial();
export type PlanPatch = z.output<typeof planPatchSchema>;

/** A usage line's prices in USD, the currency of balances. What charges is `price`; null stops hard at the included quantity. */
const usdLineSchema = z.strictObject({
  feature: featureId,
  unitPrice: decimal.nullable(),
  price: decimal.nullable(),
});

/** What publication freezes beside the plan: its usage prices in USD and the rate (plan currency per USD) they were made at. */
export const frozenUsageSchema = z.strictObject({ usdRate: decimal, usage: z.array(usdLineSchema) });
export type FrozenUsage = z.output<typeof frozenUsageSchema>;

/** What a plan version stores. `frozen` is null while the version is a draft. */
export const versionDocumentSchema = z.strictObject({ ...withDefaults, frozen: frozenUsageSchema.nullable() });
export type VersionDocument = z.output<typeof versionDocumentSchema>;

/** The plan alone. */
export function withoutFrozen(document: VersionDocument): PlanDocument {
  const { frozen: _, ...plan } = document;
  return plan;
}
