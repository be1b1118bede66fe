import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { buildAccount, onboard, onboardingOutcomes } from './accounts.ts';
import type { WhopTransactions } from './call.ts';
import { asWhopFailure, notFound } from './failure.ts';
import { type WhopFaultSwitch, whopFaultsSchema } from './faults.ts';
import { newApiKey, newWhopId } from './ids.ts';
import { payCheckout, whopPaymentSchema } from './pay-checkout.ts';
import { addReversalControls } from './reversal-controls.ts';

export interface WhopControlSetting {
  readonly pool: Pool;
  readonly transactions: WhopTransactions;
  readonly faults: WhopFaultSwitch;
  readonly apiKey: string;
  readonly companyId: string;
  readonly apiBase: () => string;
}

const companySchema = z.strictObject({ title: z.string().min(1).max(100), country: z.string().length(2).optional() });
const onboardingSchema = z.strictObject({ outcome: z.enum(onboardingOutcomes) });

const cardSchema = z.strictObject({ card: z.string().max(30) });

const deliveriesShown = 200;

/** Routes under `/sandbox/whop`: what a person or a test may do that Whop's API has no call for. */
export function whopControlRoutes(setting: WhopControlSetting): Router {
  const { pool, transactions, faults } = setting;
  const router = express.Router();
  router.use('/sandbox/whop', express.json({ limit: '64kb' }));
  router.get('/sandbox/whop/access', (_request, response) => {
    response.json({ apiKey: setting.apiKey, companyId: setting.companyId, apiBase: setting.apiBase() });
  });
  router.post('/sandbox/whop/companies', async (request, response) => {
    const { title, country } = companySchema.parse(request.body);
    const made = { id: newWhopId('biz'), apiKey: newApiKey() };
    await transactions.run(made.id, async (call) => {
      const account = buildAccount(
        {
          id: made.id,
          title,
          email: null,
          country: country ?? null,
          parent: null,
          metadata: {},
          createdAt: call.isoNow,
        },
        'active',
      );
      await call.save('account', made.id, account);
      await call.client.query('INSERT INTO whop_keys (key, account) VALUES ($1, $2)', [made.apiKey, made.id]);
    });
    response.json(made);
  });
  router.post('/sandbox/whop/checkouts/:id/pay', async (request, response) => {
    response.json(await payCheckout(transactions, request.params.id, whopPaymentSchema.parse(request.body)));
  });
  router.put('/sandbox/whop/memberships/:id/card', async (request, response) => {
    const { card } = cardSchema.parse(request.body);
    await transactions.run('', async (call) => {
      const billing = await call.find('membership_billing', request.params.id);
      const membership = await call.find('membership', request.params.id);
      if (!billing || !membership) throw notFound('membership', request.params.id);
      await call.save('membership_billing', membership.company.id, { ...billing, card });
    });
    response.json({ id: request.params.id, card });
  });
  router.post('/sandbox/whop/accounts/:id/onboarding', async (request, response) => {
    const { outcome } = onboardingSchema.parse(request.body);
    const account = await transactions.run(request.params.id, (call) => onboard(call, request.params.id, outcome));
    response.json({ id: account.id, capabilities: account.capabilities, requiredActions: account.required_actions });
  });
  addReversalControls(router, transactions);
  router.get('/sandbox/whop/faults', (_request, response) => {
    response.json(faults.current);
  });
  router.put('/sandbox/whop/faults', (request, response) => {
    faults.set(whopFaultsSchema.parse(request.body));
    response.json(faults.current);
  });
  router.get('/sandbox/whop/deliveries', async (_request, response) => {
    const { rows } = await pool.query(
      `SELECT event_id AS "eventId", type, status, attempts, due_at AS "dueAt", last_result AS "lastResult"
       FROM whop_deliveries ORDER BY id DESC LIMIT $1`,
      [deliveriesShown],
    );
    response.json({ data: rows });
  });
  router.use('/sandbox/whop', (error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const failure = asWhopFailure(error);
    if (failure) response.status(failure.status).json(failure.body);
    else if (error instanceof z.ZodError)
      response.status(422).json({ error: { type: 'invalid_request', message: error.message } });
    else next(error);
  });
  return router;
}
