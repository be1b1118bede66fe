import type Stripe from 'stripe';
import { fromMinorUnits } from '../../../src/providers/stripe/amounts.ts';
import { orderNameOf } from '../../order-name.ts';
import { ignored, type Translation } from '../../translation.ts';
import type { TranslatorContext } from '../event.ts';

const paymentIdOf = (session: Stripe.Checkout.Session): string | null =>
  typeof session.payment_intent === 'string' ? session.payment_intent : (session.payment_intent?.id ?? null);

/** A session whose money has arrived: the payment is the fact, and its amount is what the session took. */
export function paidSession(
  session: Stripe.Checkout.Session,
  apiVersion: string | null,
  context: TranslatorContext,
): Translation {
  const paymentId = paymentIdOf(session);
  if (session.mode !== 'payment' || paymentId === null) {
    return ignored('no_payment', `a ${session.mode} session carries no payment of its own`);
  }
  const order = orderNameOf(session.metadata);
  if (!order || apiVersion !== context.apiVersion || session.amount_total === null || session.currency === null) {
    return { kind: 'hint', paymentId, namesOrder: order !== null };
  }
  return {
    kind: 'payment',
    event: {
      type: 'payment.settled',
      provider: 'stripe',
      providerAccountId: context.accountId,
      order,
      paymentId,
      received: fromMinorUnits(session.amount_total, session.currency),
    },
  };
}

/** A session that ended without money: the order shows it. */
export function unpaidSession(
  type: 'payment.failed' | 'session.expired',
  session: Stripe.Checkout.Session,
  context: TranslatorContext,
): Translation {
  const order = orderNameOf(session.metadata);
  if (!order) return ignored('foreign', 'the session carries no order of ours');
  return { kind: 'payment', event: { type, provider: 'stripe', providerAccountId: context.accountId, order } };
}
