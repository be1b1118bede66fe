import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { challengeRoutes } from './challenge-routes.ts';
import type { Challenges } from './challenges.ts';
import { asFailure, StripeFailure } from './failure.ts';
import { parseForm } from './form.ts';
import type { HostedInvoices } from './hosted-invoices.ts';
import { invoiceRoutes } from './invoice-routes.ts';
import { challengePage, closedPage, escapeHtml, page, payPage, securityHeaders } from './pay-page.ts';
import { paymentSchema, type SessionPayment } from './session-payment.ts';

/** The hosted pages: `GET` shows them, their forms `POST` back to them. */
export function payRoutes(payment: SessionPayment, challenges: Challenges, invoices: HostedInvoices): Router {
  const router = express.Router();
  router.use('/pay', express.text({ type: () => true, limit: '16kb' }));
  router.use(challengeRoutes(challenges));
  router.use(invoiceRoutes(invoices));
  router.get('/pay/:id', (request, response) => show(payment, request.params.id, response, null));
  router.post('/pay/:id', async (request, response) => {
    const body: unknown = request.body;
    const parsed = paymentSchema.safeParse(parseForm(typeof body === 'string' ? body : ''));
    if (!parsed.success) return show(payment, request.params.id, response, 'Enter a test card number.');
    await pay(payment, request.params.id, parsed.data, response);
  });
  router.use('/pay', (error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const failure = asFailure(error);
    if (!failure) return next(error);
    const title = failure.status === 404 ? 'No such checkout' : 'This cannot be done';
    const body = `<h1>${title}</h1><p>${escapeHtml(failure.message)}</p>`;
    response.status(failure.status).set(securityHeaders(null)).type('html').send(page(title, body));
  });
  return router;
}

async function pay(
  payment: SessionPayment,
  sessionId: string,
  request: Parameters<SessionPayment['pay']>[1],
  response: Response,
): Promise<void> {
  try {
    const answer = await payment.pay(sessionId, request);
    if (answer.redirect !== undefined) {
      response.set(securityHeaders(answer.redirect)).redirect(303, answer.redirect);
      return;
    }
    await show(payment, sessionId, response, answer.error?.message ?? null);
  } catch (error) {
    if (!(error instanceof StripeFailure) || error.status !== 400) throw error;
    await show(payment, sessionId, response, error.message);
  }
}

async function show(
  payment: SessionPayment,
  sessionId: string,
  response: Response,
  problem: string | null,
): Promise<void> {
  const { session, lines, intent } = await payment.view(sessionId);
  response.set(securityHeaders(session.success_url)).type('html');
  if (session.status !== 'open') {
    response.status(session.status === 'expired' ? 410 : 200).send(closedPage(session));
    return;
  }
  const content = { session, lines, problem };
  const asks = intent?.status === 'requires_action' && problem === null;
  response.status(problem === null ? 200 : 402).send(asks ? challengePage(content) : payPage(content));
}
