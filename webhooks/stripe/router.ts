import type { EventType, Translator } from './event.ts';
import { accountAuthorized } from './translators/account.application.authorized.ts';
import { accountDeauthorized } from './translators/account.application.deauthorized.ts';
import { accountUpdated } from './translators/account.updated.ts';
import { applicationFeeRefunded } from './translators/application_fee.refunded.ts';
import { capabilityUpdated } from './translators/capability.updated.ts';
import { chargeDisputeClosed } from './translators/charge.dispute.closed.ts';
import { chargeDisputeCreated } from './translators/charge.dispute.created.ts';
import { chargeDisputeFundsReinstated } from './translators/charge.dispute.funds_reinstated.ts';
import { chargeDisputeFundsWithdrawn } from './translators/charge.dispute.funds_withdrawn.ts';
import { chargeDisputeUpdated } from './translators/charge.dispute.updated.ts';
import { chargeFailed } from './translators/charge.failed.ts';
import { chargeRefundUpdated } from './translators/charge.refund.updated.ts';
import { chargeRefunded } from './translators/charge.refunded.ts';
import { checkoutSessionAsyncPaymentFailed } from './translators/checkout.session.async_payment_failed.ts';
import { checkoutSessionAsyncPaymentSucceeded } from './translators/checkout.session.async_payment_succeeded.ts';
import { checkoutSessionCompleted } from './translators/checkout.session.completed.ts';
import { checkoutSessionExpired } from './translators/checkout.session.expired.ts';
import { customerSubscriptionCreated } from './translators/customer.subscription.created.ts';
import { customerSubscriptionDeleted } from './translators/customer.subscription.deleted.ts';
import { customerSubscriptionPaused } from './translators/customer.subscription.paused.ts';
import { customerSubscriptionResumed } from './translators/customer.subscription.resumed.ts';
import { customerSubscriptionTrialWillEnd } from './translators/customer.subscription.trial_will_end.ts';
import { customerSubscriptionUpdated } from './translators/customer.subscription.updated.ts';
import { invoiceFinalized } from './translators/invoice.finalized.ts';
import { invoiceMarkedUncollectible } from './translators/invoice.marked_uncollectible.ts';
import { invoicePaid } from './translators/invoice.paid.ts';
import { invoicePaymentActionRequired } from './translators/invoice.payment_action_required.ts';
import { invoicePaymentFailed } from './translators/invoice.payment_failed.ts';
import { invoiceVoided } from './translators/invoice.voided.ts';
import { paymentIntentAmountCapturableUpdated } from './translators/payment_intent.amount_capturable_updated.ts';
import { paymentIntentCanceled } from './translators/payment_intent.canceled.ts';
import { paymentIntentPaymentFailed } from './translators/payment_intent.payment_failed.ts';
import { paymentIntentRequiresAction } from './translators/payment_intent.requires_action.ts';
import { paymentIntentSucceeded } from './translators/payment_intent.succeeded.ts';
import { paymentMethodAutomaticallyUpdated } from './translators/payment_method.automatically_updated.ts';
import { paymentMethodDetached } from './translators/payment_method.detached.ts';
import { paymentMethodUpdated } from './translators/payment_method.updated.ts';
import { refundCreated } from './translators/refund.created.ts';
import { refundFailed } from './translators/refund.failed.ts';
import { refundUpdated } from './translators/refund.updated.ts';
import { setupIntentSucceeded } from './translators/setup_intent.succeeded.ts';
import { subscriptionScheduleAborted } from './translators/subscription_schedule.aborted.ts';
import { subscriptionScheduleCanceled } from './translators/subscription_schedule.canceled.ts';
import { subscriptionScheduleCompleted } from './translators/subscription_schedule.completed.ts';
import { subscriptionScheduleReleased } from './translators/subscription_schedule.released.ts';

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
  'customer.subscription.created': customerSubscriptionCreated,
  'customer.subscription.updated': customerSubscriptionUpdated,
  'customer.subscription.deleted': customerSubscriptionDeleted,
  'customer.subscription.paused': customerSubscriptionPaused,
  'customer.subscription.resumed': customerSubscriptionResumed,
  'customer.subscription.trial_will_end': customerSubscriptionTrialWillEnd,
  'invoice.finalized': invoiceFinalized,
  'invoice.paid': invoicePaid,
  'invoice.payment_failed': invoicePaymentFailed,
  'invoice.payment_action_required': invoicePaymentActionRequired,
  'invoice.voided': invoiceVoided,
  'invoice.marked_uncollectible': invoiceMarkedUncollectible,
  'subscription_schedule.released': subscriptionScheduleReleased,
  'subscription_schedule.completed': subscriptionScheduleCompleted,
  'subscription_schedule.aborted': subscriptionScheduleAborted,
  'subscription_schedule.canceled': subscriptionScheduleCanceled,
  'application_fee.refunded': applicationFeeRefunded,
  'charge.dispute.closed': chargeDisputeClosed,
  'charge.dispute.created': chargeDisputeCreated,
  'charge.dispute.funds_reinstated': chargeDisputeFundsReinstated,
  'charge.dispute.funds_withdrawn': chargeDisputeFundsWithdrawn,
  'charge.dispute.updated': chargeDisputeUpdated,
  'charge.failed': chargeFailed,
  'charge.refund.updated': chargeRefundUpdated,
  'charge.refunded': chargeRefunded,
  'refund.created': refundCreated,
  'refund.failed': refundFailed,
  'refund.updated': refundUpdated,
} as const satisfies { readonly [Type in EventType]?: Translator };

export const stripeEventTypes: readonly string[] = Object.keys(stripeTranslators);

const table: ReadonlyMap<string, Translator> = new Map(Object.entries(stripeTranslators));

export const stripeTranslatorFor = (type: string): Translator | undefined => table.get(type);
