import pg from 'pg';
import type Stripe from 'stripe';
import { type Harness, startHarness } from './harness.ts';

export interface BillingHarness extends Harness {
  /** A new monthly price in minor units of OMR, unless other given. */
  price(setting?: Partial<Stripe.PriceCreateParams>): Promise<Stripe.Price>;
  /** A customer with this test card as their default. */
  customer(card?: string): Promise<Stripe.Customer>;
  /** Moves the clock and waits until all that fell due is done and delivered. */
  advance(by: string): Promise<void>;
  moveTo(time: string): Promise<void>;
  /** Records usage of a meter, `at` in Unix seconds. */
  recordUsage(usage: { meter: string; customer: string; at: number; value: string }): Promise<void>;
  /** Cancels every subscription, so that the clock has nothing to do for an earlier test, and forgets what arrived. */
  endAll(): Promise<void>;
  /** Types that arrived since this was last asked, with those of `only` alone where given. */
  arrived(only?: RegExp): string[];
}

export async function startBillingHarness(): Promise<BillingHarness> {
  const harness = await startHarness();
  const { stripe, receiver } = harness;
  const { id: product } = await stripe.products.create({ name: 'Plan' });
  const move = async (body: object): Promise<void> => {
    const { status, body: answer } = await harness.control('POST', '/sandbox/clock', body);
    if (status !== 200) throw new Error(`the clock did not move: ${JSON.stringify(answer)}`);
  };
  return {
    ...harness,
    price: (setting = {}) =>
      stripe.prices.create({
        currency: 'omr',
        recurring: { interval: 'month' },
        product,
        ...(setting.unit_amount_decimal === undefined ? { unit_amount: 10_000 } : {}),
        ...setting,
      }),
    customer: async (card = 'pm_card_visa') => {
      const customer = await stripe.customers.create({ email: 'client@example.com' });
      const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
      return stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
    },
    advance: (by) => move({ advance: by }),
    moveTo: (time) => move({ to: time }),
    recordUsage: async ({ meter, customer, at, value }) => {
      const client = new pg.Client({ connectionString: harness.databaseUrl });
      await client.connect();
      await client.query(
        `INSERT INTO meter_usage (account, meter, customer, used_at, value) VALUES ($1, $2, $3, to_timestamp($4), $5)`,
        [harness.sandbox.accountId, meter, customer, at, value],
      );
      await client.end();
    },
    endAll: async () => {
      for await (const { id } of stripe.subscriptions.list({ limit: 100 })) await stripe.subscriptions.cancel(id);
      await harness.sandbox.settled();
      receiver.arrivals.length = 0;
    },
    arrived: (only = /./) => {
      const types = receiver.arrivals.splice(0).map(({ event }) => event.type);
      return types.filter((type) => only.test(type));
    },
  };
}

export const day = 86_400;

/** What an expanded reference holds. */
export function expanded<Body extends object>(reference: string | Body | null | undefined): Body {
  if (reference === null || reference === undefined || typeof reference === 'string') {
    throw new Error(`not expanded: ${reference}`);
  }
  return reference;
}

export const isoOf = (seconds: number | null): string => new Date((seconds ?? 0) * 1000).toISOString();
