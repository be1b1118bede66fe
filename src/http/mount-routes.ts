import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { principalOf, type Scope } from '../tenancy/scope.ts';
import { checkedKey, type IdempotencyDependencies, runOnce } from './idempotency.ts';
import { isTransient, problemOf, refusalOf } from './problem.ts';
import { stateOf } from './request-state.ts';
import type { Answer, Route } from './route.ts';

export interface RouteMountDependencies {
  readonly routes: readonly Route[];
  /** Null for a key nobody has. Throws `AppError` for one that is known and refused. */
  readonly authenticate: (bearer: string) => Promise<Scope | null>;
  readonly idempotency: IdempotencyDependencies;
  readonly log: Logger;
}

const bodyBytesMax = 1_000_000;
/** Not strict: a bare `5` is JSON too, and its error should name what the schema wants. */
const readJson = express.json({ limit: bodyBytesMax, strict: false, type: 'application/json' });

/** The express router of the declared routes, whatever order they are listed in; 405 for a path with another method. */
export function mountRoutes(dependencies: RouteMountDependencies): Router {
  const router = Router({ caseSensitive: true });
  const routes = [...dependencies.routes].sort(byPrecision);
  for (const route of routes) router[route.method](route.path, handlerOf(route, dependencies));
  for (const [path, methods] of methodsByPath(routes)) router.all(path, refuseMethod(path, methods, dependencies.log));
  return router;
}

/** `/agencies/platform` before `/agencies/:id`, which would take it for an id. */
function byPrecision(a: Route, b: Route): number {
  const [left, right] = [a.path.replaceAll(':', '\uffff'), b.path.replaceAll(':', '\uffff')];
  return left < right ? -1 : left > right ? 1 : 0;
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes) methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
  return methods;
}

function refuseMethod(path: string, methods: readonly string[], log: Logger): RequestHandler {
  return (request, response) => {
    stateOf(request, log).route = path;
    response.setHeader('Allow', methods.join(', '));
    throw new AppError(405, 'method_not_allowed', `This path takes ${methods.join(', ')}.`);
  };
}

function handlerOf(route: Route, dependencies: RouteMountDependencies): RequestHandler {
  return async (request, response) => {
    const state = stateOf(request, dependencies.log);
    state.route = route.path;
    const scope = await authorised(request, route, dependencies.authenticate);
    await readBody(request, response);
    const run = route.accept({ params: request.params, query: request.query, body: request.body });
    const log = state.log.child({ role: scope.role });

    const key = idempotencyKeyOf(request, route);
    if (key === undefined) {
      send(response, await run({ scope, log, request: { id: state.id, idempotency: undefined } }));
      return;
    }
    const answer = await runOnce(dependencies.idempotency, {
      name: { principal: principalOf(scope), route: `${request.method} ${route.path}`, key },
      content: { params: request.params, query: request.query, body: request.body },
      carriesSecret: route.carriesSecret,
      log,
      run: (idempotency) => finalAnswer(() => run({ scope, log, request: { id: state.id, idempotency } }), state.id),
    });
    if (answer.replayed) response.setHeader('Idempotent-Replayed', 'true');
    send(response, answer);
  };
}

async function authorised(
  request: Request,
  route: Route,
  authenticate: RouteMountDependencies['authenticate'],
): Promise<Scope> {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
  const scope = bearer === undefined ? null : await authenticate(bearer);
  if (!scope) {
    throw bearer === undefined
      ? new AppError(401, 'unauthenticated', 'Send Authorization: Bearer <key>.')
      : new AppError(401, 'unknown_key', 'This key is not known.');
  }
  if (!route.roles.includes(scope.role)) {
    throw new AppError(403, 'forbidden', `This route is for: ${route.roles.join(', ')}.`);
  }
  return scope;
}

async function readBody(request: Request, response: Response): Promise<void> {
  // `false` means a body of another type; null, that there is none. A POST without a body announces a length of 0.
  if (request.headers['content-length'] !== '0' && request.is('application/json') === false) {
    throw new AppError(415, 'unsupported_media_type', 'Send the body as Content-Type: application/json.');
  }
  await new Promise<void>((resolve, reject) =>
    readJson(request, response, (error) => (error ? reject(error) : resolve())),
  );
}

function idempotencyKeyOf(request: Request, route: Route): string | undefined {
  if (route.idempotency === 'none') return undefined;
  const key = request.get('idempotency-key');
  if (key !== undefined) return checkedKey(key);
  if (route.idempotency === 'accepted') return undefined;
  throw new AppError(
    422,
    'idempotency_key_required',
    'Money moves here: send an Idempotency-Key, so that a retry is safe.',
  );
}

/** A refusal that no retry will change is the first answer like any other, and is kept. */
async function finalAnswer(run: () => Promise<Answer>, requestId: string): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    const refused = refusalOf(error);
    if (isTransient(refused)) throw error;
    return { status: refused.status, body: problemOf(refused, requestId) };
  }
}

function send(response: Response, { status, body }: Answer): void {
  response.status(status).setHeader('Cache-Control', 'no-store');
  if (body === undefined) {
    response.end();
    return;
  }
  response.type(status >= 400 ? 'application/problem+json' : 'application/json').send(JSON.stringify(body));
}
