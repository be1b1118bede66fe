import { z } from 'zod';
import type { Cards } from '../../cards/cards.ts';
import type { FindOrder, OrderView } from '../../checkout/find-orders.ts';
import { soldPackSchema } from '../../checkout/order.ts';
import type { QuoteTopUp, TopUpQuote } from '../../checkout/quote-top-up.ts';
import type { StartTopUp } from '../../checkout/start-top-up.ts';
import { invalidField } from '../../errors.ts';
import type { StartPack } from '../../subscriptions/start-pack.ts';
import { addOnsSchema, cycleSchema } from '../../subscriptions/subscription.ts';
import type { Subscriptions } from '../../subscriptions/subscriptions.ts';
import type { TenancyDependencies } from '../../tenancy/agency.ts';
import { findCustomer } from '../../tenancy/find-customers.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer, positiveMoney, webUrl } from '../schemas.ts';

export interface CheckoutRouteDependencies extends TenancyDependencies {
  readonly quoteTopUp: QuoteTopUp;
  readonly startTopUp: StartTopUp;
  readonly startPack: StartPack;
  readonly findOrder: FindOrder;
  readonly cards: Pick<Cards, 'startSetup'>;
  readonly subscriptions: Pick<Subscriptions, 'subscribe'>;
}

const provider = z.enum(['stripe', 'whop']).optional();
const rate = z.string().meta({ description: 'Units of the charged currency per USD.', example: '0.385' });
const rounding = moneyAnswer.meta({ description: 'charged − exact: posted to the ledger with the payment.' });

const quoteAnswer = z
  .object({
    id: id('quote'),
    customerId: id('customer'),
    merchantAccountId: id('merchantAccount'),
    credited: moneyAnswer,
    charged: moneyAnswer,
    rate,
    rounding,
    currencyNotice: z.string().nullable().meta({
      description: 'Why the client is not charged in the account’s charge currency; null where it is.',
    }),
    expiresAt: isoTime,
  })
  .meta({ id: 'Quote' });

const quoteJson = (quote: TopUpQuote) => ({
  id: quote.id,
  customerId: quote.customerId,
  merchantAccountId: quote.merchantAccountId,
  credited: quote.credited.toJSON(),
  charged: quote.charged.toJSON(),
  rate: quote.rate.toString(),
  rounding: quote.rounding.toJSON(),
  currencyNotice: quote.currencyNotice,
  expiresAt: quote.expiresAt.toISOString(),
});

const sessionAnswer = z
  .object({
    id: id('checkoutSession'),
    orderId: id('order').nullable().meta({ description: 'Null for a session that only saves a card.' }),
    url: z.string().nullable().meta({ description: 'Where the client pays; null once the session is over.' }),
    status: z.enum(['open', 'complete', 'expired']),
  })
  .meta({ id: 'CheckoutSession' });

const disputeStatus = z.enum(['needs_response', 'under_review', 'won', 'lost', 'closed', 'prevented', 'other']);

const orderAnswer = z
  .object({
    id: id('order'),
    customerId: id('customer'),
    merchantAccountId: id('merchantAccount'),
    kind: z.string(),
    status: z.enum(['checkout', 'paid', 'failed', 'expired', 'refunded', 'partially_refunded']),
    credited: moneyAnswer,
    charged: moneyAnswer,
    pack: soldPackSchema.nullable().meta({ description: 'What is bought where no balance is; null of a top-up.' }),
    rate,
    rounding,
    checkoutSessionId: id('checkoutSession'),
    url: z.string().nullable(),
    attempts: z
      .array(
        z.object({
          id: id('paymentAttempt'),
          outcome: z.string(),
          code: z.string().nullable(),
          declineCode: z.string().nullable(),
          message: z.string().nullable(),
          occurredAt: isoTime,
        }),
      )
      .meta({
        description: 'Tries that did not pay. A decline leaves the order in `checkout`: another card may succeed.',
      }),
    amountRefunded: moneyAnswer.meta({
      description: 'What has gone back: of what was credited, or of what a sale was charged.',
    }),
    dispute: z
      .object({
        id: id('dispute'),
        status: disputeStatus,
        isInquiry: z.boolean().meta({ description: 'The bank asks, and has taken nothing.' }),
        amount: moneyAnswer,
        reason: z.string(),
        answerDueAt: isoTime.nullable(),
        openedAt: isoTime,
      })
      .nullable()
      .meta({ description: 'The latest; null while nobody has disputed the payment.' }),
    expiresAt: isoTime,
    paidAt: isoTime.nullable(),
    createdAt: isoTime,
  })
  .meta({ id: 'Order' });

const orderJson = (order: OrderView) => ({
  ...order,
  status: orderAnswer.shape.status.parse(order.status),
  credited: order.credited.toJSON(),
  charged: order.charged.toJSON(),
  rate: order.rate.toString(),
  rounding: order.rounding.toJSON(),
  attempts: order.attempts.map((attempt) => ({ ...attempt, occurredAt: attempt.occurredAt.toISOString() })),
  amountRefunded: order.amountRefunded.toJSON(),
  dispute: order.dispute && {
    ...order.dispute,
    status: disputeStatus.parse(order.dispute.status),
    amount: order.dispute.amount.toJSON(),
    answerDueAt: order.dispute.answerDueAt?.toISOString() ?? null,
    openedAt: order.dispute.openedAt.toISOString(),
  },
  expiresAt: order.expiresAt.toISOString(),
  paidAt: order.paidAt?.toISOString() ?? null,
  createdAt: order.createdAt.toISOString(),
});

