import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { requireChargeable } from '../countries.ts';
import { invalidRequest } from '../failure.ts';
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
import { expireSession } from '../sessions.ts';
import { newSetup } from '../setups.ts';
import { buildLines, lineItem } from './session-lines.ts';
import { buildSession, type SessionSetting } from './session-objects.ts';
import { createSubscriptionSession, subscriptionData } from './session-subscriptions.ts';

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
  mode: z.enum(['payment', 'setup', 'subscription']),
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
  payment_method_collection: z.enum(['always', 'if_required']).optional(),
  subscription_data: subscriptionData.optional(),
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
  subscription: text.optional(),
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
  const session = await openers[params.mode](call, params, { customer, expiresAt });
  call.schedule({ kind: 'session_expiry', objectId: session.id, dueAt: new Date(expiresAt * 1000), detail: '' });
  return session;
}

type Opening = Pick<SessionSetting, 'customer' | 'expiresAt'>;
type Opener = (call: Call, params: CreateRequest, opening: Opening) => Promise<Stripe.Checkout.Session>;

const refused = (param: string, mode: string) =>
  invalidRequest(`You can not pass \`${param}\` in \`${mode}\` mode.`, { param });

async function createSetupSession(
  call: Call,
  params: CreateRequest,
  opening: Opening,
): Promise<Stripe.Checkout.Session> {
  if (params.line_items) throw refused('line_items', 'setup');
  if (params.payment_intent_data) throw refused('payment_intent_data', 'setup');
  if (params.subscription_data) throw refused('subscription_data', 'setup');
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
  if (params.subscription_data) throw refused('subscription_data', 'payment');
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

const openers: Readonly<Record<CreateRequest['mode'], Opener>> = {
  payment: createPaymentSession,
  setup: createSetupSession,
  subscription: (call, params, opening) => {
    if (params.payment_intent_data) throw refused('payment_intent_data', 'subscription');
    if (params.setup_intent_data) throw refused('setup_intent_data', 'subscription');
    return createSubscriptionSession(call, params, opening);
  },
};

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
        ...(params.subscription === undefined ? [] : [`subscription:${params.subscription}`]),
      ],
    }),
  ),
];
