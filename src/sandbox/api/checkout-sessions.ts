import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { requireChargeable } from '../countries.ts';
import { invalidRequest } from '../failure.ts';
import { newSessionId } from '../identifiers.ts';
import { listDocuments } from '../lists.ts';
import {
  created,
  currencyCode,
  flag,
  integer,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
  webAddress,
} from '../parameters.ts';
import { requireFee, requirePayable } from '../payments.ts';
import { type Route, route } from '../route.ts';
import { bankDebitType, expireSession } from '../sessions.ts';
import { newSetup } from '../setups.ts';
import { buildLines, lineItem } from './session-lines.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

const sessionCreate = parameters({
  adaptive_pricing: z.strictObject({ enabled: flag.optional() }).optional(),
  allowed_payment_method_types: list(text).optional(),
  billing_address_collection: z.enum(['auto', 'required']).optional(),
  cancel_url: webAddress.optional(),
  client_reference_id: text.optional(),
  currency: currencyCode.optional(),
  customer: text.optional(),
  customer_creation: z.enum(['always', 'if_required']).optional(),
  customer_email: text.optional(),
  expires_at: integer.optional(),
  line_items: list(lineItem).optional(),
  locale: text.optional(),
  metadata: metadata.optional(),
  mode: z.enum(['payment', 'setup']),
  payment_intent_data: z
    .strictObject({
      application_fee_amount: integer.optional(),
      capture_method: z.enum(['automatic', 'automatic_async']).optional(),
      description: text.optional(),
      metadata: metadata.optional(),
      receipt_email: text.optional(),
      setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
      statement_descriptor: text.optional(),
      statement_descriptor_suffix: text.optional(),
    } satisfies Rules<Stripe.Checkout.SessionCreateParams.PaymentIntentData>)
    .optional(),
  setup_intent_data: z
    .strictObject({
      description: text.optional(),
      metadata: metadata.optional(),
    } satisfies Rules<Stripe.Checkout.SessionCreateParams.SetupIntentData>)
    .optional(),
  submit_type: z.enum(['auto', 'book', 'donate', 'pay']).optional(),
  success_url: webAddress,
  ui_mode: z.literal('hosted_page').optional(),
} satisfies Rules<CreateParams>);

type CreateRequest = z.output<typeof sessionCreate>;

const sessionList = parameters({
  ...paging,
  created: created.optional(),
  customer: text.optional(),
  payment_intent: text.optional(),
  status: z.enum(['open', 'complete', 'expired']).optional(),
} satisfies Rules<Stripe.Checkout.SessionListParams>);

const secondsPerHour = 3600;
const lifetimeSeconds = { min: secondsPerHour / 2, max: 24 * secondsPerHour };

/** 30 minutes to 24 hours from now; a few seconds of grace for the time a request takes. */
const graceSeconds = 10;

function expiryOf(call: Call, requested: number | undefined): number {
  if (requested === undefined) return call.nowSeconds + lifetimeSeconds.max;
  const lifetime = requested - call.nowSeconds;
  if (lifetime < lifetimeSeconds.min - graceSeconds || lifetime > lifetimeSeconds.max + graceSeconds) {
    throw invalidRequest('The `expires_at` timestamp must be between 30 minutes and 24 hours from now.', {
      param: 'expires_at',
    });
  }
  return requested;
}

async function createSession(call: Call, params: CreateRequest): Promise<Stripe.Checkout.Session> {
  const expiresAt = expiryOf(call, params.expires_at);
  const customer =
    params.customer === undefined ? undefined : await call.store.get('customer', params.customer, 'customer');
  const session =
    params.mode === 'setup'
      ? createSetupSession(call, params, { customer, expiresAt })
      : await createPaymentSession(call, params, { customer, expiresAt });
  call.schedule({ kind: 'session_expiry', objectId: session.id, dueAt: new Date(expiresAt * 1000), detail: '' });
  return session;
}

type Opening = Pick<SessionSetting, 'customer' | 'expiresAt'>;

const refused = (param: string, mode: string) =>
  invalidRequest(`You can not pass \`${param}\` in \`${mode}\` mode.`, { param });

function createSetupSession(call: Call, params: CreateRequest, opening: Opening): Stripe.Checkout.Session {
  if (params.line_items) throw refused('line_items', 'setup');
  if (params.payment_intent_data) throw refused('payment_intent_data', 'setup');
  const currency = params.currency ?? null;
  if (currency === null && params.allowed_payment_method_types === undefined) {
    throw invalidRequest('Missing required param: currency.', { code: 'parameter_missing', param: 'currency' });
  }
  if (currency !== null) requireChargeable(call.account.country, currency, 'currency');
  const session = buildSession(call, params, { ...opening, currency, total: null });
  const setup = newSetup(
    call,
    {
      customer: opening.customer?.id ?? null,
      description: params.setup_intent_data?.description ?? null,
      metadata: mergeMetadata({}, params.setup_intent_data?.metadata),
      usage: 'off_session',
      allowedPaymentMethodTypes: params.allowed_payment_method_types ?? null,
    },
    session.id,
  );
  const opened: Stripe.Checkout.Session = { ...session, setup_intent: setup.id };
  call.store.save('checkout.session', opened);
  return opened;
}

