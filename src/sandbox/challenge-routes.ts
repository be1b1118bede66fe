import express, { type Response, type Router } from 'express';
import { z } from 'zod';
import { Money } from '../money/money.ts';
import type { ChallengedIntent, Challenges } from './challenges.ts';
import { invalidRequest } from './failure.ts';
import { parseForm } from './form.ts';
import { challengePath } from './next-action.ts';
import { escapeHtml, page, securityHeaders } from './pay-page.ts';

export const challengeSchema = z.strictObject({ authenticate: z.enum(['complete', 'fail']) });

const subjectOf = (intent: ChallengedIntent): string => {
  if (intent.object === 'setup_intent') return 'Save a card. Nothing is charged.';
  const amount = Money.ofMinorUnits(intent.amount, intent.currency.toUpperCase()).toString();
  return intent.capture_method === 'manual' ? `A temporary hold of ${amount}, not a charge.` : `Pay ${amount}.`;
};

const questionPage = (intent: ChallengedIntent): string =>
  page(
    'Authenticate - sandbox',
    `<h1>Your bank asks whether this is you</h1><p>${escapeHtml(subjectOf(intent))}</p>
${intent.description ? `<p>${escapeHtml(intent.description)}</p>` : ''}
<form method="post" action="${challengePath(intent.id)}">
<button class="main" name="authenticate" value="complete">Complete authentication</button>
<button name="authenticate" value="fail">Fail authentication</button></form>`,
  );

const overPage = page(
  'Authenticate - sandbox',
  '<h1>Nothing is asked of you here.</h1><p>You can close this page.</p>',
);

/** The page that a `redirect_to_url` leads to; whoever mounts it reads its forms as text and answers its errors. */
export function challengeRoutes(challenges: Challenges): Router {
  const router = express.Router();
  router.get('/pay/authenticate/:id', async (request, response) => {
    const intent = await challenges.view(request.params.id);
    const asks = intent.status === 'requires_action';
    show(response, intent.next_action?.redirect_to_url?.return_url ?? null, asks ? questionPage(intent) : overPage);
  });
  router.post('/pay/authenticate/:id', async (request, response) => {
    const body: unknown = request.body;
    const parsed = challengeSchema.safeParse(parseForm(typeof body === 'string' ? body : ''));
    if (!parsed.success) throw invalidRequest('Answer with complete or fail.', { param: 'authenticate' });
    const { redirect } = await challenges.answer(request.params.id, parsed.data.authenticate);
    if (redirect === undefined) show(response, null, overPage);
    else response.set(securityHeaders(redirect)).redirect(303, redirect);
  });
  return router;
}

function show(response: Response, redirectTo: string | null, html: string): void {
  response.set(securityHeaders(redirectTo)).type('html').send(html);
}
