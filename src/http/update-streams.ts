import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { principalOf, type Scope } from '../tenancy/scope.ts';
import type { Updates } from '../updates/updates.ts';
import { type Admission, type AdmissionDependencies, consoleSessionOf, sessionOf } from './admission.ts';
import { stateOf } from './request-state.ts';

export interface UpdateStreamDependencies {
  readonly updates: Pick<Updates, 'noteChange' | 'watch'>;
  readonly admission: Admission;
  readonly authenticate: AdmissionDependencies['authenticate'];
  readonly log: Logger;
  /** How often a stream says that it is there, and asks whether its session still is, in milliseconds. */
  readonly heartbeatMs?: number;
  /** Streams of one client, agency or the platform at once, in this process. */
  readonly streamsMax?: number;
}

/** The doors, each with its own cookie: a browser sends both, and no token can tell which page opened the stream. */
const doors = [
  { path: '/portal/updates', secretOf: sessionOf },
  { path: '/console/updates', secretOf: consoleSessionOf },
] as const;

/**
 * Server-sent events for pages that are open: `change`, without content, whenever something that the session sees is not what it
 * was. A stream ends with its session, within a heartbeat, and when the service stops; the browser asks again by itself.
 */
export function createUpdateStreams(dependencies: UpdateStreamDependencies): Router {
  const { updates } = dependencies;
  const router = Router({ caseSensitive: true });
  const open = new Map<string, number>();
  for (const { path, secretOf } of doors) router.get(path, streamOf(dependencies, { path, secretOf, open }));
  // Whatever was not only read may have changed something.
  router.use((request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') response.once('finish', updates.noteChange);
    next();
  });
  return router;
}

interface Door {
  readonly path: string;
  secretOf(request: Request): string | undefined;
  /** How many streams are open, by whose they are. */
  readonly open: Map<string, number>;
}

function streamOf(dependencies: UpdateStreamDependencies, { path, secretOf, open }: Door): RequestHandler {
  const { admission, log, streamsMax = 20 } = dependencies;
  return async (request, response) => {
    stateOf(request, log).route = path;
    const secret = secretOf(request);
    const scope = await admission.visitor(request, response, secret);
    if (secret === undefined || !scope) throw new AppError(401, 'unauthenticated', 'You are not signed in.');
    // Nothing would give back the place of whoever left meanwhile.
    if (response.closed) return;
    const whose = principalOf(scope);
    const count = open.get(whose) ?? 0;
    if (count >= streamsMax)
      throw new AppError(429, 'too_many_streams', `At most ${streamsMax} pages are told at once.`);
    open.set(whose, count + 1);
    response.once('close', () => {
      const left = (open.get(whose) ?? 1) - 1;
      if (left === 0) open.delete(whose);
      else open.set(whose, left);
    });
    await tell(dependencies, { response, scope, secret });
  };
}

interface Stream {
  readonly response: Response;
  readonly scope: Scope;
  readonly secret: string;
}

const heartbeatDefaultMs = 15_000;

async function tell(dependencies: UpdateStreamDependencies, { response, scope, secret }: Stream): Promise<void> {
  const { updates, authenticate, heartbeatMs = heartbeatDefaultMs } = dependencies;
  const write = (text: string): void => {
    // What nobody reads would pile up here until the session is over; a browser that is still there asks again.
    if (response.writableNeedDrain) response.destroy();
    else if (!response.writableEnded) response.write(text);
  };
  // A proxy that gathers what it passes on would hold back what is told.
  response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  const watch = await updates.watch(scope, {
    changed: () => write('event: change\ndata: {}\n\n'),
    ended: () => response.end(),
  });
  const stillSignedIn = async (): Promise<void> => {
    const now = await authenticate(secret).catch(() => null);
    if (now === null) response.end();
    else write(': still here\n\n');
  };
  const heartbeat = setInterval(() => void stillSignedIn(), heartbeatMs);
  heartbeat.unref();
  const stop = (): void => {
    clearInterval(heartbeat);
    watch.stop();
  };
  // Whoever left meanwhile closes no more.
  if (response.closed) stop();
  else response.once('close', stop);
  write(': open\n\n');
}
