import { translatorOf } from '../event.ts';
import { subscriptionHint } from './subscription.ts';

/** A subscription began, or is to begin with its first payment. */
export const customerSubscriptionCreated = translatorOf('customer.subscription.created', (event) =>
  subscriptionHint(event.data.object),
);
