import { Decimal } from 'decimal.js';
import type { VersionDocument } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { Money } from '../money/money.ts';

/** What a client lives on; `agencyId` is the plan's, which is the platform's where the plan is resold. */
export interface LivePlan {
  readonly agencyId: string;
  readonly planId: string;
  readonly version: number;
  readonly document: Pick<VersionDocument, 'type' | 'tax' | 'revenueShare'>;
}

/** The plan of a client's live subscription, at the version that it was sold at; null without one. */
export type LivePlanOf = (
  sql: Sql,
  customer: { readonly agencyId: string; readonly customerId: string },
) => Promise<LivePlan | null>;

/** By what a payment is shared. Percentages are decimal strings out of 100. */
export interface ShareTerms {
  readonly agencyPercent: string;
  /** Of the plan's tax, which is nobody's to share. */
  readonly taxPercent: string;
}

/** The terms of a plan; null where it shares nothing. */
export function shareTermsOf({ type, tax, revenueShare }: LivePlan['document']): ShareTerms | null {
  if (type !== 'revenue_sharing' || revenueShare === null) return null;
  return { agencyPercent: revenueShare.agencyPercent, taxPercent: tax?.percent ?? '0' };
}

export interface Parts {
  readonly platform: Money;
  readonly agency: Money;
}

/**
 * Splits what a client is charged (RULES 23). The base is net of tax: a prepaid balance is drawn gross whether the plan's prices
 * include the tax or not, so that tax is in every amount charged for it. The platform's part is rounded once, half-up, to what can
 * be charged in the currency, for a provider takes no finer fee; the remainder, with the tax in it, is the agency's.
 */
export function splitCharge(charged: Money, { agencyPercent, taxPercent }: ShareTerms): Parts {
  // One division at the end: charged × (100 − p) / (100 + t) is the part of the base, without an intermediate rounding.
  const dividend = charged.times(new Decimal(100).minus(agencyPercent));
  const exact = Money.of(dividend.amount.div(new Decimal(100).plus(taxPercent)), charged.currency.code);
  const rounded = exact.roundedToChargeable();
  const platform = rounded.compare(charged) > 0 ? charged : rounded;
  return { platform, agency: charged.minus(platform) };
}
