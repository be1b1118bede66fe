import type Stripe from 'stripe';
import { type ConnectHarness, startConnectHarness } from './connect-harness.ts';
import { types } from './harness.ts';

export interface ReversalHarness extends ConnectHarness {
  /** A payment of 1.930 OMR on the platform's account, unless told otherwise. */
  pay(more?: Partial<Stripe.PaymentIntentCreateParams>, options?: Stripe.RequestOptions): Promise<Stripe.PaymentIntent>;
  charge(payment: Stripe.PaymentIntent, options?: Stripe.RequestOptions): Promise<Stripe.Charge>;
  /** The types of what the platform's endpoint got since the last look. */
  heard(): Promise<string[]>;
  /** What an account's balance transactions of these sources add up to, in settlement units: [gross, fees, net]. */
  sums(sources: readonly (string | null)[], options?: Stripe.RequestOptions): Promise<[number, number, number]>;
  /** Forgets what was delivered, the switch of refunds and the faults. */
  reset(): Promise<void>;
}

export async function startReversalHarness(): Promise<ReversalHarness> {
  const harness = await startConnectHarness();
  const { stripe, sandbox, receiver, connect, client } = harness;
  return {
    ...harness,
    pay: (more = {}, options = {}) =>
      stripe.paymentIntents.create(
        { amount: 1930, currency: 'omr', confirm: true, payment_method: 'pm_card_visa', ...more },
        options,
      ),
    charge: (payment, options = {}) => stripe.charges.retrieve(String(payment.latest_charge), {}, options),
    heard: async () => {
      await sandbox.settled();
      const seen = types(receiver);
      receiver.arrivals.length = 0;
      return seen;
    },
    sums: async (sources, options = {}) => {
      const found = await Promise.all(
        sources.map((source) => stripe.balanceTransactions.list({ source: String(source) }, options)),
      );
      return found
        .flatMap(({ data }) => data)
        .reduce<[number, number, number]>(
          ([gross, fees, net], entry) => [gross + entry.amount, fees + entry.fee, net + entry.net],
          [0, 0, 0],
        );
    },
    reset: async () => {
      await client.setRefunds(null);
      await client.setFaults({});
      await sandbox.settled();
      receiver.arrivals.length = 0;
      connect.arrivals.length = 0;
    },
  };
}
