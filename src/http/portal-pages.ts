import { stringifySetCookie } from 'cookie';
import express, { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Portal } from '../tenancy/portal.ts';
import { csrfTokenOf } from '../tenancy/portal-secret.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type Admission, sessionCookie, sessionOf } from './admission.ts';
import { escaped, page, pagePolicy } from './page.ts';
import { stateOf } from './request-state.ts';

type PortalScope = Extract<Scope, { role: 'portal' }>;

/** What the pages ask of the rooms. */
export interface PortalPageActions {
  readonly portal: Pick<Portal, 'readLink' | 'open' | 'end' | 'holder'>;
  readonly ledger: Pick<Ledger, 'balance'>;
}

export interface PortalPageDependencies {
  readonly actions: PortalPageActions;
  readonly admission: Admission;
  /** The portal that runs in the browser; left out: a plain page, which shows the balance alone. */
  readonly page?: RequestHandler | undefined;
  readonly publicUrl: string;
  readonly log: Logger;
}

const readForm = express.urlencoded({ extended: false, limit: '4kb' });
const codeOf = (given: unknown): string => z.object({ code: z.string() }).safeParse(given).data?.code ?? '';
const csrfIn = (form: unknown): string => z.object({ csrf: z.string() }).safeParse(form).data?.csrf ?? '';

/**
 * The portal's door: a link's page, which asks for one click, because mail scanners follow links; and the page behind it. They run
 * no script, unless it is the portal that runs in the browser.
 */
export function createPortalPages({ actions, admission, page: app, publicUrl, log }: PortalPageDependencies): Router {
  const router = Router({ caseSensitive: true });
  const { portal, ledger } = actions;
  const base = (URL.parse(publicUrl)?.pathname ?? '').replace(/\/+$/, '');
  const secure = publicUrl.startsWith('https:');

  const cookie = (secret: string, expires: Date): string =>
    stringifySetCookie({
      name: sessionCookie,
      value: secret,
      httpOnly: true,
      sameSite: 'strict',
      path: '/',
      secure,
      expires,
    });

  /** Answers a page; what is refused becomes a page too, and is noted like any other refusal. */
  const shown =
    (
      route: string,
      answer: (request: Request, response: Response, next: NextFunction) => Promise<void>,
    ): RequestHandler =>
    async (request, response, next) => {
      stateOf(request, log).route = route;
      // A form's Origin is only sent where the page may name itself to its own host; nobody else learns the link.
      response.set({
        'Content-Security-Policy': pagePolicy,
        'Referrer-Policy': 'same-origin',
        'Cache-Control': 'no-store',
      });
      try {
        await answer(request, response, next);
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
        admission.note({ route: `${request.method} ${route}`, scope: undefined, input: nothing }, error);
        response
          .status(error.status)
          .type('html')
          .send(page('This did not work', `<p>${escaped(error.message)}</p>\n  <p>${escaped(whatNow)}</p>`));
      }
    };

  const visitorOf = async (request: Request, response: Response): Promise<PortalScope> => {
    const scope = await admission.visitor(request, response, sessionOf(request));
    if (scope?.role !== 'portal') throw new AppError(401, 'unauthenticated', 'You are not signed in.');
    return scope;
  };

  router.get(
    '/portal/enter',
    shown('/portal/enter', async (request, response) => {
      const code = codeOf(request.query);
      const link = await admission.countingWrong(request, response, () => portal.readLink(code));
      const form = `<p>This link signs in ${escaped(link.customerName)}. It works once.</p>
  <form method="post" action="${escaped(base)}/portal/enter">
    <input type="hidden" name="code" value="${escaped(code)}">
    <button>Sign in</button>
  </form>`;
      response.type('html').send(page(escaped(link.agencyName), form));
    }),
  );

  router.post(
    '/portal/enter',
    readForm,
    shown('/portal/enter', async (request, response) => {
      // Else another site could sign somebody in as another client.
      admission.requireOwnOrigin(request);
      const opened = await admission.countingWrong(request, response, () => portal.open(codeOf(request.body)));
      response.setHeader('Set-Cookie', cookie(opened.token, opened.expiresAt));
      response.redirect(303, `${base}/portal`);
    }),
  );

  router.get(
    '/portal',
    shown('/portal', async (request, response, next) => {
      const scope = await visitorOf(request, response);
      if (app) {
        await app(request, response, next);
        return;
      }
      const holder = await portal.holder(scope);
      const balance = await ledger.balance(scope.agencyId, scope.customerId);
      const csrf = csrfTokenOf(sessionOf(request) ?? '');
      const body = `<p>Signed in as ${escaped(holder.customerName)}.</p>
  <p>Balance: ${escaped(String(balance))}</p>
  <form method="post" action="${escaped(base)}/portal/sign-out">
    <input type="hidden" name="csrf" value="${escaped(csrf)}">
    <button>Sign out</button>
  </form>`;
      response.type('html').send(page(escaped(holder.agencyName), body));
    }),
  );

  router.get('/portal/session', async (request, response) => {
    stateOf(request, log).route = '/portal/session';
    response.setHeader('Cache-Control', 'no-store');
    const scope = await visitorOf(request, response);
    response.json({ ...(await portal.holder(scope)), csrfToken: csrfTokenOf(sessionOf(request) ?? '') });
  });

  router.post(
    '/portal/sign-out',
    readForm,
    shown('/portal/sign-out', async (request, response) => {
      const scope = await visitorOf(request, response);
      admission.requireOwnPage(request, scope, { secret: sessionOf(request), csrfToken: csrfIn(request.body) });
      await portal.end(scope);
      response.setHeader('Set-Cookie', cookie('', new Date(0)));
      response.type('html').send(page('Signed out', '<p>You can close this page.</p>'));
    }),
  );
  return router;
}

const nothing = { params: {}, query: {}, body: {} };
const whatNow = 'Ask for a new link where you got this one.';
