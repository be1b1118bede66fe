import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import {
  currencyCode,
  decimal,
  emptyable,
  integer,
  list,
  metadata,
  type Rules,
  text,
  webAddress,
} from '../parameters.ts';
import { buildPrice, recurringRule } from './prices.ts';
import { buildProduct } from './products.ts';

export const lineItem = z.strictObject({
  price: text.optional(),
  price_data: z
    .strictObject({
      currency: currencyCode,
      product: text.optional(),
      product_data: z
        .strictObject({
          name: text,
          description: text.optional(),
          images: list(webAddress).optional(),
          metadata: metadata.optional(),
          tax_code: text.optional(),
          unit_label: text.optional(),
        } satisfies Rules<Stripe.Checkout.SessionCreateParams.LineItem.PriceData.ProductData>)
        .optional(),
      recurring: recurringRule.optional(),
      tax_behavior: z.enum(['inclusive', 'exclusive', 'unspecified']).optional(),
      unit_amount: integer.optional(),
      unit_amount_decimal: decimal.optional(),
    } satisfies Rules<Stripe.Checkout.SessionCreateParams.LineItem.PriceData>)
    .optional(),
  quantity: integer.refine((quantity) => quantity >= 1, 'must be at least 1').optional(),
  metadata: emptyable(metadata).optional(),
  tax_rates: list(text).optional(),
} satisfies Rules<Stripe.Checkout.SessionCreateParams.LineItem>);

/** The price of a line, made for it alone where it is given inline. */
export async function priceOf(call: Call, item: z.output<typeof lineItem>, param: string): Promise<Stripe.Price> {
  if ((item.price === undefined) === (item.price_data === undefined)) {
    throw invalidRequest('You must specify exactly one of price and price_data.', {
      code: item.price === undefined ? 'parameter_missing' : 'parameters_exclusive',
      param: `${param}[price]`,
    });
  }
  if (item.price_data === undefined) {
    const price = await call.store.get('price', item.price ?? '', `${param}[price]`);
    if (!price.active) throw invalidRequest('The price specified is inactive.', { param: `${param}[price]` });
    return price;
  }
  const { product, product_data: data, ...setting } = item.price_data;
  if (product === undefined && data === undefined) {
    throw invalidRequest('Missing required param: product_data.', {
      code: 'parameter_missing',
      param: `${param}[price_data][product_data]`,
    });
  }
  // Inline prices and products exist, but archived: they are for this session alone.
  const made = data === undefined ? undefined : buildProduct(call, { ...data, active: false });
  if (made) call.store.save('product', made);
  const productId = made?.id ?? (await call.store.get('product', product ?? '', `${param}[price_data][product]`)).id;
  const price = buildPrice(call, productId, { ...setting, active: false });
  call.store.save('price', price);
  return price;
}

async function lineOf(call: Call, item: z.output<typeof lineItem>, index: number): Promise<Stripe.LineItem> {
  const param = `line_items[${index}]`;
  if (item.tax_rates) {
    throw invalidRequest('The sandbox taxes subscriptions only.', { param: `${param}[tax_rates]` });
  }
  const price = await priceOf(call, item, param);
  if (price.recurring) {
    throw invalidRequest('You must provide one-time prices in `payment` mode.', { param: `${param}[price]` });
  }
  if (price.unit_amount === null) {
    throw invalidRequest('A payment needs a whole number of minor units.', { param: `${param}[price]` });
  }
  const quantity = item.quantity ?? 1;
  const amount = price.unit_amount * quantity;
  return {
    id: newStripeId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: item.price_data?.product_data?.description ?? item.price_data?.product_data?.name ?? null,
    metadata: item.metadata ?? null,
    price,
    quantity,
  };
}

const lineItemsMax = 100;

/** The lines of a session, with the prices and products that they make for it alone. Throws 400 for what cannot be sold. */
export async function buildLines(
  call: Call,
  items: readonly z.output<typeof lineItem>[],
): Promise<readonly Stripe.LineItem[]> {
  if (items.length > lineItemsMax) {
    throw invalidRequest(`At most ${lineItemsMax} line items.`, { param: 'line_items' });
  }
  const lines: Stripe.LineItem[] = [];
  for (const [index, item] of items.entries()) lines.push(await lineOf(call, item, index));
  return lines;
}
