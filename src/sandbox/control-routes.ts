import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { z } from 'zod';
import { accountControlRoutes } from './account-control-routes.ts';
import { billingSettingsName, billingSettingsSchema, readBillingSettings } from './billing-settings.ts';
import type { Transactions } from './call.ts';
import { type CardSwitches, cardSwitchSchema } from './card-switches.ts';
import { testCards } from './cards.ts';
import { challengeSchema } from './challenge-routes.ts';
import type { Challenges } from './challenges.ts';
import { clockForm, clockRoutes } from './clock-form.ts';
import type { ClockMover } from './clock-mover.ts';
import { clientIdOf } from './connections.ts';
import type { Deliverer } from './deliverer.ts';
import { asFailure } from './failure.ts';
import { type FaultSwitch, faultsSchema } from './faults.ts';
import { type HostedInvoices, invoicePaymentSchema } from './hosted-invoices.ts';
import { escapeHtml, page, securityHeaders } from './pay-page.ts';
import { reversalRoutes } from './reversal-routes.ts';
import { readState, writeState } from './schema.ts';
import { paymentSchema, type SessionPayment } from './session-payment.ts';

export interface ControlSetting {
  readonly pool: Pool;
  readonly secretKey: string;
  readonly accountId: string;
  readonly transactions: Transactions;
  readonly payment: SessionPayment;
  readonly challenges: Challenges;
  readonly invoices: HostedInvoices;
  readonly cardSwitches: CardSwitches;
  readonly faults: FaultSwitch;
  readonly deliverer: Deliverer;
  readonly clockMover: ClockMover;
}

const settleSchema = z.strictObject({ outcome: z.enum(['succeed', 'fail']) });

const moveSchema = z
  .strictObject({ advance: z.union([z.string().max(50), z.number()]).optional(), to: z.iso.datetime().optional() })
  .refine((move) => (move.advance === undefined) !== (move.to === undefined), 'give either advance or to');

const deliveriesShown = 200;

/** The sandbox's own routes under `/sandbox`: what a person or a test may do that Stripe's API has no call for. */
export function controlRoutes(setting: ControlSetting): Router {
  const { pool, payment, challenges, cardSwitches, faults, deliverer, clockMover } = setting;
  const router = express.Router();
  router.use('/sandbox', express.json({ limit: '64kb' }));
  router.get('/sandbox', async (_request, response) => {
    response
      .set(securityHeaders(null))
      .type('html')
      .send(await indexPage(pool, deliverer, clockMover));
  });
  // Whoever reaches these routes can pay any session anyway; the key opens nothing but this sandbox.
  router.get('/sandbox/access', (_request, response) => {
    response.json({
      secretKey: setting.secretKey,
      accountId: setting.accountId,
      clientId: clientIdOf(setting.accountId),
    });
  });
  router.use(clockRoutes(clockMover));
  router.use(accountControlRoutes(setting.transactions));
  router.use(reversalRoutes(setting));
  router.post('/sandbox/sessions/:id/pay', async (request, response) => {
    response.json(await payment.pay(request.params.id, paymentSchema.parse(request.body)));
  });
  router.post('/sandbox/sessions/:id/settle', async (request, response) => {
    response.json(await payment.settle(request.params.id, settleSchema.parse(request.body).outcome));
  });
  router.post('/sandbox/intents/:id/authenticate', async (request, response) => {
    response.json(await challenges.answer(request.params.id, challengeSchema.parse(request.body).authenticate));
  });
  router.post('/sandbox/invoices/:id/pay', async (request, response) => {
    const { invoice, intent } = await setting.invoices.pay(request.params.id, invoicePaymentSchema.parse(request.body));
    const error = intent?.last_payment_error;
    response.json({
      status: invoice.status,
      ...(intent?.status === 'requires_action' ? { nextAction: 'authenticate' } : {}),
      ...(error ? { error: { code: error.code, declineCode: error.decline_code ?? null } } : {}),
    });
  });
  router.get('/sandbox/billing', async (_request, response) => {
    response.json(readBillingSettings(await readState(pool, billingSettingsName)));
  });
  router.put('/sandbox/billing', async (request, response) => {
    const settings = billingSettingsSchema.parse(request.body);
    await writeState(pool, billingSettingsName, JSON.stringify(settings));
    response.json(settings);
  });
  router.get('/sandbox/test-cards', (_request, response) => {
    response.json({ data: testCards.map(({ number, label }) => ({ number, label })) });
  });
  router.get('/sandbox/cards/:id', async (request, response) => {
    response.json(await cardSwitches.view(request.params.id));
  });
  router.put('/sandbox/cards/:id', async (request, response) => {
    response.json(await cardSwitches.set(request.params.id, cardSwitchSchema.parse(request.body).outcome));
  });
  router.get('/sandbox/faults', (_request, response) => {
    response.json(faults.current);
  });
  router.put('/sandbox/faults', (request, response) => {
    faults.set(faultsSchema.parse(request.body));
    response.json(faults.current);
  });
  router.get('/sandbox/clock', (_request, response) => {
    response.json({ now: clockMover.now.toISOString() });
  });
  router.post('/sandbox/clock', async (request, response) => {
    const move = moveSchema.parse(request.body);
    const now = move.to === undefined ? await clockMover.advance(move.advance ?? 0) : await clockMover.moveTo(move.to);
    response.json({ now: now.toISOString() });
  });
  router.get('/sandbox/deliveries', async (_request, response) => {
    response.json({ inFlight: deliverer.inFlight, ...(await deliveryFacts(pool)) });
  });
  router.use('/sandbox', answerError);
  return router;
}

