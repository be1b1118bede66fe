import { z } from 'zod';
import { monthsOf } from '../catalog/account-price.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import { invalidField } from '../errors.ts';
import type { SubscriptionLine } from '../providers/subscription-ports.ts';
import type { AddOns, Subscription } from './subscription.ts';

export type Cycle = NonNullable<Subscription['cycle']>;

/** What a client subscribes to. */
export interface Choice {
  readonly cycle: Cycle;
  readonly addOns: AddOns;
}

/** Lines as they are kept with what was sold by them. */
export const storedLines = z
  .array(z.object({ priceId: z.string(), quantity: z.number().nullable(), taxRateIds: z.array(z.string()).readonly() }))
  .readonly();

/**
 * Checks a choice against the plan. Throws `AppError` 422: `plan_needs_no_checkout` for a plan without a base fee, `cycle_not_offered`,
 * `add_on_unknown`, `add_on_not_for_sale`, `add_on_above_limit`.
 */
export function requireChoice(document: VersionDocument, { cycle, addOns }: Choice): void {
  if (document.pricingModel !== 'fixed') {
    throw invalidField('planId', 'plan_needs_no_checkout', 'This plan has no base fee: it is started, not bought.');
  }
  if (document.cycles[cycle] === undefined) {
    const offered = Object.keys(document.cycles).join(', ');
    throw invalidField('cycle', 'cycle_not_offered', `The plan is not sold by this cycle; it is by: ${offered}.`);
  }
  for (const [feature, extra] of Object.entries(addOns)) {
    const path = `addOns.${feature}`;
    const line = document.recurring.find((recurring) => recurring.feature === feature);
    if (!line) throw invalidField(path, 'add_on_unknown', 'The plan does not have this feature.');
    if (line.unitPrice === undefined) {
      throw invalidField(path, 'add_on_not_for_sale', 'The plan sells no more of this feature than it includes.');
    }
    const most = feature === 'concurrency' ? document.limits.maxConcurrency : undefined;
    if (most !== undefined && line.included + extra > most) {
      throw invalidField(
        path,
        'add_on_above_limit',
        `The plan allows ${most} at most, ${line.included} of them included.`,
      );
    }
  }
}

/** Add-ons of none say nothing. */
export const chosenAddOns = (addOns: AddOns): AddOns =>
  Object.fromEntries(Object.entries(addOns).filter(([, extra]) => extra > 0));

/** Features whose overage the provider invoices. */
export const invoicedFeatures = ({ usage }: Pick<VersionDocument, 'usage'>): readonly string[] =>
  usage.filter(({ collect }) => collect === 'invoice').map(({ feature }) => feature);

/** The parts of a plan that a choice buys, with their quantities; null counts by itself. */
export const soldParts = (
  document: VersionDocument,
  { cycle, addOns }: Choice,
): readonly { readonly key: string; readonly quantity: number | null }[] => [
  { key: `base:${cycle}`, quantity: 1 },
  ...Object.entries(chosenAddOns(addOns)).map(([feature, quantity]) => ({
    key: `addon:${feature}:${cycle}`,
    quantity,
  })),
  ...invoicedFeatures(document).map((feature) => ({ key: `overage:${feature}`, quantity: null })),
];

/**
 * The provider's page sells one interval: a base fee by the quarter or year beside overage by the month goes by way of a saved card
 * (docs.stripe.com, mixed intervals: not through Checkout).
 */
export const needsSetupFirst = (document: VersionDocument, { cycle }: Choice): boolean =>
  monthsOf[cycle] > 1 && invoicedFeatures(document).length > 0;

/** The lines of a subscription from the parts that the account carries. Null names a part that it does not. */
export function linesOf(
  parts: ReturnType<typeof soldParts>,
  remoteIds: ReadonlyMap<string, string>,
): readonly SubscriptionLine[] | { readonly missing: string } {
  const tax = remoteIds.get('tax');
  const lines: SubscriptionLine[] = [];
  for (const { key, quantity } of parts) {
    const priceId = remoteIds.get(key);
    if (priceId === undefined) return { missing: key };
    lines.push({ priceId, quantity, taxRateIds: tax === undefined ? [] : [tax] });
  }
  return lines;
}
