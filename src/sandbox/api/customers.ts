import type Stripe from 'stripe';
import { z } from 'zod';
import { customerOf } from '../attachments.ts';
import type { Call } from '../call.ts';
import { attachByName } from '../confirmations.ts';
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
import { Refused, type Route, route } from '../route.ts';

const invoiceSettings = z.strictObject({
  default_payment_method: emptyable(text).optional(),
} satisfies Rules<Stripe.CustomerUpdateParams.InvoiceSettings>);

const customerCreate = parameters({
  description: text.optional(),
  email: text.optional(),
  invoice_settings: invoiceSettings.optional(),
  metadata: emptyable(metadata).optional(),
  name: text.optional(),
  payment_method: text.optional(),
  phone: text.optional(),
  preferred_locales: list(text).optional(),
} satisfies Rules<Stripe.CustomerCreateParams>);

const customerUpdate = parameters({
  description: emptyable(text).optional(),
  email: emptyable(text).optional(),
  invoice_settings: invoiceSettings.optional(),
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

/** The settings with the default changed as asked. Throws 400 for a method that is not this customer's. */
async function settingsWith(
  call: Call,
  customer: Stripe.Customer,
  change: z.output<typeof invoiceSettings> | undefined,
): Promise<Stripe.Customer.InvoiceSettings> {
  const id = change?.default_payment_method;
  if (id === undefined) return customer.invoice_settings;
  const method = id === null ? undefined : await call.store.find('payment_method', id);
  if (id !== null && (!method || customerOf(method) !== customer.id)) {
    throw invalidRequest(
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      { code: 'resource_missing', param: 'invoice_settings[default_payment_method]' },
    );
  }
  return { ...customer.invoice_settings, default_payment_method: id };
}

/** A new customer's default may be named as it was given; what was attached has an id of its own. */
function defaultAttached(
  params: z.output<typeof customerCreate>,
  attached: Stripe.PaymentMethod | undefined,
): z.output<typeof invoiceSettings> | undefined {
  const { invoice_settings: settings, payment_method: named } = params;
  if (!attached || settings?.default_payment_method !== named) return settings;
  return { default_payment_method: attached.id };
}

async function createCustomer(call: Call, params: z.output<typeof customerCreate>): Promise<Stripe.Customer | Refused> {
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
  const attached =
    params.payment_method === undefined ? undefined : await attachByName(call, params.payment_method, customer.id);
  if (attached instanceof Refused) {
    await call.store.remove('customer', customer.id);
    return attached;
  }
  const settled: Stripe.Customer = {
    ...customer,
    invoice_settings: await settingsWith(call, customer, defaultAttached(params, attached)),
  };
  call.store.save('customer', settled);
  call.emit('customer.created', settled, settled.id);
  return settled;
}

async function updateCustomer(
  call: Call,
  params: z.output<typeof customerUpdate>,
  id: string,
): Promise<Stripe.Customer> {
  requireEmail(params.email);
  const customer = await call.store.lock('customer', id, 'id');
  const { expand: _expand, metadata: change, invoice_settings: settings, ...given } = params;
  const updated: Stripe.Customer = {
    ...customer,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    invoice_settings: await settingsWith(call, customer, settings),
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
