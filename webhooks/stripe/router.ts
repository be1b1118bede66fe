import type { EventType, Translator } from './event.ts';
import { accountAuthorized } from './translators/account.application.authorized.ts';
import { accountDeauthorized } from './translators/account.application.deauthorized.ts';
import { accountUpdated } from './translators/account.updated.ts';
import { capabilityUpdated } from './translators/capability.updated.ts';
import { checkoutSessionAsyncPaymentFailed } from './translators/checkout.session.async_payment_failed.ts';
import { checkoutSessionAsyncPaymentSucceeded } from './translators/checkout.session.async_payment_succeeded.ts';
import { checkoutSessionCompleted } from './translators/checkout.session.completed.ts';
import { checkoutSessionExpired } from './translators/checkout.session.expired.ts';
import { paymentIntentAmountCapturableUpdated } from './translators/payment_intent.amount_capturable_updated.ts';
import { paymentIntentCanceled } from './translators/payment_intent.canceled.ts';
import { paymentIntentPaymentFailed } from './translators/payment_intent.payment_failed.ts';
import { paymentIntentRequiresAction } from './translators/payment_intent.requires_action.ts';
import { paymentIntentSucceeded } from './translators/payment_intent.succeeded.ts';
import { paymentMethodAutomaticallyUpdated } from './translators/payment_method.automatically_updated.ts';
import { paymentMethodDetached } from './translators/payment_method.detached.ts';
import { paymentMethodUpdated } from './translators/payment_method.updated.ts';
import { setupIntentSucceeded } from './translators/setup_intent.succeeded.ts';

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
  'payment_intent.amount_capturable_updated': paymentIntentAmountCapturableUpdated,
  'payment_intent.canceled': paymentIntentCanceled,
  'payment_intent.payment_failed': paymentIntentPaymentFailed,
  'payment_intent.requires_action': paymentIntentRequiresAction,
  'payment_intent.succeeded': paymentIntentSucceeded,
  'payment_method.automatically_updated': paymentMethodAutomaticallyUpdated,
  'payment_method.detached': paymentMethodDetached,
  'payment_method.updated': paymentMethodUpdated,
  'setup_intent.succeeded': setupIntentSucceeded,
} as const satisfies { readonly [Type in EventType]?: Translator };

export const stripeEventTypes: readonly string[] = Object.keys(stripeTranslators);

const table: ReadonlyMap<string, Translator> = new Map(Object.entries(stripeTranslators));

export const stripeTranslatorFor = (type: string): Translator | undefined => table.get(type);
