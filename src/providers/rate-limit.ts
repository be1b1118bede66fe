import { setTimeout as delay } from 'node:timers/promises';
import type { MeterDelivery, MeterEvent, MeteringPort } from './meter-ports.ts';
import type { AccountRef, CatalogPort, PaymentProvider } from './port.ts';

/** Calls a second that a provider takes, of one account, and of one endpoint of that account. */
export interface RateLimits {
  readonly perSecond: number;
  readonly perEndpointSecond: number;
}

/** What may go out at once after a pause, as a share of a second's calls: a wait is never exact to the millisecond. */
const burstShare = 0.1;

/** Calls at a steady rate. Real time: a moved clock does not make a provider faster. */
class Pace {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #nextAt = 0;

  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = Math.max(1, perSecond * burstShare) * this.#intervalMs;
  }

  /** The time at which one more call may go, which nobody else gets. */
  reserve(now: number): number {
    this.#nextAt = Math.max(this.#nextAt, now - this.#burstMs) + this.#intervalMs;
    return this.#nextAt;
  }
}

export interface RateLimiter {
  /** Resolves when a call to the endpoint may go out; callers go in the order in which they came. */
  take(accountId: string, endpoint: string): Promise<void>;
}

export function createRateLimiter(limits: RateLimits): RateLimiter {
  const paces = new Map<string, Pace>();
  const paceOf = (name: string, perSecond: number): Pace => {
    const pace = paces.get(name) ?? new Pace(perSecond);
    paces.set(name, pace);
    return pace;
  };
  return {
    take: async (accountId, endpoint) => {
      const now = performance.now();
      const at = Math.max(
        paceOf(accountId, limits.perSecond).reserve(now),
        paceOf(`${accountId} ${endpoint}`, limits.perEndpointSecond).reserve(now),
      );
      if (at > now) await delay(at - now);
    },
  };
}

/** The same catalogue, each call when its account's limit allows it: a refusal for speed would only cost another call. */
export function limitedCatalog(catalog: CatalogPort, limiter: RateLimiter): CatalogPort {
  const paced =
    <Args extends readonly [AccountRef, ...unknown[]], Answer>(
      endpoint: string,
      call: (...args: Args) => Promise<Answer>,
    ) =>
    async (...args: Args): Promise<Answer> => {
      await limiter.take(args[0].id, endpoint);
      return call(...args);
    };
  const { taxRates, meters } = catalog;
  return {
    listProducts: paced('GET products', catalog.listProducts.bind(catalog)),
    retrieveProduct: paced('GET product', catalog.retrieveProduct.bind(catalog)),
    createProduct: paced('POST products', catalog.createProduct.bind(catalog)),
    updateProduct: paced('POST product', catalog.updateProduct.bind(catalog)),
    listPrices: paced('GET prices', catalog.listPrices.bind(catalog)),
    pricesByLookupKey: paced('GET prices', catalog.pricesByLookupKey.bind(catalog)),
    pricesOfProduct: paced('GET prices', catalog.pricesOfProduct.bind(catalog)),
    createPrice: paced('POST prices', catalog.createPrice.bind(catalog)),
    updatePrice: paced('POST price', catalog.updatePrice.bind(catalog)),
    archivePrice: paced('POST price', catalog.archivePrice.bind(catalog)),
    ...(taxRates && {
      taxRates: {
        list: paced('GET tax_rates', taxRates.list.bind(taxRates)),
        create: paced('POST tax_rates', taxRates.create.bind(taxRates)),
        update: paced('POST tax_rate', taxRates.update.bind(taxRates)),
      },
    }),
    ...(meters && {
      meters: {
        list: paced('GET meters', meters.list.bind(meters)),
        create: paced('POST meters', meters.create.bind(meters)),
        rename: paced('POST meter', meters.rename.bind(meters)),
        deactivate: paced('POST meter/deactivate', meters.deactivate.bind(meters)),
        reactivate: paced('POST meter/reactivate', meters.reactivate.bind(meters)),
      },
    }),
  };
}

/** The same meters, each event when its account's limit allows it: as many as the limit lets go are under way at once. */
export function limitedMetering(metering: MeteringPort, limiter: RateLimiter): MeteringPort {
  const paced = async <Answer>(account: AccountRef, endpoint: string, call: () => Promise<Answer>): Promise<Answer> => {
    await limiter.take(account.id, endpoint);
    return call();
  };
  return {
    send: async (account, events, keyOf) => {
      const lanes = Map.groupBy(events, (event) => `${event.providerCustomerId} ${event.eventName}`);
      const answers = new Map<MeterEvent, MeterDelivery>();
      await Promise.all(
        [...lanes.values()].map(async (lane) => {
          for (const event of lane) {
            const [answer] = await paced(account, 'POST meter_events', () => metering.send(account, [event], keyOf));
            if (answer) answers.set(event, answer);
          }
        }),
      );
      return events.flatMap((event) => answers.get(event) ?? []);
    },
    cancel: (account, event, options) =>
      paced(account, 'POST meter_event_adjustments', () => metering.cancel(account, event, options)),
    summaries: (account, ...query) =>
      paced(account, 'GET meter/event_summaries', () => metering.summaries(account, ...query)),
    readErrors: (account, eventId) => metering.readErrors(account, eventId),
  };
}

/** A provider whose catalogue and meters keep to the limits; checkout and what else clients wait for goes straight through. */
export function withBackgroundLimits(provider: PaymentProvider, limits: RateLimits): PaymentProvider {
  const limiter = createRateLimiter(limits);
  return {
    ...provider,
    ...(provider.catalog && { catalog: limitedCatalog(provider.catalog, limiter) }),
    ...(provider.metering && { metering: limitedMetering(provider.metering, limiter) }),
  };
}
