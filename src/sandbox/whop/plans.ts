import type Whop from '@whop/sdk';
import { newWhopId } from './ids.ts';

export interface PlanTerms {
  readonly planType: Whop.Plan['plan_type'];
  readonly currency: Whop.Plan['currency'];
  readonly initialPrice: number;
  readonly renewalPrice: number;
  readonly billingPeriod: number | null;
  readonly title: string | null;
  readonly metadata: unknown;
  readonly visibility: Whop.Plan['visibility'];
  readonly taxType: Whop.Plan['tax_type'];
  /** Whop's default is on. */
  readonly adaptivePricing: boolean;
}

interface PlanPlace {
  readonly account: string;
  readonly product: Whop.Product | null;
  readonly baseUrl: string;
  readonly now: string;
}

export function buildPlan(terms: PlanTerms, { account, product, baseUrl, now }: PlanPlace): Whop.Plan {
  const id = newWhopId('plan');
  return {
    id,
    account: { id: account },
    adaptive_pricing_enabled: terms.adaptivePricing,
    billing_period: terms.billingPeriod,
    collect_tax: true,
    created_at: now,
    currency: terms.currency,
    custom_fields: [],
    description: null,
    expiration_days: null,
    initial_price: terms.initialPrice,
    internal_notes: null,
    invoice: null,
    member_count: 0,
    metadata: terms.metadata,
    payment_method_configuration: null,
    plan_type: terms.planType,
    product: product && { id: product.id, title: product.title },
    purchase_url: `${baseUrl}/whop/plans/${id}`,
    release_method: 'buy_now',
    renewal_price: terms.renewalPrice,
    split_pay_required_payments: null,
    stock: null,
    tax_type: terms.taxType,
    three_ds_level: null,
    title: terms.title,
    trial_period_days: null,
    unlimited_stock: true,
    updated_at: now,
    visibility: terms.visibility,
  };
}