const newSession = z.strictObject({
  customerId: id('customer'),
  kind: z.enum(['top_up', 'card', 'subscription', 'pack']),
  amount: positiveMoney.optional(),
  quoteId: id('quote').optional(),
  packId: z.string().min(1).max(150).optional(),
  planId: id('plan').optional(),
  cycle: cycleSchema.optional(),
  addOns: addOnsSchema.optional(),
  successUrl: webUrl.optional(),
  cancelUrl: webUrl.optional(),
  provider,
});

/** What a session of kind `subscription` must say, and may not. */
function subscriptionOf({ amount, quoteId, planId, cycle, addOns, ...common }: z.output<typeof newSession>) {
  if (amount !== undefined || quoteId !== undefined) {
    throw invalidField('amount', 'amount_of_plan', 'A plan has its own price: give no amount and no quoteId.');
  }
  if (planId === undefined) throw invalidField('planId', 'plan_required', 'Say which plan.');
  if (cycle === undefined) throw invalidField('cycle', 'cycle_required', 'Say by which cycle it is paid.');
  const { customerId, provider, successUrl, cancelUrl } = common;
  return { customerId, provider, successUrl, cancelUrl, planId, cycle, addOns: addOns ?? {} };
}

interface CheckoutBody {
  readonly kind: 'top_up' | 'card' | 'pack' | 'subscription';
  readonly planId?: string | undefined;
  readonly cycle?: unknown;
  readonly addOns?: unknown;
  readonly amount?: unknown;
  readonly quoteId?: string | undefined;
  readonly packId?: string | undefined;
}

/** What is sold says what must be given with it. */
function requireFitting({ kind, amount, quoteId, packId, planId, cycle, addOns }: CheckoutBody): void {
  const amounts = Number(amount !== undefined) + Number(quoteId !== undefined);
  if (kind === 'top_up' && amounts !== 1) {
    throw invalidField('amount', 'amount_or_quote', 'Give either an amount or a quoteId.');
  }
  if (kind === 'card' && amounts !== 0) {
    throw invalidField('amount', 'amount_of_card', 'Saving a card charges nothing: give no amount and no quoteId.');
  }
  if (kind === 'pack' && amounts !== 0) {
    throw invalidField('amount', 'amount_of_pack', 'A pack has a price of its own: give no amount and no quoteId.');
  }
  if ((kind === 'pack') !== (packId !== undefined)) {
    throw invalidField('packId', 'pack_id', 'A pack is named by its packId, and nothing else is.');
  }
  if (kind !== 'subscription' && [planId, cycle, addOns].some((given) => given !== undefined)) {
    throw invalidField('planId', 'plan_of_top_up', 'A plan is sold by kind `subscription`.');
  }
}

const tag = 'Checkout';

/** Quotes, hosted checkout sessions and the orders behind them. */
export function createCheckoutRoutes(dependencies: CheckoutRouteDependencies): Route[] {
  const { quoteTopUp, startTopUp, startPack, findOrder, cards, subscriptions } = dependencies;
  return [
    defineRoute({
      method: 'post',
      path: '/v1/quotes',
      summary: 'Quote a top-up',
      description:
        'What the balance is credited in USD, what the client is charged, at which rate and with which rounding.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      body: z.strictObject({ customerId: id('customer'), amount: positiveMoney, provider }),
      responses: { 201: quoteAnswer },
      handle: async ({ scope, body }) => {
        const customer = await findCustomer(dependencies, scope, body.customerId);
        const quote = await quoteTopUp({
          agencyId: customer.agencyId,
          customerId: customer.id,
          credited: body.amount,
          provider: body.provider,
        });
        return { status: 201, body: quoteJson(quote) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/checkout-sessions',
      summary: 'Start a hosted checkout',
      description:
        'Answers the address of the provider’s page. Kind `top_up` sells balance, which is credited by the provider’s signed event ' +
        'and not by this call. Kind `subscription` sells a plan by the cycle. Kind `card` saves a card and charges nothing: to verify it, ' +
        'about a dollar is held for a moment and released at once. Kind `pack` sells a pack (`packId`) of the plan that the client lives on, ' +
        'which the same event makes a licence. After a 503 send the same request with the same Idempotency-Key: it continues the same session.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      idempotency: 'required',
      body: newSession,
      responses: { 201: sessionAnswer },
      handle: async ({ scope, body, request }) => {
        requireFitting(body);
        if (body.kind === 'subscription') {
          const sold = { ...subscriptionOf(body), requestId: request.idempotency.requestId };
          return { status: 201, body: await subscriptions.subscribe(scope, sold) };
        }
        const customer = await findCustomer(dependencies, scope, body.customerId);
        const common = {
          agencyId: customer.agencyId,
          customerId: customer.id,
          provider: body.provider,
          successUrl: body.successUrl,
          cancelUrl: body.cancelUrl,
          requestId: request.idempotency.requestId,
        };
        const start = {
          top_up: () => startTopUp({ ...common, credited: body.amount, quoteId: body.quoteId }),
          // An agency's own systems ask for all of its clients from one address.
          card: () => cards.startSetup({ ...common, address: scope.role === 'portal' ? request.address : null }),
          pack: () => startPack({ ...common, packId: body.packId ?? '' }),
        };
        return { status: 201, body: await start[body.kind]() };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/orders/:id',
      summary: 'Read an order',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: id('order') }),
      responses: { 200: orderAnswer },
      handle: async ({ scope, params }) => ({ status: 200, body: orderJson(await findOrder(scope, params.id)) }),
    }),
  ];
}
