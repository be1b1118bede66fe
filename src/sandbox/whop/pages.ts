import { Decimal } from 'decimal.js';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { testCards } from '../cards.ts';
import { parseForm } from '../form.ts';
import { escapeHtml, securityHeaders } from '../pay-page.ts';
import { onboard, onboardingOutcomes } from './accounts.ts';
import type { WhopTransactions } from './call.ts';
import { asWhopFailure, notFound } from './failure.ts';
import { findCheckout, payCheckout, whopPaymentSchema } from './pay-checkout.ts';

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title></head>
<body><p role="note"><strong>This is a local sandbox, not Whop. No card is charged; use test cards only.</strong></p>
<main>${body}</main></body></html>`;

const send = (
  response: Response,
  status: number,
  title: string,
  body: string,
  ...leadsTo: readonly (string | null)[]
) =>
  response
    .status(status)
    .set(securityHeaders(...leadsTo))
    .type('html')
    .send(page(title, body));

const outcomeSchema = z.strictObject({ outcome: z.enum(onboardingOutcomes) });

const formOf = (request: Request): unknown => {
  const body: unknown = request.body;
  return parseForm(typeof body === 'string' ? body : '');
};

/** The hosted pages: what a checkout and an onboarding link lead to. */
export function whopPages(transactions: WhopTransactions): Router {
  const router = express.Router();
  router.use(['/whop/pay', '/whop/onboarding'], express.text({ type: () => true, limit: '16kb' }));

  const showCheckout = async (id: string, response: Response, problem: string | null): Promise<void> => {
    const { plan, redirect_url: redirect } = await transactions.run('', (call) => findCheckout(call, id));
    const price = Money.of(
      new Decimal(plan?.initial_price ?? 0)
        .plus(plan?.plan_type === 'renewal' ? (plan.renewal_price ?? 0) : 0)
        .toFixed(),
      (plan?.currency ?? 'usd').toUpperCase(),
    );
    const buttons = testCards.map(
      ({ number, label }) => `<p><button name="card" value="${number}">${escapeHtml(label)} ${number}</button></p>`,
    );
    const body = `<h1>Pay ${escapeHtml(price.toString())}</h1>
${problem === null ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="/whop/pay/${escapeHtml(id)}">${buttons.join('')}</form>`;
    send(response, problem === null ? 200 : 402, 'Pay - sandbox', body, redirect ?? null);
  };

  router.get('/whop/pay/:id', (request, response) => showCheckout(request.params.id, response, null));
  router.post('/whop/pay/:id', async (request, response) => {
    const form = whopPaymentSchema.safeParse(formOf(request));
    if (!form.success) return showCheckout(request.params.id, response, 'Choose a test card.');
    const { redirect, error } = await payCheckout(transactions, request.params.id, form.data);
    if (error !== undefined) return showCheckout(request.params.id, response, error);
    if (redirect !== undefined) response.set(securityHeaders(redirect)).redirect(303, redirect);
    else send(response, 200, 'Paid - sandbox', '<h1>Paid</h1>');
  });

  const linkOf = (token: string) =>
    transactions.run('', async (call) => {
      const { rows } = await call.client.query<{
        account: string;
        return_url: string;
        refresh_url: string;
        expired: boolean;
      }>('SELECT account, return_url, refresh_url, expires_at <= $2 AS expired FROM whop_links WHERE token = $1', [
        token,
        call.now,
      ]);
      if (rows[0]) return rows[0];
      throw notFound('onboarding link', '');
    });
  router.get('/whop/onboarding/:token', async (request, response) => {
    const link = await linkOf(request.params.token);
    if (link.expired) return response.redirect(303, link.refresh_url);
    const buttons = onboardingOutcomes.map(
      (outcome) => `<p><button name="outcome" value="${outcome}">${outcome}</button></p>`,
    );
    const body = `<h1>Onboard ${escapeHtml(link.account)}</h1><form method="post">${buttons.join('')}</form>`;
    return send(response, 200, 'Onboarding - sandbox', body, link.return_url);
  });
  router.post('/whop/onboarding/:token', async (request, response) => {
    const link = await linkOf(request.params.token);
    const { outcome } = outcomeSchema.parse(formOf(request));
    await transactions.run(link.account, (call) => onboard(call, link.account, outcome));
    response.redirect(303, link.return_url);
  });

  router.use(
    ['/whop/pay', '/whop/onboarding'],
    (error: unknown, _request: Request, response: Response, next: NextFunction) => {
      const failure = asWhopFailure(error);
      if (!failure) return next(error);
      send(
        response,
        failure.status,
        'This cannot be done',
        `<h1>This cannot be done</h1><p>${escapeHtml(failure.message)}</p>`,
      );
    },
  );
  return router;
}
