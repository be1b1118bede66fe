import { z } from 'zod';
import { chargingPrice } from './account-price.ts';
import { packIdsOf } from './pack.ts';
import { planDocumentSchema, type VersionDocument } from './plan-document.ts';

const { usage: _usage, ...shape } = planDocumentSchema.shape;

/**
 * A plan as a client sees it. What is the agency's own business stays out: the internal name, the internal value of a
 * unit, the plan's type and the revenue share.
 */
export const offeredPlanSchema = z.object({
  id: z.string(),
  version: z.int(),
  displayName: shape.displayName,
  description: shape.description,
  pricingModel: shape.pricingModel,
  cycles: shape.cycles,
  currency: shape.currency,
  tax: shape.tax,
  trialDays: shape.trialDays,
  trialEnd: shape.trialEnd,
  usage: z.array(
    z.object({
      feature: z.string(),
      included: z.string(),
      price: z
        .string()
        .nullable()
        .meta({ description: 'Per unit above what is included; null where usage stops there.' }),
      collect: z.enum(['balance', 'invoice']),
    }),
  ),
  recurring: shape.recurring,
  limits: shape.limits,
  packs: shape.packs,
  packIds: z.array(z.string()).meta({ description: 'What each of `packs` is bought by, by a client on this version.' }),
  custom: z.boolean().meta({ description: 'Made for this client.' }),
});
export type OfferedPlan = z.output<typeof offeredPlanSchema>;

export function offeredPlan(id: string, version: number, document: VersionDocument): OfferedPlan {
  const { displayName, description, pricingModel, cycles, currency, tax, trialDays, trialEnd } = document;
  const { recurring, limits, packs } = document;
  return {
    ...{ id, version, displayName, description, pricingModel, cycles, currency, tax, trialDays, trialEnd },
    usage: document.usage.map((line) => ({
      feature: line.feature,
      included: line.included,
      price: chargingPrice(document, line),
      collect: line.collect,
    })),
    ...{ recurring, limits, packs, packIds: packIdsOf(id, version, document), custom: document.customerId !== null },
  };
}
