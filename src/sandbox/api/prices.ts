import Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { requireChargeable } from '../countries.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  currencyCode,
  decimal,
  emptyable,
  flag,
  integer,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';
import { requireActiveMeter } from './meters.ts';
import { buildProduct } from './products.ts';

const lookupKey = text.refine((key) => key.length <= 200, 'must be at most 200 characters');
const taxBehavior = z.enum(['inclusive', 'exclusive', 'unspecified']);
const interval = z.enum(['day', 'week', 'month', 'year']);

/** A price may recur at most every three years (api/prices/create, interval_count). */
const intervalCountMax = { day: 1095, week: 156, month: 36, year: 3 } as const;

export const recurringRule = z.strictObject({
  interval,
  interval_count: integer.optional(),
} satisfies Rules<Stripe.Checkout.SessionCreateParams.LineItem.PriceData.Recurring>);

const usageType = z.enum(['licensed', 'metered']);

const priceRecurring = recurringRule.extend({
  meter: text.optional(),
  usage_type: usageType.optional(),
} satisfies Rules<Stripe.PriceCreateParams.Recurring>);

const priceCreate = parameters({
  currency: currencyCode,
  active: flag.optional(),
  billing_scheme: z.literal('per_unit').optional(),
  lookup_key: lookupKey.optional(),
  metadata: metadata.optional(),
  nickname: text.optional(),
  product: text.optional(),
  product_data: z
    .strictObject({ name: text, active: flag.optional(), metadata: metadata.optional(), unit_label: text.optional() })
    .optional(),
  recurring: priceRecurring.optional(),
  tax_behavior: taxBehavior.optional(),
  transfer_lookup_key: flag.optional(),
  unit_amount: integer.optional(),
  unit_amount_decimal: decimal.optional(),
} satisfies Rules<Stripe.PriceCreateParams>);

/** Amount, currency, interval and product are not here: a price never changes what it costs (api/prices/update). */
const priceUpdate = parameters({
  active: flag.optional(),
  lookup_key: lookupKey.optional(),
  metadata: emptyable(metadata).optional(),
  nickname: text.optional(),
  tax_behavior: taxBehavior.optional(),
  transfer_lookup_key: flag.optional(),
} satisfies Rules<Stripe.PriceUpdateParams>);

const lookupKeysMax = 10;

const priceList = parameters({
  ...paging,
  created: created.optional(),
  active: flag.optional(),
  currency: currencyCode.optional(),
  lookup_keys: list(text)
    .refine((keys) => keys.length <= lookupKeysMax, `at most ${lookupKeysMax} lookup keys`)
    .optional(),
  product: text.optional(),
  recurring: z
    .strictObject({
      interval: interval.optional(),
      meter: text.optional(),
      usage_type: usageType.optional(),
    } satisfies Rules<Stripe.PriceListParams.Recurring>)
    .optional(),
  type: z.enum(['one_time', 'recurring']).optional(),
} satisfies Rules<Stripe.PriceListParams>);

export interface PriceSetting {
  readonly currency: string;
  readonly active?: boolean | undefined;
  readonly lookup_key?: string | undefined;
  readonly metadata?: Record<string, string> | undefined;
  readonly nickname?: string | undefined;
  readonly recurring?: z.output<typeof priceRecurring> | undefined;
  readonly tax_behavior?: Stripe.Price.TaxBehavior | undefined;
  readonly unit_amount?: number | undefined;
  readonly unit_amount_decimal?: Stripe.Decimal | undefined;
}

/** Throws 400 unless exactly one form of the amount is given and the currency and interval can be. */
export function buildPrice(call: Call, product: string, setting: PriceSetting): Stripe.Price {
  const { unit_amount: units, unit_amount_decimal: exact, recurring } = setting;
  requireChargeable(call.account.country, setting.currency, 'currency');
  if ((units === undefined) === (exact === undefined)) {
    throw invalidRequest('You must specify exactly one of unit_amount and unit_amount_decimal.', {
      code: units === undefined ? 'parameter_missing' : 'parameters_exclusive',
      param: 'unit_amount',
    });
  }
  if (units !== undefined && units < 0) {
    throw invalidRequest('Invalid non-negative integer', { code: 'parameter_invalid_integer', param: 'unit_amount' });
  }
  const count = recurring?.interval_count ?? 1;
  if (recurring && (count < 1 || count > intervalCountMax[recurring.interval])) {
    throw invalidRequest('The interval may be at most three years.', { param: 'recurring[interval_count]' });
  }
  const wholeUnits = exact !== undefined && !exact.toString().includes('.') ? exact.toNumber() : null;
  return {
    id: newStripeId('price'),
    object: 'price',
    active: setting.active ?? true,
    billing_scheme: 'per_unit',
    created: call.nowSeconds,
    currency: setting.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: setting.lookup_key ?? null,
    metadata: mergeMetadata({}, setting.metadata),
    nickname: setting.nickname ?? null,
    product,
    recurring: recurring
      ? {
          interval: recurring.interval,
          interval_count: count,
          meter: recurring.meter ?? null,
          trial_period_days: null,
          usage_type: recurring.usage_type ?? 'licensed',
        }
      : null,
    tax_behavior: setting.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring ? 'recurring' : 'one_time',
    unit_amount: units ?? wholeUnits,
    unit_amount_decimal: exact ?? Stripe.Decimal.from(String(units)),
  };
}

