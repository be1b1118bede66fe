import { stringifySetCookie } from 'cookie';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { ConsoleHolder, ConsoleSessions } from '../tenancy/console-sessions.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type Admission, consoleCookie, consoleSessionOf } from './admission.ts';
import { stateOf } from './request-state.ts';

export interface ConsoleSessionRouteDependencies {
  readonly consoleSessions: Pick<ConsoleSessions, 'open' | 'holder' | 'end'>;
  readonly admission: Admission;
  readonly publicUrl: string;
  readonly log: Logger;
}

const readJson = express.json({ limit: '4kb' });
const signIn = z.strictObject({ key: z.string().max(512) });
const path = '/console/session';
const nothing = { params: {}, query: {}, body: {} };

/**
 * Sign-in, who is signed in, and sign-out. They are the pages' own and no part of the API: a program sends its key. The session
 * is in a cookie that no script can read; its `csrfToken` is what our pages send along.
 */
export function createConsoleSessionRoutes(dependencies: ConsoleSessionRouteDependencies): Router {
  const { consoleSessions, admission, publicUrl, log } = dependencies;
  const router = Router({ caseSensitive: true });
  const secure = publicUrl.startsWith('https:');

  const cookie = (value: string, expires: Date): string =>
    stringifySetCookie({ name: consoleCookie, value, httpOnly: true, sameSite: 'strict', path: '/', secure, expires });

  const answered =
    (answer: (request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response) => {
      stateOf(request, log).route = path;
      response.setHeader('Cache-Control', 'no-store');
      try {
        await answer(request, response);
      } catch (error) {
        admission.note({ route: `${request.method} ${path}`, scope: undefined, input: nothing }, error);
        throw error;
      }
    };

  const visitorOf = async (request: Request, response: Response): Promise<{ scope: Scope; secret: string }> => {
    const secret = consoleSessionOf(request);
    const scope = await admission.visitor(request, response, secret);
    if (secret === undefined || !scope) throw new AppError(401, 'unauthenticated', 'You are not signed in.');
    return { scope, secret };
  };

  router.post(
    path,
    readJson,
    answered(async (request, response) => {
      // Else another site could sign somebody in as another agency.
      admission.requireOwnOrigin(request);
      const given = signIn.safeParse(request.body);
      if (!given.success) throw new AppError(422, 'validation_failed', 'Send a key.');
      const opened = await admission.countingWrong(request, response, () =>
        consoleSessions.open(given.data.key.trim()),
      );
      response.setHeader('Set-Cookie', cookie(opened.secret, opened.holder.expiresAt));
      response.status(201).json(shown(opened.holder));
    }),
  );

  router.get(
    path,
    answered(async (request, response) => {
      const { secret } = await visitorOf(request, response);
      response.json(shown(await consoleSessions.holder(secret)));
    }),
  );

  router.delete(
    path,
    answered(async (request, response) => {
      const { scope, secret } = await visitorOf(request, response);
      admission.requireOwnPage(request, scope, { secret, csrfToken: request.get('x-csrf-token') ?? '' });
      await consoleSessions.end(scope, secret);
      response.setHeader('Set-Cookie', cookie('', new Date(0)));
      response.status(204).end();
    }),
  );
  return router;
}

const shown = (holder: ConsoleHolder) => ({ ...holder, expiresAt: holder.expiresAt.toISOString() });
