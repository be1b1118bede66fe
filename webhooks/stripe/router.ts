import type { EventType, Translator } from './event.ts';
import { accountAuthorized } from './translators/account.application.authorized.ts';
import { accountDeauthorized } from './translators/account.application.deauthorized.ts';
import { accountUpdated } from './translators/account.updated.ts';
import { capabilityUpdated } from './translators/capability.updated.ts';
import { checkoutSessionAsyncPaymentFailed } from './translators/checkout.session.async_payment_failed.ts';
import { checkoutSessionAsyncPaymentSucceeded } from './translators/checkout.session.async_payment_succeeded.ts';
import { checkoutSessionCompleted } from './translators/checkout.session.completed.ts';
import { checkoutSessionExpired } from './translators/checkout.session.expired.ts';
import { paymentIntentPaymentFailed } from './translators/payment_intent.payment_failed.ts';
import { paymentIntentSucceeded } from './translators/payment_intent.succeeded.ts';

/** Every event that is heard. The endpoints at Stripe subscribe to exactly these keys; what else arrives is stored as ignored. */
export const stripeTranslators = {
  'account.application.authorized': accountAuthorized,
  'account.application.deauthorized': accountDeauthorized,
  'account.updated': accountUpdated,
  'capability.updated': capabilityUpdated,
  'checkout.session.async_payment_failed': checkoutSessionAsyncPaymentFailed,
  'checkout.session.async_payment_succeeded': checkoutSessionAsyncPaymentSucceeded,
  'checkout.session.completed': checkoutSessionCompleted,
  'checkout.session.expired': checkoutSessionExpired,
  'payment_intent.payment_failed': paymentIntentPaymentFailed,
  'payment_intent.succeeded': paymentIntentSucceeded,
} as const satisfies { readonly [Type in EventType]?: Translator };

export const stripeEventTypes: readonly string[] = Object.keys(stripeTranslators);

const table: ReadonlyMap<string, Translator> = new Map(Object.entries(stripeTranslators));

export const stripeTranslatorFor = (type: string): Translator | undefined => table.get(type);
