import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type Stripe from 'stripe';
import { z } from 'zod';
import { onboardingOutcomes } from './account-standing.ts';
import { asFailure } from './failure.ts';
import { parseForm } from './form.ts';
import type { Onboarding } from './onboarding.ts';
import { escapeHtml, page, securityHeaders } from './pay-page.ts';

const answerSchema = z.strictObject({ outcome: z.enum(onboardingOutcomes) });

/** The page that an account link leads to: `GET` uses the link up, its buttons `POST` back to it. */
export function onboardingRoutes(onboarding: Onboarding): Router {
  const router = express.Router();
  router.use('/connect', express.text({ type: () => true, limit: '16kb' }));
  router.get('/connect/onboarding/:token', async (request, response) => {
    const { token } = request.params;
    const visit = await onboarding.visit(token);
    if ('redirect' in visit) {
      response.set(securityHeaders(visit.redirect)).redirect(303, visit.redirect);
      return;
    }
    const { link, account } = visit;
    response.set(securityHeaders(link.returnUrl, link.refreshUrl)).type('html').send(onboardingPage(token, account));
  });
  router.post('/connect/onboarding/:token', async (request, response) => {
    const body: unknown = request.body;
    const answer = answerSchema.safeParse(parseForm(typeof body === 'string' ? body : ''));
    if (!answer.success) {
      refuse(response, 400, 'This cannot be done', `Choose one of: ${onboardingOutcomes.join(', ')}.`);
      return;
    }
    const { redirect } = await onboarding.leave(request.params.token, answer.data.outcome);
    response.set(securityHeaders(redirect)).redirect(303, redirect);
  });
  router.use('/connect', (error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const failure = asFailure(error);
    if (!failure) return next(error);
    const title = failure.status === 404 ? 'No such onboarding link' : 'This cannot be done';
    refuse(response, failure.status, title, failure.message);
  });
  return router;
}

function refuse(response: Response, status: number, title: string, message: string): void {
  const body = `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(message)}</p>`;
  response.status(status).set(securityHeaders(null)).type('html').send(page(title, body));
}

const dueList = (account: Stripe.Account): string => {
  const due = account.requirements?.currently_due ?? [];
  if (due.length === 0) return '<p>Nothing is asked for.</p>';
  return `<ul>${due.map((field) => `<li><code>${escapeHtml(field)}</code></li>`).join('')}</ul>`;
};

const onboardingPage = (token: string, account: Stripe.Account): string => {
  const name = account.business_profile?.name ?? account.email ?? account.id;
  return page(
    'Onboarding - sandbox',
    `<h1>Onboard ${escapeHtml(name)}</h1><p>Account <code>${escapeHtml(account.id)}</code>, ${escapeHtml(account.country ?? '')}</p>
<h2>What is still asked for</h2>${dueList(account)}
<form method="post" action="/connect/onboarding/${escapeHtml(token)}">
<button class="main" name="outcome" value="complete">Complete onboarding</button>
<button name="outcome" value="unfinished">Leave it unfinished<small>Some details are given, others stay due</small></button>
<button name="outcome" value="refuse">Refuse: Stripe restricts this account<small>Charges and payouts are off until documents are verified</small></button></form>`,
  );
};
