import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { invalidRequest } from './failure.ts';

/** The customer a method is attached to, by id. */
export const customerOf = (held: { readonly customer: string | { readonly id: string } | null }): string | null =>
  typeof held.customer === 'object' ? (held.customer?.id ?? null) : held.customer;

/** Gives the method to the customer. One that is theirs already is answered as it is. */
export function attachMethod(
  call: Call,
  method: Stripe.PaymentMethod,
  customer: string,
  lane: string,
): Stripe.PaymentMethod {
  if (customerOf(method) === customer) return method;
  const attached: Stripe.PaymentMethod = { ...method, customer };
  call.store.save('payment_method', attached);
  call.emit('payment_method.attached', attached, lane);
  return attached;
}

/** Throws 400 for a method that another holds, and for one that is used up or was detached. */
export function requireUsable(method: Stripe.PaymentMethod, customer: string | null): void {
  const holder = customerOf(method);
  if (holder === null) {
    throw invalidRequest(
      'The provided PaymentMethod was previously used without being attached to a Customer, or was detached from one. It may not be used again.',
      { param: 'payment_method' },
    );
  }
  if (holder !== customer) {
    throw invalidRequest(
      `The PaymentMethod ${method.id} belongs to a Customer. Name that Customer in the customer parameter to use it.`,
      { param: 'payment_method' },
    );
  }
}

/** Takes the method from its customer; it is nobody's default any more. Throws 400 for one that nobody has. */
export async function detachMethod(call: Call, method: Stripe.PaymentMethod): Promise<Stripe.PaymentMethod> {
  const holder = customerOf(method);
  if (holder === null) {
    throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.', {
      param: 'payment_method',
    });
  }
  const detached: Stripe.PaymentMethod = { ...method, customer: null };
  call.store.save('payment_method', detached);
  call.emit('payment_method.detached', detached, method.id, { customer: holder });
  const customer = await call.store.lock('customer', holder, 'customer');
  if (customer.invoice_settings.default_payment_method === method.id) {
    const without: Stripe.Customer = {
      ...customer,
      invoice_settings: { ...customer.invoice_settings, default_payment_method: null },
    };
    call.store.save('customer', without);
    call.emit('customer.updated', without, holder, { invoice_settings: customer.invoice_settings });
  }
  return detached;
}
