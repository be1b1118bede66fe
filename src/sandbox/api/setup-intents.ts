import type Stripe from 'stripe';
import { z } from 'zod';
import type { Call } from '../call.ts';
import { confirmSetup, findMethod, isConfirmable } from '../confirmations.ts';
import { invalidRequest } from '../failure.ts';
import { listDocuments } from '../lists.ts';
import { lockOwnSetup } from '../own-intents.ts';
import {
  created,
  emptyable,
  flag,
  list,
  mergeMetadata,
  metadata,
  paging,
  parameters,
  type Rules,
  text,
  webAddress,
} from '../parameters.ts';
import { type Refused, type Route, route } from '../route.ts';
import { cancelSetup, newSetup, unexpectedSetupState } from '../setups.ts';

const setupCreate = parameters({
  allowed_payment_method_types: list(text).optional(),
  confirm: flag.optional(),
  customer: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  return_url: webAddress.optional(),
  usage: z.enum(['off_session', 'on_session']).optional(),
} satisfies Rules<Stripe.SetupIntentCreateParams>);

const setupUpdate = parameters({
  customer: text.optional(),
  description: text.optional(),
  metadata: emptyable(metadata).optional(),
  payment_method: text.optional(),
} satisfies Rules<Stripe.SetupIntentUpdateParams>);

const setupConfirm = parameters({
  payment_method: text.optional(),
  return_url: webAddress.optional(),
} satisfies Rules<Stripe.SetupIntentConfirmParams>);

const setupCancel = parameters({
  cancellation_reason: z.enum(['abandoned', 'duplicate', 'requested_by_customer']).optional(),
} satisfies Rules<Stripe.SetupIntentCancelParams>);

const setupList = parameters({
  ...paging,
  created: created.optional(),
  customer: text.optional(),
  payment_method: text.optional(),
} satisfies Rules<Stripe.SetupIntentListParams>);

function withMethod(setup: Stripe.SetupIntent, method: Stripe.PaymentMethod | undefined): Stripe.SetupIntent {
  if (!method) return setup;
  return { ...setup, status: 'requires_confirmation', payment_method: method.id, next_action: null };
}

const methodFor = (call: Call, name: string | undefined, customer: string | null) =>
  name === undefined ? undefined : findMethod(call, name, customer);

async function createSetup(call: Call, params: z.output<typeof setupCreate>): Promise<Stripe.SetupIntent | Refused> {
  if (!params.confirm && params.return_url !== undefined) {
    throw invalidRequest('return_url can only be given together with confirm.', { param: 'return_url' });
  }
  const customer = params.customer ?? null;
  if (customer !== null) await call.store.get('customer', customer, 'customer');
  const method = await methodFor(call, params.payment_method, customer);
  const made = newSetup(call, {
    customer,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
    usage: params.usage ?? 'off_session',
    allowedPaymentMethodTypes: params.allowed_payment_method_types ?? null,
  });
  const chosen = withMethod(made, method);
  call.store.save('setup_intent', chosen);
  if (!params.confirm) return chosen;
  return confirmSetup(call, chosen, { paymentMethod: undefined, returnUrl: params.return_url ?? null });
}

async function updateSetup(call: Call, params: z.output<typeof setupUpdate>, id: string): Promise<Stripe.SetupIntent> {
  const setup = await lockOwnSetup(call, id);
  const { customer, payment_method: named } = params;
  if ((customer !== undefined || named !== undefined) && !isConfirmable(setup)) throw unexpectedSetupState(setup);
  if (customer !== undefined) await call.store.get('customer', customer, 'customer');
  const owner = customer ?? setup.customer;
  const method = await methodFor(call, named, owner ? String(owner) : null);
  const updated: Stripe.SetupIntent = {
    ...withMethod(setup, method),
    customer: owner,
    description: params.description ?? setup.description,
    metadata: mergeMetadata(setup.metadata ?? {}, params.metadata),
  };
  call.store.save('setup_intent', updated);
  return updated;
}

const collection = '/v1/setup_intents';

export const setupIntentRoutes: readonly Route[] = [
  route('POST', collection, setupCreate, createSetup),
  route('GET', `${collection}/:id`, parameters({}), (call, _params, id) =>
    call.store.get('setup_intent', id, 'intent'),
  ),
  route('POST', `${collection}/:id`, setupUpdate, updateSetup),
  route('POST', `${collection}/:id/confirm`, setupConfirm, async (call, params, id) =>
    confirmSetup(call, await lockOwnSetup(call, id), {
      paymentMethod: params.payment_method,
      returnUrl: params.return_url ?? null,
    }),
  ),
  route('POST', `${collection}/:id/cancel`, setupCancel, async (call, params, id) =>
    cancelSetup(call, await lockOwnSetup(call, id), params.cancellation_reason ?? null, id),
  ),
  route('GET', collection, setupList, (call, params) =>
    listDocuments(call.store, 'setup_intent', collection, params, {
      all: [
        ...(params.customer === undefined ? [] : [`customer:${params.customer}`]),
        ...(params.payment_method === undefined ? [] : [`payment_method:${params.payment_method}`]),
      ],
    }),
  ),
];