function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  const failure = asFailure(error);
  if (failure) {
    response.status(failure.status).json(failure.body);
  } else if (error instanceof z.ZodError || error instanceof RangeError) {
    response.status(422).json({ error: { type: 'invalid_request_error', message: error.message } });
  } else next(error);
}

async function deliveryFacts(pool: Pool) {
  const counts = await pool.query<{ status: string; count: number }>(
    'SELECT status, count(*)::int AS count FROM deliveries GROUP BY status ORDER BY status',
  );
  const latest = await pool.query(
    `SELECT delivery.id::int AS id, delivery.event_id AS "eventId", coalesce(document.body ->> 'type', document.body #>> '{event,type}') AS type,
            delivery.event_account AS account, endpoint.url, delivery.status, delivery.attempts,
            delivery.due_at AS "dueAt", delivery.last_result AS "lastResult"
     FROM deliveries AS delivery JOIN endpoints AS endpoint ON endpoint.id = delivery.endpoint_id
     JOIN documents AS document
       ON document.account = delivery.event_account AND document.type IN ('event', 'thin_event')
      AND document.id = delivery.event_id
     ORDER BY delivery.id DESC LIMIT $1`,
    [deliveriesShown],
  );
  return { counts: Object.fromEntries(counts.rows.map((row) => [row.status, row.count])), data: latest.rows };
}

const accountsShown = 100;

interface AccountLine {
  readonly account: Stripe.Account;
  readonly authorized: boolean;
}

const standingText = ({ account, authorized }: AccountLine): string => {
  if (!authorized) return 'deauthorized';
  if (account.charges_enabled) return account.payouts_enabled ? 'can charge' : 'can charge, payouts off';
  const due = account.requirements?.currently_due ?? [];
  const missing = due.length === 0 ? '' : `: ${due.join(', ')}`;
  return account.details_submitted
    ? `restricted, ${account.requirements?.disabled_reason ?? 'no reason given'}${missing}`
    : `not onboarded${missing}`;
};

/** The newest connected accounts, each with how it stands. */
async function connectedAccounts(pool: Pool): Promise<readonly AccountLine[]> {
  const { rows } = await pool.query<AccountLine>(
    `SELECT account.body AS account, (connection.body ->> 'authorized')::boolean AS authorized
     FROM documents AS connection JOIN documents AS account
       ON account.account = connection.id AND account.type = 'account' AND account.id = connection.id
     WHERE connection.type = 'connection' ORDER BY connection.seq DESC LIMIT $1`,
    [accountsShown],
  );
  return rows;
}

async function indexPage(pool: Pool, deliverer: Deliverer, clockMover: ClockMover): Promise<string> {
  const { rows } = await pool.query<{ type: string; count: number }>(
    `SELECT type, count(*)::int AS count FROM documents WHERE type NOT IN ('session_plan', 'session_subscription', 'connection', 'onboarding_link', 'refund_switch') GROUP BY type ORDER BY type`,
  );
  const { counts } = await deliveryFacts(pool);
  const accounts = await connectedAccounts(pool);
  const line = (name: string, value: string | number) =>
    `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`;
  return page(
    'Sandbox',
    `<h1>Local sandbox of a payment provider</h1>
<p>It speaks the wire format of Stripe's API under <code>/v1</code>, hosts pay pages and delivers signed webhooks.</p>
<h2>Clock</h2><p>${clockMover.now.toISOString()}</p>${clockForm}
<h2>Test cards</h2><table>${testCards.map((card) => line(card.number, card.label)).join('')}</table>
<h2>Connected accounts</h2>${accounts.length === 0 ? '<p>None yet.</p>' : `<table>${accounts.map((found) => line(found.account.id, standingText(found))).join('')}</table>`}
<p><a href="/sandbox/payments">Payments: refund, dispute or fail one</a></p>
<h2>Objects</h2><table>${rows.map((row) => line(row.type, row.count)).join('')}</table>
<h2>Webhook deliveries</h2><table>${line('in flight', deliverer.inFlight)}
${Object.entries(counts)
  .map(([status, count]) => line(status, count))
  .join('')}</table>`,
  );
}
