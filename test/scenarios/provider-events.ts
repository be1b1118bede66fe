import { z } from 'zod';
import type { TestService } from '../support/service.ts';

const eventSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  data: z.looseObject({
    object: z.looseObject({ id: z.string(), metadata: z.record(z.string(), z.string()).nullish() }),
  }),
});

/** An event as the provider tells it. Everything that is not named here is kept as it came. */
export type ProviderEvent = z.output<typeof eventSchema>;

/** What Baisa hears; the provider makes more. */
const heard = [
  'checkout.session.async_payment_failed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.completed',
  'checkout.session.expired',
  'payment_intent.payment_failed',
  'payment_intent.succeeded',
];

/** The heard events of an order, oldest first, asked of the provider itself. */
export async function eventsOf(service: TestService, orderId: string): Promise<ProviderEvent[]> {
  const types = heard.map((type, index) => `types[${index}]=${type}`).join('&');
  const page = z.object({ data: z.array(eventSchema) });
  const { data } = await service.sandbox.provider(`/v1/events?limit=100&${types}`, page);
  return data.filter(({ data: { object } }) => object.metadata?.baisa_order === orderId).reverse();
}

export async function eventOf(service: TestService, orderId: string, type: string): Promise<ProviderEvent> {
  const found = (await eventsOf(service, orderId)).find((event) => event.type === type);
  if (!found) throw new Error(`the provider has no ${type} of ${orderId}`);
  return found;
}

let forged = 0;

/** The same event under an id of its own, changed: what nobody but the holder of the secret could send. */
export function forge(
  event: ProviderEvent,
  change: { readonly event?: object; readonly object?: object },
): ProviderEvent & { readonly body: string } {
  forged += 1;
  const made = {
    ...event,
    id: `evt_forged_${forged}`,
    ...change.event,
    data: { ...event.data, object: { ...event.data.object, ...change.object } },
  };
  return { ...eventSchema.parse(made), body: JSON.stringify(made) };
}

/** Pays, with every delivery lost on the way: the test delivers by hand what it fetches from the provider. */
export async function withLostDeliveries(service: TestService, pay: () => Promise<unknown>): Promise<void> {
  await service.sandbox.setFaults({ dropDeliveries: 1 });
  try {
    await pay();
  } finally {
    await service.sandbox.setFaults({});
  }
}

const sessionSchema = z.looseObject({ id: z.string(), metadata: z.record(z.string(), z.string()).nullable() });

/** How many hosted sessions the provider has for a customer of ours. */
export async function sessionsOf(service: TestService, customerId: string): Promise<number> {
  const page = z.object({ data: z.array(sessionSchema) });
  const { data } = await service.sandbox.provider('/v1/checkout/sessions?limit=100', page);
  return data.filter(({ metadata }) => metadata?.baisa_customer === customerId).length;
}
