import pg from 'pg';
import type Stripe from 'stripe';
import { expect } from 'vitest';
import { z } from 'zod';
import { moneyAnswer } from '../../src/commands/api-answers.ts';
import type { ApiClient } from '../../src/commands/api-client.ts';
import { cards, type SandboxPayment } from '../../src/commands/sandbox-client.ts';
import { stripeEventTypes } from '../../webhooks/stripe/router.ts';
import type { TestService } from '../support/service.ts';
import { cardWorld } from './card-world.ts';
import { withLostDeliveries } from './provider-events.ts';

const amountAnswer = moneyAnswer.transform(String);

const refundAnswer = z.object({
  id: z.string(),
  orderId: z.string(),
  status: z.string(),
  origin: z.string(),
  amount: amountAnswer,
  charged: amountAnswer,
  failure: z.string().nullable(),
});
export type RefundAnswer = z.output<typeof refundAnswer>;

const orderAnswer = z.object({
  status: z.string(),
  amountRefunded: amountAnswer,
  dispute: z.object({ status: z.string(), isInquiry: z.boolean(), amount: amountAnswer }).nullable(),
});
export type ReversedOrderAnswer = z.output<typeof orderAnswer>;

/** A payment that arrived: our order, and the provider's id of what paid it. */
export interface PaidOrder {
  readonly customerId: string;
  readonly orderId: string;
  readonly paymentId: string;
}

const heard: ReadonlySet<string> = new Set(stripeEventTypes);

/** What is done with events before they are delivered, oldest first. */
export type Arrangement = (events: readonly Stripe.Event[]) => readonly Stripe.Event[];

