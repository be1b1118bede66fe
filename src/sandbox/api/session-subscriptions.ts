import { Decimal } from 'decimal.js';
import type Stripe from 'stripe';
import { z } from 'zod';
import { sameRecurrence } from '../billing-periods.ts';
import type { Call } from '../call.ts';
import { requireChargeable } from '../countries.ts';
import type { PlannedItem } from '../document-types.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { buildLine, totalsOf } from '../invoice-lines.ts';
import { integer, list, mergeMetadata, metadata, type Rules, text } from '../parameters.ts';
import { requireCharges } from '../payments.ts';
import { isMetered, itemsMax, recurringOf } from '../subscription-items.ts';
import { requireOneCurrency, requireSubscribable, taxRatesOf } from './planned-items.ts';
import { type lineItem, priceOf } from './session-lines.ts';
import { buildSession, type SessionRequest, type SessionSetting } from './session-objects.ts';
import { billingMode, percent, requireFeePercent, trialSettings } from './subscription-rules.ts';

export const subscriptionData = z.strictObject({
  application_fee_percent: percent.optional(),
  billing_mode: billingMode.optional(),
  default_tax_rates: list(text).optional(),
  description: text.optional(),
  invoice_settings: z.strictObject({ issuer: z.strictObject({ type: z.literal('self') }).optional() }).optional(),
  metadata: metadata.optional(),
  trial_end: integer.optional(),
  trial_period_days: integer.refine((days) => days >= 1 && days <= 730, 'must be 1 to 730 days').optional(),
  trial_settings: trialSettings.optional(),
} satisfies Rules<Stripe.Checkout.SessionCreateParams.SubscriptionData>);

interface SubscriptionSessionRequest extends SessionRequest {
  readonly currency?: string | undefined;
  readonly line_items?: readonly z.output<typeof lineItem>[] | undefined;
  readonly subscription_data?: z.output<typeof subscriptionData> | undefined;
}

/** A trial's end has to lie this far ahead (api/checkout/sessions/create, subscription_data.trial_end). */
const trialAheadSeconds = 48 * 3600;

async function plannedOf(call: Call, item: z.output<typeof lineItem>, index: number): Promise<PlannedItem> {
  const param = `line_items[${index}]`;
  const price = await priceOf(call, item, param);
  if (isMetered(price) && item.quantity !== undefined) {
    throw invalidRequest('Quantity should not be specified where usage_type is `metered`.', {
      param: `${param}[quantity]`,
    });
  }
  return {
    price,
    quantity: isMetered(price) ? null : (item.quantity ?? 1),
    taxRates: await taxRatesOf(call, item.tax_rates, `${param}[tax_rates]`),
    metadata: item.metadata ?? {},
  };
}

/** Throws 400 for what Checkout does not sell: nothing recurring, several intervals or currencies, too many lines. */
function requireSellable(recurring: readonly PlannedItem[], oneTime: readonly PlannedItem[]): void {
  const param = 'line_items';
  const [first] = recurring;
  if (!first) {
    throw invalidRequest('You must provide at least one recurring price in `subscription` mode when using prices.', {
      param,
    });
  }
  if (oneTime.length > itemsMax) throw invalidRequest(`At most ${itemsMax} one-time prices.`, { param });
  requireSubscribable(recurring, param);
  requireOneCurrency([...recurring, ...oneTime], param);
  const interval = recurringOf(first.price);
  if (recurring.some(({ price }) => !sameRecurrence(recurringOf(price), interval))) {
    throw invalidRequest('Checkout does not support multiple prices with different billing intervals.', { param });
  }
}

function requireTrial(call: Call, data: z.output<typeof subscriptionData>): void {
  const { trial_end: end, trial_period_days: days } = data;
  if (end !== undefined && days !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: trial_end, trial_period_days.', {
      code: 'parameters_exclusive',
      param: 'subscription_data[trial_end]',
    });
  }
  if (end !== undefined && end < call.nowSeconds + trialAheadSeconds) {
    throw invalidRequest('The `trial_end` date has to be at least 2 days in the future.', {
      param: 'subscription_data[trial_end]',
    });
  }
}

