import type Stripe from 'stripe';
import { ProviderError } from '../errors.ts';
import { isOwnMeter } from '../metadata.ts';
import type { AccountRef, CatalogMeter, MeterAggregation, MetersPort, WriteOptions } from '../port.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const aggregations: readonly MeterAggregation[] = ['sum', 'last', 'count'];

/** What Stripe itself calls them where nothing is said (docs.stripe.com/api/billing/meter/create). */
const payloadKeys = { customer: 'stripe_customer_id', value: 'value' } as const;

const toMeter = (meter: Stripe.Billing.Meter): CatalogMeter => ({
  id: meter.id,
  eventName: meter.event_name,
  displayName: meter.display_name,
  aggregation: aggregations.find((known) => known === meter.default_aggregation.formula) ?? null,
  customerKey: meter.customer_mapping.event_payload_key,
  valueKey: meter.value_settings.event_payload_key,
  active: meter.status === 'active',
});

const isRefusal = (error: unknown): boolean => error instanceof ProviderError && error.kind === 'invalid';

type Switch = 'deactivate' | 'reactivate';

export function createMeters(stripe: Stripe, calls: StripeCalls): MetersPort {
  const { meters } = stripe.billing;

  const all = async (account: AccountRef): Promise<CatalogMeter[]> =>
    (await calls.list(() => meters.list({ limit: pageSize }, on(account)))).map(toMeter);

  const switched = async (
    how: Switch,
    account: AccountRef,
    meterId: string,
    options: WriteOptions,
  ): Promise<CatalogMeter> => {
    try {
      return toMeter(await calls.write('billing.meter', () => meters[how](meterId, {}, writeOn(account, options))));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const meter = toMeter(await calls.read('billing.meter', () => meters.retrieve(meterId, {}, on(account))));
      if (meter.active === (how === 'reactivate')) return meter;
      throw error;
    }
  };

  return {
    list: async (account) => (await all(account)).filter(isOwnMeter),

    async create(account, meter, options) {
      const params = {
        event_name: meter.eventName,
        display_name: meter.displayName,
        default_aggregation: { formula: meter.aggregation },
        customer_mapping: { type: 'by_id', event_payload_key: payloadKeys.customer },
        value_settings: { event_payload_key: payloadKeys.value },
      } satisfies Stripe.Billing.MeterCreateParams;
      try {
        return toMeter(await calls.write('billing.meter', () => meters.create(params, writeOn(account, options))));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // The code of a taken event name is not documented, so that any refusal leads to a look at what is there.
        const same = (await all(account)).filter(({ eventName }) => eventName === meter.eventName);
        const existing = same.find(({ active }) => active) ?? same[0];
        if (existing) return existing;
        throw error;
      }
    },

    rename: async (account, meterId, displayName, options) =>
      toMeter(
        await calls.write('billing.meter', () =>
          meters.update(meterId, { display_name: displayName }, writeOn(account, options)),
        ),
      ),

    deactivate: (account, meterId, options) => switched('deactivate', account, meterId, options),
    reactivate: (account, meterId, options) => switched('reactivate', account, meterId, options),
  };
}
