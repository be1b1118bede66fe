import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  emptyable,
  flag,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';

const percentage = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,4})?$/, 'must have at most four decimals')
  .transform(Number)
  .refine((value) => value <= 100, 'must be between 0 and 100');

const displayName = text.refine((name) => name.length <= 50, 'must be at most 50 characters');
const country = text.refine((code) => /^[A-Z]{2}$/.test(code), 'must be a two-letter country code');

const taxRateCreate = parameters({
  display_name: displayName,
  inclusive: flag,
  percentage,
  active: flag.optional(),
  country: country.optional(),
  description: text.optional(),
  jurisdiction: text.optional(),
  metadata: metadata.optional(),
  state: text.optional(),
  tax_type: text.optional(),
} satisfies Rules<Stripe.TaxRateCreateParams>);

/** The percentage and `inclusive` are not here: they never change (api/tax_rates/update). */
const taxRateUpdate = parameters({
  active: flag.optional(),
  country: country.optional(),
  description: text.optional(),
  display_name: displayName.optional(),
  jurisdiction: text.optional(),
  metadata: emptyable(metadata).optional(),
  state: text.optional(),
  tax_type: text.optional(),
} satisfies Rules<Stripe.TaxRateUpdateParams>);

const taxRateList = parameters({
  ...paging,
  created: created.optional(),
  active: flag.optional(),
  inclusive: flag.optional(),
} satisfies Rules<Stripe.TaxRateListParams>);

async function createTaxRate(call: Call, params: z.output<typeof taxRateCreate>): Promise<Stripe.TaxRate> {
  const taxRate: Stripe.TaxRate = {
    id: newStripeId('txr'),
    object: 'tax_rate',
    active: params.active ?? true,
    country: params.country ?? null,
    created: call.nowSeconds,
    description: params.description ?? null,
    display_name: params.display_name,
    effective_percentage: params.percentage,
    flat_amount: null,
    inclusive: params.inclusive,
    jurisdiction: params.jurisdiction ?? null,
    jurisdiction_level: null,
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    percentage: params.percentage,
    rate_type: 'percentage',
    state: params.state ?? null,
    tax_type: params.tax_type ?? null,
  };
  call.store.save('tax_rate', taxRate);
  call.emit('tax_rate.created', taxRate, taxRate.id);
  return taxRate;
}

async function updateTaxRate(call: Call, params: z.output<typeof taxRateUpdate>, id: string): Promise<Stripe.TaxRate> {
  const taxRate = await call.store.lock('tax_rate', id, 'id');
  const updated: Stripe.TaxRate = {
    ...taxRate,
    active: params.active ?? taxRate.active,
    country: params.country ?? taxRate.country,
    description: params.description ?? taxRate.description,
    display_name: params.display_name ?? taxRate.display_name,
    jurisdiction: params.jurisdiction ?? taxRate.jurisdiction,
    metadata: mergeMetadata(taxRate.metadata ?? {}, params.metadata),
    state: params.state ?? taxRate.state,
    tax_type: params.tax_type ?? taxRate.tax_type,
  };
  call.store.save('tax_rate', updated);
  call.emit('tax_rate.updated', updated, id);
  return updated;
}

export const taxRateRoutes: readonly Route[] = [
  route('POST', '/v1/tax_rates', taxRateCreate, createTaxRate),
  route('GET', '/v1/tax_rates/:id', parameters({}), (call, _params, id) => call.store.get('tax_rate', id, 'id')),
  route('POST', '/v1/tax_rates/:id', taxRateUpdate, updateTaxRate),
  route('GET', '/v1/tax_rates', taxRateList, (call, params) =>
    listDocuments(call.store, 'tax_rate', '/v1/tax_rates', params, {
      all: [
        ...(params.active === undefined ? [] : [`active:${params.active}`]),
        ...(params.inclusive === undefined ? [] : [`inclusive:${params.inclusive}`]),
      ],
    }),
  ),
];
