import { randomBytes } from 'node:crypto';
import Stripe from 'stripe';
import { createStripeProvider } from '../../src/providers/stripe/stripe-provider.ts';
import { providerContract } from '../contract/provider/contract.ts';
import { stripeCardHands } from '../contract/provider/stripe-hands.ts';
import { takesPayments } from '../contract/provider/take-payment.ts';

/** Only a test-mode key may run this: it makes products, customers, cards, payments, sessions and endpoints. */
function testModeKey(): string {
  const key = process.env.STRIPE_SECRET_KEY ?? '';
  if (/^(sk|rk)_test_\w+$/.test(key)) return key;
  throw new Error(
    'Set STRIPE_SECRET_KEY to a test-mode key (sk_test_... or rk_test_...); nothing else is accepted here.',
  );
}

const apiKey = testModeKey();

providerContract('Stripe, in test mode', async () => {
  const provider = createStripeProvider({ apiKey });
  const current = await provider.accounts.current();
  const account = { id: current.id, platform: true };
  const stripe = new Stripe(apiKey, { telemetry: false });
  return {
    provider,
    account,
    currency: current.chargeableCurrencies.includes('OMR') ? 'OMR' : 'USD',
    takePayment: takesPayments(stripe, account),
    cards: stripeCardHands(stripe, account),
    runId: randomBytes(6).toString('hex'),
    removeCustomer: async (id) => {
      await stripe.customers.del(id);
    },
    removeWebhookEndpoint: async (id) => {
      await stripe.webhookEndpoints.del(id);
    },
    close: async () => undefined,
  };
});
