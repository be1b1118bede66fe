import { translatorOf } from '../event.ts';
import { subscriptionHint } from './subscription.ts';

/** A subscription was paused: its trial ended without a card, or somebody paused it. */
export const customerSubscriptionPaused = translatorOf('customer.subscription.paused', (event) =>
  subscriptionHint(event.data.object),
);