/** Refunds, disputes and what comes of them: over HTTP, as a client, its agency, its bank and the provider's dashboard would. */
export function reversalWorld(service: TestService) {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  const connected = database.connect();
  const { stripe } = cardWorld(service);
  const told = new Set<string>();
  let requests = 0;
  let again = 0;

  const at = (accountId: string) => (accountId === service.accountId ? {} : { stripeAccount: accountId });

  const sums = async (where: string, parameters: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    await connected;
    const { rows } = await database.query<{ account: string; sum: string }>(
      `SELECT concat_ws(' ', a.code, e.currency) AS account, trim_scale(sum(e.amount))::text AS sum
         FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id AND a.agency_id = e.agency_id
         JOIN ledger_transactions t ON t.id = e.transaction_id AND t.agency_id = e.agency_id
         LEFT JOIN merchant_accounts m ON m.id = a.merchant_account_id
        WHERE ${where} GROUP BY 1 HAVING sum(e.amount) <> 0 ORDER BY 1`,
      [...parameters],
    );
    return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]));
  };

  const world = {
    stripe,
    close: () => database.end(),
    /** A client with a top-up that was paid and settled. */
    paid: async (amount = '5.00', payment: SandboxPayment = { card: cards.visa }): Promise<PaidOrder> => {
      const agency = await service.agency('Reversed');
      return world.topUp(await service.customer(agency.api), amount, payment);
    },
    topUp: async (
      customerId: string,
      amount = '5.00',
      payment: SandboxPayment = { card: cards.visa },
      on = service.accountId,
    ): Promise<PaidOrder> => {
      const { orderId, sessionId } = await service.startTopUp(customerId, amount);
      await service.sandbox.pay(sessionId, payment);
      await service.idle();
      await service.sandbox.advanceClock('bank_debit' in payment ? '25h' : '2s');
      const { payment_intent: intent } = await stripe().checkout.sessions.retrieve(sessionId, {}, at(on));
      if (typeof intent !== 'string') throw new Error(`nothing paid ${sessionId}`);
      return { customerId, orderId, paymentId: intent };
    },
    ask: (
      orderId: string,
      amount?: string,
      { key = `refund ${requests++}`, api = service.api, currency = 'USD' } = {},
    ) =>
      api.call('POST', `/v1/transactions/${orderId}/refunds`, {
        idempotencyKey: key,
        body: amount === undefined ? {} : { amount: { amount, currency } },
      }),
    /** Asks for a refund and lets everything happen that follows at once. */
    refund: async (orderId: string, amount?: string, api: ApiClient = service.api): Promise<RefundAnswer> => {
      const answer = await world.ask(orderId, amount, { api });
      if (answer.status !== 202) throw new Error(`a refund was refused: ${answer.text}`);
      await service.idle();
      return refundAnswer.parse(answer.body);
    },
    order: (orderId: string): Promise<ReversedOrderAnswer> => service.api.get(`/v1/orders/${orderId}`, orderAnswer),
    /** What refunds of a payment there are at the provider, oldest first, in minor units. */
    refundsOf: async ({ paymentId }: PaidOrder): Promise<readonly Stripe.Refund[]> => {
      const { data } = await stripe().refunds.list({ payment_intent: paymentId, limit: 100 });
      return data.toReversed();
    },
    /** The disputes of a payment at the provider, newest first. */
    disputesOf: async ({ paymentId }: PaidOrder): Promise<readonly Stripe.Dispute[]> =>
      (await stripe().disputes.list({ payment_intent: paymentId, limit: 100 })).data,
    /** What all books say that concern a client, by account; empty ones are left out. */
    books: (customerId: string) => sums('t.customer_id = $1', [customerId]),
    /**
     * What the books say is on the provider's balance, and what the provider says is, both in the settlement currency; and what should be on
     * neither side once everything was heard of.
     */
    provider: async (providerAccountId = service.accountId) => {
      let net = 0;
      let currency = '';
      for await (const line of stripe().balanceTransactions.list({ limit: 100 }, at(providerAccountId))) {
        net += line.net;
        currency = line.currency.toUpperCase();
      }
      const held = await sums('m.provider_account_id = $1', [providerAccountId]);
      return {
        truth: (net / 100).toFixed(2),
        books: Number(held[`provider_balance ${currency}`] ?? '0').toFixed(2),
        open: Object.keys(held).filter((name) => name.startsWith('clearing') || name.startsWith('refunds_pending')),
      };
    },
    /** The provider's balance is what the books say it is, and nothing waits between the two. */
    expectBooksOfProvider: async (providerAccountId?: string): Promise<void> => {
      const { truth, books, open } = await world.provider(providerAccountId);
      expect({ books, open }).toEqual({ books: truth, open: [] });
    },
    /** Something happens whose deliveries are all lost; then its events are delivered by hand, in an order of the test's. */
    lost: async (happen: () => Promise<unknown>, arrange: Arrangement): Promise<void> => {
      await world.forget();
      await withLostDeliveries(service, async () => {
        await happen();
        await service.idle();
      });
      await world.deliver(arrange(await world.untold()));
    },
    /** Everything that the provider told so far was told. */
    forget: async (): Promise<void> => {
      for (const { id } of await world.untold()) told.add(id);
    },
    /** What the provider has and nobody was told of, oldest first. */
    untold: async (): Promise<readonly Stripe.Event[]> => {
      const events: Stripe.Event[] = [];
      for await (const event of stripe().events.list({ limit: 100 })) {
        if (told.has(event.id)) break;
        if (heard.has(event.type)) events.push(event);
      }
      return events.toReversed();
    },
    deliver: async (events: readonly Stripe.Event[]): Promise<void> => {
      for (const event of events) {
        const id = told.has(event.id) ? `${event.id}_again_${again++}` : event.id;
        told.add(event.id);
        const { status } = await service.deliver(JSON.stringify({ ...event, id }));
        if (status !== 200) throw new Error(`${event.type} was answered ${status}`);
        await service.idle();
      }
    },
  };
  return world;
}

export type ReversalWorld = ReturnType<typeof reversalWorld>;
