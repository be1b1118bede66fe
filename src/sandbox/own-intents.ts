import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { invalidRequest } from './failure.ts';

/** An intent that a session made is the session's: it is not to be led past it. */
async function requireOwn(call: Call, link: string): Promise<void> {
  const [session] = await call.store.linked('checkout.session', [link]);
  if (session) throw invalidRequest('This intent was created by Checkout and cannot be changed directly.');
}

/** Locks the intent. Throws 404 for one that is not there, 400 for a session's. */
export async function lockOwnIntent(call: Call, id: string): Promise<Stripe.PaymentIntent> {
  const intent = await call.store.lock('payment_intent', id, 'intent');
  await requireOwn(call, `payment_intent:${id}`);
  return intent;
}

/** As `lockOwnIntent`, of a setup. */
export async function lockOwnSetup(call: Call, id: string): Promise<Stripe.SetupIntent> {
  const setup = await call.store.lock('setup_intent', id, 'intent');
  await requireOwn(call, `setup_intent:${id}`);
  return setup;
}
