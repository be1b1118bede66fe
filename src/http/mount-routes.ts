import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { principalOf, type Scope } from '../tenancy/scope.ts';
import type { Admission } from './admission.ts';
import { sendCsv, wantsCsv } from './csv.ts';
import { checkedKey, type IdempotencyDependencies, runOnce } from './idempotency.ts';
import { isTransient, problemOf, refusalOf } from './problem.ts';
import { stateOf } from './request-state.ts';
import { type Answer, isPublic, type RawInput, type Route } from './route.ts';

export interface RouteMountDependencies {
  readonly routes: readonly Route[];
  readonly admission: Admission;
  readonly idempotency: IdempotencyDependencies;
  readonly log: Logger;
}

const bodyBytesMax = 1_000_000;
/** CloudEvents in JSON have types of their own, and are read by the one route that takes them. */
const bodyTypes = ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'];
/** Not strict: a bare `5` is JSON too, and its error should name what the schema wants. */
const readJson = express.json({ limit: bodyBytesMax, strict: false, type: bodyTypes });

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
  const { admission } = dependencies;
  const answer = isPublic(route) ? publicAnswer : answerWithin;
  return async (request, response) => {
    const state = stateOf(request, dependencies.log);
    state.route = route.path;
    const visit: Visit = { route, request, response, id: state.id, log: state.log, scope: undefined };
    const noted = {
      route: `${request.method} ${route.path}`,
      get scope() {
        return visit.scope;
      },
      get input() {
        return inputOf(request);
      },
    };
    try {
      const given = await answer(visit, dependencies);
      admission.note(noted, given);
      await send(visit, given);
    } catch (error) {
      admission.note(noted, error);
      throw error;
    }
  };
}

/** A request on its way through a route. */
interface Visit {
  readonly route: Route;
  readonly request: Request;
  readonly response: Response;
  /** This delivery's, as in `X-Request-Id`. */
  readonly id: string;
  readonly log: Logger;
  /** Known once the caller was admitted. */
  scope: Scope | undefined;
}

const addressOf = ({ ip }: Request): string => ip ?? 'unknown';

const inputOf = ({ params, query, body }: Request): RawInput => ({ params, query, body });

async function answerWithin(visit: Visit, { admission, idempotency }: RouteMountDependencies): Promise<Answer> {
  const { route, request, response, id } = visit;
  const scope = await admission.admit(request, response, route.roles);
  visit.scope = scope;
  await readBody(request, response);
  const run = route.accept(inputOf(request), route.hasTable && wantsCsv(request) ? 'table' : undefined);
  const log = visit.log.child({ role: scope.role });

  const key = idempotencyKeyOf(request, route);
  const facts = { id, address: addressOf(request) };
  if (key === undefined) return run({ scope, log, request: { ...facts, idempotency: undefined } });
  const answer = await runOnce(idempotency, {
    name: { principal: principalOf(scope), route: `${request.method} ${route.path}`, key },
    content: inputOf(request),
    carriesSecret: route.carriesSecret,
    log,
    run: (idempotency) => finalAnswer(() => run({ scope, log, request: { ...facts, idempotency } }), id),
  });
  if (answer.replayed) response.setHeader('Idempotent-Replayed', 'true');
  return answer;
}

async function publicAnswer({ route, request, response, id, log }: Visit, dependencies: RouteMountDependencies) {
  await readBody(request, response);
  const run = route.accept(inputOf(request));
  const ask = () => run({ scope: null, log, request: { id, address: addressOf(request), idempotency: undefined } });
  return dependencies.admission.countingWrong(request, response, ask);
}

async function readBody(request: Request, response: Response): Promise<void> {
  // `false` means a body of another type; null, that there is none. A POST without a body announces a length of 0.
  if (request.headers['content-length'] !== '0' && request.is(bodyTypes) === false) {
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

async function send({ route, request, response }: Visit, { status, body, table }: Answer): Promise<void> {
  response.status(status).setHeader('Cache-Control', 'no-store');
  if (route.hasTable) response.vary('Accept');
  if (table) {
    await sendCsv(response, table);
    return;
  }
  if (body === undefined) {
    response.end();
    return;
  }
  if (route.produces !== undefined && body instanceof Uint8Array) {
    response.type(route.produces).send(Buffer.from(body));
    return;
  }
  if (route.csv && status === 200) {
    response.vary('Accept');
    if (wantsCsv(request)) {
      await sendCsv(response, route.csv(body));
      return;
    }
  }
  response.type(status >= 400 ? 'application/problem+json' : 'application/json').send(JSON.stringify(body));
}
