import type Stripe from 'stripe';
import { createSandboxClient, type SandboxClient } from '../../../src/commands/sandbox-client.ts';
import type { AccountRef } from '../../../src/providers/port.ts';
import type { CardHands, PageCard, Stage, TestCard } from './contract-run.ts';

/** Stripe's names of ready-made cards and their numbers (docs.stripe.com/testing). */
const readyMade = { pays: 'pm_card_visa', fails: 'pm_card_chargeCustomerFail' } satisfies Record<TestCard, string>;
const numbers = {
  pays: '4242424242424242',
  declined: '4000000000000002',
  asks: '4000002760003184',
} satisfies Record<PageCard, string>;

const on = (account: AccountRef): Stripe.RequestOptions => (account.platform ? {} : { stripeAccount: account.id });

const idOf = (reference: string | { readonly id: string } | null): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);

export const stripeCardHands = (stripe: Stripe, account: AccountRef): CardHands => ({
  async attach(customer, card) {
    return (await stripe.paymentMethods.attach(readyMade[card], { customer }, on(account))).id;
  },

  async defaultOf(id) {
    const customer = await stripe.customers.retrieve(id, {}, on(account));
    if (customer.deleted) throw new Error(`${id} is deleted`);
    return idOf(customer.invoice_settings.default_payment_method);
  },

  async paymentsOf(customer) {
    const { data } = await stripe.paymentIntents.list({ customer, limit: 100 }, on(account));
    return data.map(({ id }) => id);
  },
});

export function sandboxStage(url: string, stripe: Stripe, account: AccountRef): Stage {
  const sandbox: SandboxClient = createSandboxClient(url);
  return {
    async fillIn(sessionId, card, authenticate) {
      await sandbox.pay(sessionId, { card: numbers[card], ...(authenticate ? { authenticate } : {}) });
    },

    async setupOf(sessionId) {
      const session = await stripe.checkout.sessions.retrieve(sessionId, {}, on(account));
      const id = idOf(session.setup_intent);
      if (id === null) throw new Error(`${sessionId} saves no card`);
      return id;
    },

    setCard: (cardId, answer) => sandbox.setCard(cardId, answer),

    async authenticate(paymentId, answer) {
      await sandbox.authenticate(paymentId, answer);
    },

    async advanceClock(by) {
      await sandbox.advanceClock(by);
    },

    async whileCut(when, call, route = '/v1/payment_intents') {
      // Without `times`: the SDK tries again by itself.
      await sandbox.setFaults({ api: { cut: when, route, method: 'POST' } });
      try {
        return await call();
      } finally {
        await sandbox.setFaults({});
      }
    },
  };
}
