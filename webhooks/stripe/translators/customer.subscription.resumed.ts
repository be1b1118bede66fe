import { translatorOf } from '../event.ts';
import { subscriptionHint } from './subscription.ts';

/** A paused subscription goes on. */
export const customerSubscriptionResumed = translatorOf('customer.subscription.resumed', (event) =>
  subscriptionHint(event.data.object),
);
