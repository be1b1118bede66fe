import type Stripe from 'stripe';
import type { CardsPort, ProviderCard, ProviderSetup } from '../card-ports.ts';
import { ProviderError } from '../errors.ts';
import { toSession } from './checkout.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const idOf = (reference: string | { readonly id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);

/** Null for what is no card: other ways to pay cannot be held or charged without their owner here. */
export function toCard(method: Stripe.PaymentMethod): ProviderCard | null {
  const { card } = method;
  if (!card) return null;
  return {
    id: method.id,
    brand: card.brand,
    last4: card.last4,
    expMonth: card.exp_month,
    expYear: card.exp_year,
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    country: card.country,
    providerCustomerId: idOf(method.customer),
  };
}

const setupStatuses: Readonly<Record<string, ProviderSetup['status']>> = {
  processing: 'processing',
  succeeded: 'succeeded',
  canceled: 'canceled',
};

const isRefused = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && error.kind === 'invalid';

const isMissing = (error: unknown): boolean => isRefused(error) && error.detail.code === 'resource_missing';

export const createCards = (stripe: Stripe, calls: StripeCalls): CardsPort => ({
  async createSetupSession(account, request, options) {
    const params = {
      mode: 'setup',
      ui_mode: 'hosted_page',
      customer: request.providerCustomerId,
      client_reference_id: request.reference,
      currency: request.currency.toLowerCase(),
      // Cards alone: a hold and a charge without their owner are made of nothing else here.
      allowed_payment_method_types: ['card'],
      metadata: { ...request.metadata },
      setup_intent_data: { metadata: { ...request.metadata } },
      success_url: request.successUrl,
      cancel_url: request.cancelUrl,
      expires_at: Math.floor(request.expiresAt.getTime() / 1000),
    } satisfies Stripe.Checkout.SessionCreateParams;
    return toSession(
      await calls.write('checkout.session', () => stripe.checkout.sessions.create(params, writeOn(account, options))),
    );
  },

  async findSetupSession(account, providerCustomerId, reference) {
    const sessions = await calls.list(() =>
      stripe.checkout.sessions.list({ customer: providerCustomerId, limit: pageSize }, on(account)),
    );
    const found = sessions.find((session) => session.client_reference_id === reference);
    return found ? toSession(found) : null;
  },

  async retrieveSetup(account, setupId) {
    const setup = await calls.read('setup_intent', () => stripe.setupIntents.retrieve(setupId, {}, on(account)));
    return {
      id: setup.id,
      status: setupStatuses[setup.status] ?? 'open',
      cardId: setup.status === 'succeeded' ? idOf(setup.payment_method) : null,
      providerCustomerId: idOf(setup.customer),
      metadata: setup.metadata ?? {},
    };
  },

  async retrieve(account, cardId) {
    try {
      return toCard(await calls.read('payment_method', () => stripe.paymentMethods.retrieve(cardId, {}, on(account))));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  },

  async list(account, providerCustomerId) {
    const methods = await calls.list(() =>
      stripe.paymentMethods.list({ customer: providerCustomerId, type: 'card', limit: pageSize }, on(account)),
    );
    return methods.flatMap((method) => toCard(method) ?? []);
  },

  async setDefault(account, providerCustomerId, cardId, options) {
    const params = { invoice_settings: { default_payment_method: cardId } } satisfies Stripe.CustomerUpdateParams;
    await calls.write('customer', () => stripe.customers.update(providerCustomerId, params, writeOn(account, options)));
  },

  async detach(account, cardId, options) {
    try {
      await calls.write('payment_method', () => stripe.paymentMethods.detach(cardId, {}, writeOn(account, options)));
    } catch (error) {
      // A call that is in doubt stays so: what a look-up says now may change when that call arrives.
      if (!isRefused(error)) throw error;
      // Gone, or detached before: what was asked for is so.
      if (isMissing(error)) return;
      const method = await calls.read('payment_method', () => stripe.paymentMethods.retrieve(cardId, {}, on(account)));
      if (method.customer !== null) throw error;
    }
  },
});