/** Throws 400 unless a metered price names an active meter, and any other price none (api/prices/create). */
async function requireMeterFor(call: Call, recurring: PriceSetting['recurring']): Promise<void> {
  const isMetered = recurring?.usage_type === 'metered';
  const param = 'recurring[meter]';
  if (isMetered && recurring.meter === undefined) {
    throw invalidRequest('A metered price must be backed by a meter. Pass its id as recurring[meter].', {
      code: 'parameter_missing',
      param,
    });
  }
  if (recurring?.meter === undefined) return;
  if (!isMetered) throw invalidRequest('Only a metered price can have a meter.', { param });
  await requireActiveMeter(call, recurring.meter, param);
}

/**
 * Frees the key for this call, or throws 400 where another price holds it and no transfer was asked for. Calls wait for each other
 * by key, not by account, so that a catalogue can be written side by side.
 */
async function takeLookupKey(call: Call, key: string, forPrice: string | null, transfer: boolean): Promise<void> {
  await call.store.serialize(`lookup key ${key}`);
  const [holder] = await call.store.linked('price', [`lookup_key:${key}`]);
  if (!holder || holder.id === forPrice) return;
  if (!transfer) {
    throw invalidRequest(
      `A price (\`${holder.id}\`) already uses that lookup key. Set transfer_lookup_key to take it over.`,
      { code: 'resource_already_exists', param: 'lookup_key' },
    );
  }
  // Two calls may each take the key of the other's price: both lock the prices in the order of their ids.
  if (forPrice !== null && forPrice < holder.id) await call.store.lock('price', forPrice, 'id');
  const locked = await call.store.lock('price', holder.id, 'lookup_key');
  // It may have moved on to another key while this call waited for it.
  if (locked.lookup_key !== key) return;
  const released: Stripe.Price = { ...locked, lookup_key: null };
  call.store.save('price', released);
  call.emit('price.updated', released, holder.id);
}

async function createPrice(call: Call, params: z.output<typeof priceCreate>): Promise<Stripe.Price> {
  const product = await productOf(call, params);
  await requireMeterFor(call, params.recurring);
  if (params.lookup_key !== undefined) {
    await takeLookupKey(call, params.lookup_key, null, params.transfer_lookup_key ?? false);
  }
  const price = buildPrice(call, product, params);
  call.store.save('price', price);
  call.emit('price.created', price, price.id);
  return price;
}

async function productOf(call: Call, params: z.output<typeof priceCreate>): Promise<string> {
  if (params.product !== undefined && params.product_data === undefined) {
    return (await call.store.lock('product', params.product, 'product')).id;
  }
  if (params.product !== undefined || params.product_data === undefined) {
    throw invalidRequest('You must specify exactly one of product and product_data.', {
      code: params.product === undefined ? 'parameter_missing' : 'parameters_exclusive',
      param: 'product',
    });
  }
  const product = buildProduct(call, params.product_data);
  call.store.save('product', product);
  call.emit('product.created', product, product.id);
  return product.id;
}

async function updatePrice(call: Call, params: z.output<typeof priceUpdate>, id: string): Promise<Stripe.Price> {
  if (params.lookup_key !== undefined) {
    await takeLookupKey(call, params.lookup_key, id, params.transfer_lookup_key ?? false);
  }
  const price = await call.store.lock('price', id, 'id');
  const fixed = price.tax_behavior === 'inclusive' || price.tax_behavior === 'exclusive';
  if (fixed && params.tax_behavior !== undefined && params.tax_behavior !== price.tax_behavior) {
    throw invalidRequest('tax_behavior cannot be changed once it is inclusive or exclusive.', {
      param: 'tax_behavior',
    });
  }
  const updated: Stripe.Price = {
    ...price,
    active: params.active ?? price.active,
    lookup_key: params.lookup_key ?? price.lookup_key,
    nickname: params.nickname ?? price.nickname,
    tax_behavior: params.tax_behavior ?? price.tax_behavior,
    metadata: mergeMetadata(price.metadata, params.metadata),
  };
  call.store.save('price', updated);
  call.emit('price.updated', updated, id);
  return updated;
}

export const priceRoutes: readonly Route[] = [
  route('POST', '/v1/prices', priceCreate, createPrice),
  route('GET', '/v1/prices/:id', parameters({}), (call, _params, id) => call.store.get('price', id, 'id')),
  route('POST', '/v1/prices/:id', priceUpdate, updatePrice),
  route('GET', '/v1/prices', priceList, (call, params) =>
    listDocuments(call.store, 'price', '/v1/prices', params, {
      all: [
        ...(params.active === undefined ? [] : [`active:${params.active}`]),
        ...(params.currency === undefined ? [] : [`currency:${params.currency}`]),
        ...(params.product === undefined ? [] : [`product:${params.product}`]),
        ...(params.type === undefined ? [] : [`type:${params.type}`]),
        ...Object.entries(params.recurring ?? {}).flatMap(([name, value]) =>
          value === undefined ? [] : [`${name}:${value}`],
        ),
      ],
      any: params.lookup_keys?.map((key) => `lookup_key:${key}`),
    }),
  ),
];
