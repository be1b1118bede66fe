import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { z } from 'zod';
import { accountOf } from './account-lookup.ts';
import type { Call, Transactions } from './call.ts';
import { findTestCard } from './cards.ts';
import { invalidRequest } from './failure.ts';
import type { Payer } from './payment-methods.ts';
import { attemptedIntent } from './session-subscription.ts';
import { type PaymentResult, payInSession, settleSession } from './sessions.ts';
import type { Payment } from './typed-cards.ts';

const short = z.string().max(200);

/** What the page's form and its JSON twin send. Expiry and code are taken as they come: test cards decide by number. */
export const paymentSchema = z
  .strictObject({
    card: short.optional(),
    expiry: short.optional(),
    cvc: short.optional(),
    name: short.optional(),
    email: short.optional(),
    authenticate: z.enum(['complete', 'fail']).optional(),
    bank_debit: z.enum(['succeed', 'fail']).optional(),
    confirm: z.literal('yes').optional(),
  })
  .refine(
    ({ card, authenticate, bank_debit: debit, confirm }) => [card, authenticate, debit, confirm].some(Boolean),
    'give a card, a bank_debit, an answer to authenticate, or confirm where nothing is due',
  );

export type PaymentRequest = z.output<typeof paymentSchema>;

export interface SessionView {
  readonly session: Stripe.Checkout.Session;
  readonly lines: readonly Stripe.LineItem[];
  readonly intent: PaymentResult['intent'];
}

export interface PaymentAnswer {
  readonly status: string;
  readonly paymentStatus: string;
  /** Where the payer goes next: set once the session is complete. */
  readonly redirect?: string;
  /** Set while the card asks for authentication. */
  readonly nextAction?: 'authenticate';
  readonly error?: { readonly code: string; readonly declineCode: string | null; readonly message: string };
}

/** Paying a hosted session as a payer does, from the page or from a script. Sessions are found by id alone. */
export class SessionPayment {
  readonly #pool: Pool;
  readonly #transactions: Transactions;

  constructor(setting: { pool: Pool; transactions: Transactions }) {
    this.#pool = setting.pool;
    this.#transactions = setting.transactions;
  }

  /** Throws 404 for a session that no account has. */
  async view(sessionId: string): Promise<SessionView> {
    return this.#transactions.run(await this.#accountOf(sessionId), null, async (call) => {
      const session = await call.store.get('checkout.session', sessionId, 'session');
      const lines = await call.store.linked('item', [`session:${sessionId}`]);
      return { session, lines, intent: await intentOf(call, session) };
    });
  }

  /** Throws 400 for a session that is not open and for a number that is no test card's. */
  async pay(sessionId: string, request: PaymentRequest): Promise<PaymentAnswer> {
    const payments = paymentsOf(request);
    const result = await this.#transactions.run(await this.#accountOf(sessionId), null, (call) =>
      payInTurn(call, sessionId, payments),
    );
    return answerOf(result);
  }

  async settle(sessionId: string, outcome: 'succeed' | 'fail'): Promise<PaymentAnswer> {
    const result = await this.#transactions.run(await this.#accountOf(sessionId), null, (call) =>
      settleSession(call, sessionId, outcome),
    );
    return answerOf(result);
  }

  #accountOf(sessionId: string): Promise<string> {
    return accountOf(this.#pool, 'checkout.session', sessionId);
  }
}

async function intentOf(call: Call, session: Stripe.Checkout.Session): Promise<SessionView['intent']> {
  const { payment_intent: payment, setup_intent: setup } = session;
  if (session.mode === 'subscription') return attemptedIntent(call, session.id);
  if (typeof payment === 'string') return call.store.get('payment_intent', payment, 'payment_intent');
  return typeof setup === 'string' ? call.store.get('setup_intent', setup, 'setup_intent') : null;
}

/** A card, then the answer to the challenge it may raise. */
function paymentsOf(request: PaymentRequest): readonly Payment[] {
  const payer: Payer = { name: request.name || null, email: request.email || null };
  const payments: Payment[] = [];
  if (request.bank_debit !== undefined) return [{ kind: 'bank_debit', outcome: request.bank_debit, payer }];
  if (request.confirm !== undefined) return [{ kind: 'confirmation', payer }];
  if (request.card !== undefined) {
    const found = findTestCard(request.card);
    if ('problem' in found) throw invalidRequest(found.problem.message, { code: found.problem.code, param: 'card' });
    payments.push({ kind: 'card', card: found.card, payer });
  }
  if (request.authenticate !== undefined) payments.push({ kind: 'challenge', answer: request.authenticate });
  return payments;
}

async function payInTurn(call: Call, sessionId: string, payments: readonly Payment[]): Promise<PaymentResult> {
  const [first, challenge] = payments;
  if (!first) throw invalidRequest('Nothing to pay with.');
  const result = await payInSession(call, sessionId, first);
  if (!challenge || result.intent?.status !== 'requires_action') return result;
  return payInSession(call, sessionId, challenge);
}

function answerOf({ session, intent }: PaymentResult): PaymentAnswer {
  const failure = intent?.object === 'setup_intent' ? intent.last_setup_error : intent?.last_payment_error;
  const redirect = session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id);
  return {
    status: session.status ?? 'open',
    paymentStatus: session.payment_status,
    ...(session.status === 'complete' && redirect !== undefined ? { redirect } : {}),
    ...(intent?.status === 'requires_action' ? { nextAction: 'authenticate' as const } : {}),
    ...(failure
      ? {
          error: {
            code: failure.code ?? 'card_declined',
            declineCode: failure.decline_code ?? null,
            message: failure.message ?? 'Your card was declined.',
          },
        }
      : {}),
  };
}
