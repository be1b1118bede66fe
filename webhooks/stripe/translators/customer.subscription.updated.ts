import { translatorOf } from '../event.ts';
import { subscriptionHint } from './subscription.ts';

/** Something about a subscription changed. */
export const customerSubscriptionUpdated = translatorOf('customer.subscription.updated', (event) =>
  subscriptionHint(event.data.object),
);
