import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import { metadataKeys } from '../metadata.ts';
import type { CheckoutPort, HostedSession } from '../port.ts';
import { maximumCharge, minimumCharge, toMinorUnits } from './amounts.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const minuteMs = 60_000;

/** docs.stripe.com/api/checkout/sessions/create, `expires_at`: 30 minutes to 24 hours. */
const sessionLifetimeMs = { min: 30 * minuteMs, max: 24 * 60 * minuteMs };

/** Any other word for a session's status means that the client may still pay. */
const finalStatuses = ['complete', 'expired'] as const;

export const toSession = (session: Stripe.Checkout.Session): HostedSession => ({
  id: session.id,
  url: session.url,
  status: finalStatuses.find((status) => status === session.status) ?? 'open',
  expiresAt: new Date(session.expires_at * 1000),
  paymentId: typeof session.payment_intent === 'string' ? session.payment_intent : (session.payment_intent?.id ?? null),
});

export function createCheckout(stripe: Stripe, calls: StripeCalls): CheckoutPort {
  const retrieveSession: CheckoutPort['retrieveSession'] = async (account, sessionId) =>
    toSession(
      await calls.read('checkout.session', () => stripe.checkout.sessions.retrieve(sessionId, {}, on(account))),
    );

  return {
    minimumCharge,
    maximumCharge,
    sessionLifetimeMs,
    retrieveSession,

    async createCustomer(account, customer, options) {
      const params = {
        name: customer.name,
        email: customer.email,
        metadata: { [metadataKeys.customer]: customer.customerId },
      } satisfies Stripe.CustomerCreateParams;
      const made = await calls.write('customer', () => stripe.customers.create(params, writeOn(account, options)));
      return { id: made.id };
    },

    async findCustomer(account, customerId, email) {
      // Listed, not searched: search lags behind writes by up to a minute (docs.stripe.com/search).
      const customers = await calls.list(() => stripe.customers.list({ email, limit: pageSize }, on(account)));
      const found = customers.find((customer) => customer.metadata[metadataKeys.customer] === customerId);
      return found ? { id: found.id } : null;
    },

    async createTopUpSession(account, request, options) {
      const params = {
        mode: 'payment',
        ui_mode: 'hosted_page',
        customer: request.providerCustomerId,
        client_reference_id: request.orderId,
        line_items: [
          {
            quantity: 1,
            price_data: {
              currency: request.amount.currency.code.toLowerCase(),
              unit_amount: toMinorUnits(request.amount),
              product_data: { name: request.description },
            },
          },
        ],
        // A session's metadata is not copied to its payment, and either may be what reaches us first.
        metadata: { ...request.metadata },
        payment_intent_data: {
          metadata: { ...request.metadata },
          ...(request.applicationFee ? { application_fee_amount: toMinorUnits(request.applicationFee) } : {}),
        },
        // The dashboard's setting would otherwise let the client pay in another currency than the order's.
        adaptive_pricing: { enabled: false },
        success_url: request.successUrl,
        cancel_url: request.cancelUrl,
        expires_at: Math.floor(request.expiresAt.getTime() / 1000),
      } satisfies Stripe.Checkout.SessionCreateParams;
      return toSession(
        await calls.write('checkout.session', () => stripe.checkout.sessions.create(params, writeOn(account, options))),
      );
    },

    async findSession(account, providerCustomerId, orderId) {
      const sessions = await calls.list(() =>
        stripe.checkout.sessions.list({ customer: providerCustomerId, limit: pageSize }, on(account)),
      );
      const found = sessions.find((session) => session.client_reference_id === orderId);
      return found ? toSession(found) : null;
    },

    async expireSession(account, sessionId, options) {
      try {
        return toSession(
          await calls.write('checkout.session', () =>
            stripe.checkout.sessions.expire(sessionId, {}, writeOn(account, options)),
          ),
        );
      } catch (error) {
        // Stripe expires open sessions only. One that is over already is answered as it is: the caller must see a payment.
        if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
        const session = await retrieveSession(account, sessionId);
        if (session.status === 'open') throw error;
        return session;
      }
    },
  };
}