async function createPaymentSession(
  call: Call,
  params: CreateRequest,
  opening: Opening,
): Promise<Stripe.Checkout.Session> {
  if (params.setup_intent_data) throw refused('setup_intent_data', 'payment');
  const lines = await buildLines(call, params.line_items ?? []);
  const currency = params.currency ?? lines[0]?.currency;
  if (currency === undefined) {
    throw invalidRequest('Missing required param: line_items.', { code: 'parameter_missing', param: 'line_items' });
  }
  if (lines.some((line) => line.currency !== currency)) {
    throw invalidRequest('All prices must be of one currency.', { param: 'line_items' });
  }
  const total = lines.reduce((sum, line) => sum + line.amount_total, 0);
  requirePayable(call, total, currency, 'line_items');
  const payment = params.payment_intent_data ?? {};
  const fee = payment.application_fee_amount ?? null;
  requireFee(call, { fee, amountMinor: total, currency }, 'payment_intent_data[application_fee_amount]');

  const session = buildSession(call, params, { ...opening, currency, total });
  call.store.save('checkout.session', session);
  call.store.save('session_plan', {
    id: session.id,
    created: call.nowSeconds,
    applicationFeeAmount: fee,
    description: payment.description ?? null,
    metadata: mergeMetadata({}, payment.metadata),
    receiptEmail: payment.receipt_email ?? null,
    setupFutureUsage: payment.setup_future_usage ?? null,
    statementDescriptor: payment.statement_descriptor ?? null,
    statementDescriptorSuffix: payment.statement_descriptor_suffix ?? null,
  });
  for (const line of lines) call.store.save('item', line, [`session:${session.id}`]);
  return session;
}

interface SessionSetting {
  readonly customer: Stripe.Customer | undefined;
  readonly currency: string | null;
  /** Minor units; null where nothing is paid. */
  readonly total: number | null;
  readonly expiresAt: number;
}

function buildSession(call: Call, params: CreateRequest, setting: SessionSetting): Stripe.Checkout.Session {
  const id = newSessionId();
  const email = setting.customer?.email ?? params.customer_email ?? null;
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: params.adaptive_pricing?.enabled ?? false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: setting.total,
    amount_total: setting.total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: call.nowSeconds,
    currency: setting.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: setting.customer?.id ?? null,
    customer_account: null,
    customer_creation: setting.customer ? null : (params.customer_creation ?? 'if_required'),
    customer_details: email
      ? {
          address: null,
          business_name: null,
          email,
          individual_name: null,
          name: null,
          phone: null,
          tax_exempt: 'none',
          tax_ids: null,
        }
      : null,
    customer_email: params.customer_email ?? null,
    discounts: [],
    expires_at: setting.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: params.locale ?? null,
    managed_payments: null,
    metadata: mergeMetadata({}, params.metadata),
    mode: params.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'if_required',
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types:
      params.allowed_payment_method_types ?? (setting.total === null ? ['card'] : ['card', bankDebitType]),
    payment_status: setting.total === null ? 'no_payment_required' : 'unpaid',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: params.success_url,
    total_details: setting.total === null ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${call.baseUrl}/pay/${id}`,
    wallet_options: null,
  };
}

const collection = '/v1/checkout/sessions';

export const checkoutSessionRoutes: readonly Route[] = [
  route('POST', collection, sessionCreate, createSession),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) =>
    call.store.get('checkout.session', id, 'session'),
  ),
  route('POST', `${collection}/:id/expire`, parameters({}), (call, _params, id) => expireSession(call, id)),
  route('GET', `${collection}/:id/line_items`, parameters({ ...paging }), async (call, params, id) => {
    await call.store.get('checkout.session', id, 'session');
    return listDocuments(call.store, 'item', `${collection}/${id}/line_items`, params, {
      all: [`session:${id}`],
      oldestFirst: true,
    });
  }),
  route('GET', collection, sessionList, (call, params) =>
    listDocuments(call.store, 'checkout.session', collection, params, {
      all: [
        ...(params.customer === undefined ? [] : [`customer:${params.customer}`]),
        ...(params.payment_intent === undefined ? [] : [`payment_intent:${params.payment_intent}`]),
        ...(params.status === undefined ? [] : [`status:${params.status}`]),
      ],
    }),
  ),
];
