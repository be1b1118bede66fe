import { translatorOf } from '../event.ts';
import { subscriptionHint } from './subscription.ts';

/** A subscription ended. */
export const customerSubscriptionDeleted = translatorOf('customer.subscription.deleted', (event) =>
  subscriptionHint(event.data.object),
);