interface Pricing {
  /** Nothing recurring is due today. */
  readonly onTrial: boolean;
  readonly defaultTaxRates: readonly Stripe.TaxRate[];
}

/** What the line costs today, as the first invoice will have it. */
function lineOf(call: Call, planned: PlannedItem, { onTrial, defaultTaxRates }: Pricing): Stripe.LineItem {
  const free = planned.quantity === null || (onTrial && planned.price.recurring !== null);
  const now = call.nowSeconds;
  const line = buildLine(
    {
      price: planned.price,
      quantity: new Decimal(free ? 0 : (planned.quantity ?? 0)),
      taxRates: planned.taxRates.length > 0 ? planned.taxRates : defaultTaxRates,
      period: { start: now, end: now },
      description: planned.price.nickname ?? '',
      metadata: {},
      itemId: null,
    },
    '',
    '',
  );
  const { subtotal, total, total_taxes: taxes } = totalsOf([line]);
  return {
    id: newStripeId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: subtotal,
    amount_tax: (taxes ?? []).reduce((sum, tax) => sum + tax.amount, 0),
    amount_total: total,
    currency: planned.price.currency,
    description: planned.price.nickname,
    metadata: planned.metadata,
    price: planned.price,
    quantity: planned.quantity,
  };
}

/** A session that begins a subscription when it is completed. Throws 400 for what cannot be sold. */
export async function createSubscriptionSession(
  call: Call,
  params: SubscriptionSessionRequest,
  opening: Pick<SessionSetting, 'customer' | 'expiresAt'>,
): Promise<Stripe.Checkout.Session> {
  if (!opening.customer) {
    throw invalidRequest('The sandbox makes no customers in `subscription` mode: name one.', {
      code: 'parameter_missing',
      param: 'customer',
    });
  }
  const planned: PlannedItem[] = [];
  for (const [index, item] of (params.line_items ?? []).entries()) planned.push(await plannedOf(call, item, index));
  const recurring = planned.filter(({ price }) => price.recurring);
  const oneTime = planned.filter(({ price }) => !price.recurring);
  requireSellable(recurring, oneTime);
  const currency = recurring[0]?.price.currency ?? '';
  if (params.currency !== undefined && params.currency !== currency) {
    throw invalidRequest('All prices must be of the currency of the session.', { param: 'currency' });
  }
  const data = params.subscription_data ?? {};
  requireTrial(call, data);
  requireFeePercent(call, data.application_fee_percent, 'subscription_data[application_fee_percent]');
  const onTrial = data.trial_end !== undefined || data.trial_period_days !== undefined;
  const defaultTaxRates = await taxRatesOf(call, data.default_tax_rates, 'subscription_data[default_tax_rates]');
  const lines = planned.map((item) => lineOf(call, item, { onTrial, defaultTaxRates }));
  const sum = (of: (line: Stripe.LineItem) => number) => lines.reduce((total, line) => total + of(line), 0);
  const total = sum((line) => line.amount_total);
  requireCharges(call);
  requireChargeable(call.account.country, currency, 'currency');
  const collection = params.payment_method_collection ?? 'always';
  const session = buildSession(
    call,
    { ...params, payment_method_collection: collection },
    { ...opening, currency, total, subtotal: sum((line) => line.amount_subtotal) },
  );
  call.store.save('checkout.session', session);
  call.store.save('session_subscription', {
    id: session.id,
    created: call.nowSeconds,
    items: recurring,
    oneTime,
    applicationFeePercent: data.application_fee_percent ?? null,
    defaultTaxRates,
    description: data.description ?? null,
    metadata: mergeMetadata({}, data.metadata),
    trialEnd: data.trial_end ?? null,
    trialDays: data.trial_period_days ?? null,
    missingPaymentMethod: data.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    alwaysCollects: collection === 'always',
    subscriptionId: null,
    setupId: null,
  });
  for (const line of lines) call.store.save('item', line, [`session:${session.id}`]);
  return session;
}
