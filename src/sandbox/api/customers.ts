import type Stripe from 'stripe';
import type { z } from 'zod';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import { newStripeId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  emptyable,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
} from '../parameters.ts';
import { type Route, route } from '../route.ts';

const customerCreate = parameters({
  description: text.optional(),
  email: text.optional(),
  metadata: emptyable(metadata).optional(),
  name: text.optional(),
  phone: text.optional(),
  preferred_locales: list(text).optional(),
} satisfies Rules<Stripe.CustomerCreateParams>);

const customerUpdate = parameters({
  description: emptyable(text).optional(),
  email: emptyable(text).optional(),
  metadata: emptyable(metadata).optional(),
  name: emptyable(text).optional(),
  phone: emptyable(text).optional(),
  preferred_locales: list(text).optional(),
} satisfies Rules<Stripe.CustomerUpdateParams>);

const customerList = parameters({
  ...paging,
  created: created.optional(),
  email: text.optional(),
} satisfies Rules<Stripe.CustomerListParams>);

function requireEmail(email: string | null | undefined): void {
  if (email && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    throw invalidRequest(`Invalid email address: ${email}`, { code: 'email_invalid', param: 'email' });
  }
}

async function createCustomer(call: Call, params: z.output<typeof customerCreate>): Promise<Stripe.Customer> {
  requireEmail(params.email);
  const customer: Stripe.Customer = {
    id: newStripeId('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: call.nowSeconds,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: params.description ?? null,
    discount: null,
    email: params.email ?? null,
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name ?? null,
    phone: params.phone ?? null,
    preferred_locales: params.preferred_locales ?? [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
  call.store.save('customer', customer);
  call.emit('customer.created', customer, customer.id);
  return customer;
}

async function updateCustomer(
  call: Call,
  params: z.output<typeof customerUpdate>,
  id: string,
): Promise<Stripe.Customer> {
  requireEmail(params.email);
  const customer = await call.store.lock('customer', id, 'id');
  const { expand: _expand, metadata: change, ...given } = params;
  const updated: Stripe.Customer = {
    ...customer,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    metadata: mergeMetadata(customer.metadata, change),
  };
  call.store.save('customer', updated);
  call.emit('customer.updated', updated, id);
  return updated;
}

export const customerRoutes: readonly Route[] = [
  route('POST', '/v1/customers', customerCreate, createCustomer),
  route('GET', '/v1/customers/:id', parameters({}), (call, _params, id) => call.store.get('customer', id, 'id')),
  route('POST', '/v1/customers/:id', customerUpdate, updateCustomer),
  route('GET', '/v1/customers', customerList, (call, params) =>
    listDocuments(call.store, 'customer', '/v1/customers', params, {
      all: params.email === undefined ? [] : [`email:${params.email}`],
    }),
  ),
];
