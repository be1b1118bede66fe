import type { NextFunction, Request, Response } from 'express';

const hostnameOf = (authority: string): string | undefined =>
  URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`).hostname : undefined;

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127(\.\d+){3}$/.test(hostname);

/** A page elsewhere sends its own origin with a form or fetch; a script outside a browser sends none. */
const isForeign = (request: Request): boolean => {
  const origin = request.get('origin');
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.get('host');
};

const refuse = (response: Response, message: string): void => {
  response.status(403).json({ error: { type: 'invalid_request_error', code: 'forbidden', message } });
};

/**
 * The sandbox's own routes need no key, so a web page must not reach them: neither across origins, nor through a name
 * of its own that it points at this machine (DNS rebinding).
 */
export const localOnly =
  (configuredHost: string) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const hostname = hostnameOf(request.get('host') ?? '');
    if (hostname === undefined || (!isLoopback(hostname) && hostname !== configuredHost)) {
      refuse(response, 'Reach the sandbox by localhost or the host it was started with.');
    } else if (isForeign(request)) {
      refuse(response, 'Requests from other origins are refused.');
    } else next();
  };
