import type Stripe from 'stripe';
import { invalidRequest } from '../failure.ts';
import { paging, parameters, type Rules, text } from '../parameters.ts';
import { type Route, route } from '../route.ts';
import { listOfItems } from '../subscription-items.ts';

const itemList = parameters({ ...paging, subscription: text } satisfies Rules<Stripe.SubscriptionItemListParams>);

/** A subscription has at most twenty items: they are one page. */
export const subscriptionItemRoutes: readonly Route[] = [
  route('GET', '/v1/subscription_items', itemList, async (call, params) => {
    const { items } = await call.store.get('subscription', params.subscription, 'subscription');
    const { starting_after: after, limit = 10 } = params;
    const from = after === undefined ? 0 : items.data.findIndex((item) => item.id === after) + 1;
    if (after !== undefined && from === 0) {
      throw invalidRequest(`No such subscription_item: '${after}'`, {
        code: 'resource_missing',
        param: 'starting_after',
      });
    }
    return {
      ...listOfItems(params.subscription, items.data.slice(from, from + limit)),
      has_more: items.data.length > from + limit,
      url: '/v1/subscription_items',
    };
  }),
];
