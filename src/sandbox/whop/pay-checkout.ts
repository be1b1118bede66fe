import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { findTestCard } from '../cards.ts';
import { buildPayment, declineOf } from './build-payment.ts';
import type { WhopCall, WhopTransactions } from './call.ts';
import { badRequest, notFound } from './failure.ts';
import { beginMembership } from './memberships.ts';

/** How a checkout is paid: by the number of a test card, and with the tax that Whop adds on top, in major units. */
export const whopPaymentSchema = z.strictObject({
  card: z.string().max(30),
  tax: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,3})?$/)
    .optional(),
});

export type WhopCheckoutPayment = z.output<typeof whopPaymentSchema>;

export interface WhopPayAnswer {
  /** Null where no payment was tried. */
  readonly paymentId: string | null;
  readonly status: 'paid' | 'declined';
  readonly redirect?: string;
  readonly error?: string;
}

type Configuration = Whop.CheckoutConfigurationRetrieveResponse;

/** A checkout and whose it is. Throws 404 for one that is not there any more. */
export async function findCheckout(call: WhopCall, id: string): Promise<Configuration> {
  const found = await call.find('checkout_configuration', id);
  if (!found) throw notFound('checkout', id);
  return found;
}

/** Pays a checkout; each try is a payment of its own, and a checkout that was paid can be paid again, as at Whop. */
export const payCheckout = (
  transactions: WhopTransactions,
  id: string,
  { card: number, tax = '0' }: WhopCheckoutPayment,
): Promise<WhopPayAnswer> =>
  transactions.run('', async (call) => {
    const configuration = await findCheckout(call, id);
    const { account_id: account, redirect_url: redirect } = configuration;
    const plan = configuration.plan ? await call.find('plan', configuration.plan.id) : undefined;
    const found = findTestCard(number);
    if ('problem' in found) return { paymentId: null, status: 'declined', error: found.problem.message };
    if (!plan) throw badRequest('the checkout sells nothing');
    const failure = declineOf(found.card.outcome);
    const isRenewal = plan.plan_type === 'renewal';
    const membership = isRenewal && failure === null ? await beginMembership(call, configuration, plan, number) : null;
    const payment = buildPayment(call, {
      account,
      plan,
      price: new Decimal(plan.initial_price).plus(isRenewal ? plan.renewal_price : 0),
      tax,
      fee: (await call.find('checkout_fee', id))?.amount ?? 0,
      card: found.card,
      failure,
      billingReason: isRenewal ? 'subscription_create' : 'one_time',
      metadata: configuration.metadata,
      configurationId: configuration.id,
      membership,
    });
    await call.save('payment', account, payment);
    await call.emit(failure === null ? 'payment.succeeded' : 'payment.failed', account, payment);
    if (membership) await call.emit('membership.activated', account, membership);
    return failure === null
      ? { paymentId: payment.id, status: 'paid', ...(redirect ? { redirect } : {}) }
      : { paymentId: payment.id, status: 'declined', error: failure };
  });
