import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { notFound } from '../errors.ts';
import { type AdmissionDependencies, createAdmission } from './admission.ts';
import { type ConnectPageDependencies, createConnectPages } from './connect-pages.ts';
import { type ConsoleSessionRouteDependencies, createConsoleSessionRoutes } from './console-session.ts';
import { docsRouter } from './docs.ts';
import { mountRoutes, type RouteMountDependencies } from './mount-routes.ts';
import { openApiDocument } from './openapi.ts';
import { createPortalPages, type PortalPageActions } from './portal-pages.ts';
import { problemOf, refusalOf, sendProblem } from './problem.ts';
import { observe, stateOf } from './request-state.ts';
import { createSandboxControls } from './sandbox-controls.ts';
import { createUpdateStreams, type UpdateStreamDependencies } from './update-streams.ts';

export interface Health {
  /** By name of what is checked: `ok`, or one sentence that says what is wrong. */
  ready(): Promise<Readonly<Record<string, string>>>;
  /** Checks whose failure makes the service slower and not wrong: it stays in rotation. */
  readonly dispensable?: readonly string[];
}

export interface AppDependencies extends Omit<RouteMountDependencies, 'admission'>, AdmissionDependencies {
  /** First of all, before any other middleware: the hot path, which needs the raw bytes. It passes on what is not its own. */
  readonly webhooks: Router;
  readonly health: Health;
  readonly metrics: Registry;
  /** What the portal's own pages show and do; left out: there are none. */
  readonly portal?: PortalPageActions;
  /** The portal that runs in the browser; left out: a plain page. */
  readonly portalPage?: RequestHandler;
  /** What open pages are told by; left out: they are not. */
  readonly updates?: UpdateStreamDependencies['updates'];
  /** Of the sandbox, which the console's page of it moves; left out: there is none. */
  readonly sandboxUrl?: string | undefined;
  /** How the console is signed in to; left out: it is not. */
  readonly consoleSessions?: ConsoleSessionRouteDependencies['consoleSessions'];
  /** What the pages do that account owners come back to; left out: there are none. */
  readonly connect?: ConnectPageDependencies['agencyAccounts'];
  /** Proxies in front that are believed; left out: none. */
  readonly trustedProxies?: number;
  /** Other pages, after the API's routes. */
  readonly extra?: readonly Router[];
}

/** The whole HTTP face of the service. Listens nowhere; see `server.ts`. */
export function createApp(dependencies: AppDependencies): Express {
  const { log, metrics, health, routes, publicUrl } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', dependencies.trustedProxies ?? 0);
  // Answers are not stored, so a hash of each would be work for nothing.
  app.disable('etag');
  app.use(dependencies.webhooks);
  app.use(observe(log, metrics));
  // No `upgrade-insecure-requests`: the service itself speaks plain HTTP, behind whatever terminates TLS.
  app.use(helmet({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } }));

  app.get('/healthz', named('/healthz', log), (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', named('/readyz', log), async (_request, response) => {
    const checks = await health.ready();
    const failed = Object.keys(checks).filter((name) => checks[name] !== 'ok');
    const ready = failed.every((name) => health.dispensable?.includes(name));
    const status = failed.length === 0 ? 'ready' : ready ? 'degraded' : 'not_ready';
    response.status(ready ? 200 : 503).json({ status, checks });
  });
  app.get('/metrics', named('/metrics', log), async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  app.use(docsRouter(openApiDocument(routes, { serverUrl: publicUrl })));

  const admission = createAdmission(dependencies);
  const { updates, authenticate } = dependencies;
  if (updates) app.use(createUpdateStreams({ updates, admission, authenticate, log }));
  app.use(mountRoutes({ ...dependencies, admission }));
  const connect = dependencies.connect;
  if (connect) app.use(createConnectPages({ agencyAccounts: connect, admission, log }));
  if (dependencies.portal)
    app.use(
      createPortalPages({ actions: dependencies.portal, admission, page: dependencies.portalPage, publicUrl, log }),
    );
  const consoleSessions = dependencies.consoleSessions;
  if (consoleSessions) app.use(createConsoleSessionRoutes({ consoleSessions, admission, publicUrl, log }));
  const { sandboxUrl } = dependencies;
  if (sandboxUrl !== undefined) app.use(createSandboxControls({ sandboxUrl, admission, log }));
  for (const router of dependencies.extra ?? []) app.use(router);
  app.use((_request, _response, next) => next(notFound('path')));
  app.use(answerError(log));
  return app;
}

const named =
  (route: string, log: Logger): RequestHandler =>
  (request, _response, next) => {
    stateOf(request, log).route = route;
    next();
  };

/** Express tells an error handler by its four parameters. */
const answerError =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    const state = stateOf(request, log);
    const refused = refusalOf(error);
    if (refused.unexpected) state.log.error({ err: error, route: state.route, code: refused.code }, 'request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    response.setHeader('Cache-Control', 'no-store');
    sendProblem(response, problemOf(refused, state.id), refused.headers);
  };
