import type Stripe from 'stripe';
import { z } from 'zod';
import { customerOf, detachMethod } from '../attachments.ts';
import type { Call } from '../call.ts';
import { attachByName } from '../confirmations.ts';
import { invalidRequest } from '../failure.ts';
import { listDocuments } from '../lists.ts';
import { emptyable, integer, mergeMetadata, metadata, paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';

const redisplay = z.enum(['always', 'limited', 'unspecified']);

const filters = {
  ...paging,
  allow_redisplay: redisplay.optional(),
  type: text.optional(),
} satisfies Rules<Stripe.PaymentMethodListParams>;

const methodList = parameters({
  ...filters,
  customer: text.optional(),
} satisfies Rules<Stripe.PaymentMethodListParams>);

const methodUpdate = parameters({
  allow_redisplay: redisplay.optional(),
  billing_details: z
    .strictObject({
      email: emptyable(text).optional(),
      name: emptyable(text).optional(),
      phone: emptyable(text).optional(),
    } satisfies Rules<Stripe.PaymentMethodUpdateParams.BillingDetails>)
    .optional(),
  card: z
    .strictObject({
      exp_month: integer.refine((month) => month >= 1 && month <= 12, 'must be 1 to 12').optional(),
      exp_year: integer.refine((year) => year >= 2000 && year <= 2099, 'must have four digits').optional(),
    } satisfies Rules<Stripe.PaymentMethodUpdateParams.Card>)
    .optional(),
  metadata: emptyable(metadata).optional(),
} satisfies Rules<Stripe.PaymentMethodUpdateParams>);

const methodAttach = parameters({ customer: text } satisfies Rules<Stripe.PaymentMethodAttachParams>);

async function updateMethod(
  call: Call,
  params: z.output<typeof methodUpdate>,
  id: string,
): Promise<Stripe.PaymentMethod> {
  const method = await call.store.lock('payment_method', id, 'payment_method');
  if (customerOf(method) === null) {
    throw invalidRequest('You must save this PaymentMethod to a customer before you can update it.');
  }
  if (params.card && !method.card) throw invalidRequest('This PaymentMethod is no card.', { param: 'card' });
  const { email, name, phone } = params.billing_details ?? {};
  const { billing_details: known } = method;
  const updated: Stripe.PaymentMethod = {
    ...method,
    ...(params.allow_redisplay ? { allow_redisplay: params.allow_redisplay } : {}),
    billing_details: {
      ...known,
      email: email === undefined ? known.email : email,
      name: name === undefined ? known.name : name,
      phone: phone === undefined ? known.phone : phone,
    },
    ...(method.card
      ? {
          card: {
            ...method.card,
            exp_month: params.card?.exp_month ?? method.card.exp_month,
            exp_year: params.card?.exp_year ?? method.card.exp_year,
          },
        }
      : {}),
    metadata: mergeMetadata(method.metadata ?? {}, params.metadata),
  };
  call.store.save('payment_method', updated);
  call.emit('payment_method.updated', updated, id);
  return updated;
}

function listMethods(call: Call, url: string, params: z.output<typeof methodList>) {
  const { customer, type, allow_redisplay: shown } = params;
  return listDocuments(call.store, 'payment_method', url, params, {
    all: [
      ...(customer === undefined ? [] : [`customer:${customer}`]),
      ...(type === undefined ? [] : [`type:${type}`]),
      ...(shown === undefined ? [] : [`allow_redisplay:${shown}`]),
    ],
  });
}

const collection = '/v1/payment_methods';

export const paymentMethodRoutes: readonly Route[] = [
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) =>
    call.store.get('payment_method', id, 'payment_method'),
  ),
  route('POST', `${collection}/:id`, methodUpdate, updateMethod),
  route('POST', `${collection}/:id/attach`, methodAttach, (call, params, id) =>
    attachByName(call, id, params.customer),
  ),
  route('POST', `${collection}/:id/detach`, parameters({}), async (call, _params, id) =>
    detachMethod(call, await call.store.lock('payment_method', id, 'payment_method')),
  ),
  route('GET', collection, methodList, (call, params) => {
    if (params.customer === undefined) {
      throw invalidRequest('Missing required param: customer.', { code: 'parameter_missing', param: 'customer' });
    }
    return listMethods(call, collection, params);
  }),
  route('GET', '/v1/customers/:id/payment_methods', parameters(filters), async (call, params, id) => {
    await call.store.get('customer', id, 'customer');
    return listMethods(call, `/v1/customers/${id}/payment_methods`, { ...params, customer: id });
  }),
];
