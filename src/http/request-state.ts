import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { requestDuration } from './request-duration.ts';

/** What is known of a request besides what express keeps. */
interface RequestState {
  readonly id: string;
  readonly log: Logger;
  /** The pattern that matched, never the path: ids in a metric's label would make it unbounded. */
  route: string;
}

const states = new WeakMap<Request, RequestState>();

/** The state of a request, made on first use. */
export function stateOf(request: Request, log: Logger): RequestState {
  const known = states.get(request);
  if (known) return known;
  const id = randomUUID();
  const state = { id, log: log.child({ requestId: id }), route: 'unmatched' };
  states.set(request, state);
  return state;
}

/**
 * Gives each request its id (`X-Request-Id`), one log line and one measurement. Headers are not logged: they carry keys.
 */
export function observe(log: Logger, metrics: Registry): RequestHandler {
  const duration = requestDuration(metrics);
  return (request, response, next) => {
    const state = stateOf(request, log);
    const started = performance.now();
    response.setHeader('X-Request-Id', state.id);
    response.once('close', () => {
      const ms = performance.now() - started;
      const { method } = request;
      const status = response.writableFinished ? response.statusCode : 499;
      duration.observe({ method, route: state.route, status }, ms / 1_000);
      state.log.info({ method, route: state.route, status, ms: Math.round(ms * 10) / 10 }, 'request');
    });
    next();
  };
}
