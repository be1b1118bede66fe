import type Stripe from 'stripe';
import type { AccountRef } from '../port.ts';
import type { EventsPort, ProviderEvent } from '../refund-ports.ts';
import { on, pageSize, type StripeCalls } from './stripe-calls.ts';

/** docs.stripe.com/api/events: "you can retrieve events going back up to 30 days". */
const keptForMs = 30 * 86_400_000;

/** Stripe filters by at most so many (docs.stripe.com/api/events/list). */
const typesMax = 20;

/** What is delivered for a connected account names it; what is listed there does not. */
const toEvent = (event: Stripe.Event, account: AccountRef): ProviderEvent => ({
  id: event.id,
  type: event.type,
  livemode: event.livemode,
  at: new Date(event.created * 1000),
  payload: JSON.stringify(account.platform ? event : { ...event, account: account.id }),
});

export const createEvents = (stripe: Stripe, calls: StripeCalls): EventsPort => ({
  keptForMs,

  async listSince(account, types, { since, after }) {
    const params = {
      created: { gte: Math.floor(since.getTime() / 1000) },
      limit: pageSize,
      ...(types.length <= typesMax ? { types: [...types] } : {}),
      ...(after === null ? {} : { starting_after: after }),
    } satisfies Stripe.EventListParams;
    const page = await calls.read('list', () => stripe.events.list(params, on(account)));
    const wanted = new Set(types);
    return {
      rows: page.data.filter(({ type }) => wanted.has(type)).map((event) => toEvent(event, account)),
      next: page.has_more ? (page.data.at(-1)?.id ?? null) : null,
    };
  },
});
