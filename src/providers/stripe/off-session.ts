import type Stripe from 'stripe';
import type { OffSessionPort } from '../card-ports.ts';
import { ProviderError } from '../errors.ts';
import { metadataKeys } from '../metadata.ts';
import { toMinorUnits } from './amounts.ts';
import { toPayment } from './payments.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

export const createOffSession = (stripe: Stripe, calls: StripeCalls): OffSessionPort => ({
  async charge(account, request, options) {
    const params = {
      amount: toMinorUnits(request.amount),
      currency: request.amount.currency.code.toLowerCase(),
      customer: request.providerCustomerId,
      payment_method: request.cardId,
      allowed_payment_method_types: ['card'],
      off_session: true,
      confirm: true,
      description: request.description,
      // What `find` goes by.
      metadata: { ...request.metadata, [metadataKeys.order]: request.orderId },
      ...(request.applicationFee === null ? {} : { application_fee_amount: toMinorUnits(request.applicationFee) }),
    } satisfies Stripe.PaymentIntentCreateParams;
    return toPayment(
      await calls.write('payment_intent', () => stripe.paymentIntents.create(params, writeOn(account, options))),
    );
  },

  async find(account, providerCustomerId, orderId) {
    const intents = await calls.list(() =>
      stripe.paymentIntents.list({ customer: providerCustomerId, limit: pageSize }, on(account)),
    );
    const found = intents.find(({ metadata }) => metadata[metadataKeys.order] === orderId);
    return found ? toPayment(found) : null;
  },

  async cancel(account, paymentId, options) {
    try {
      return toPayment(
        await calls.write('payment_intent', () =>
          stripe.paymentIntents.cancel(paymentId, {}, writeOn(account, options)),
        ),
      );
    } catch (error) {
      // Stripe cancels what is not over yet. One that is over is answered as it is: the caller must see a payment.
      if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
      const payment = toPayment(
        await calls.read('payment_intent', () => stripe.paymentIntents.retrieve(paymentId, {}, on(account))),
      );
      if (payment.status !== 'succeeded' && payment.status !== 'canceled') throw error;
      return payment;
    }
  },
});
