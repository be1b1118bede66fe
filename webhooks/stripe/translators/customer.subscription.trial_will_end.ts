import { translatorOf } from '../event.ts';
import { subscriptionHint } from './subscription.ts';

/** A trial ends in three days, or has just begun with less than that. */
export const customerSubscriptionTrialWillEnd = translatorOf('customer.subscription.trial_will_end', (event) =>
  subscriptionHint(event.data.object, true),
);
