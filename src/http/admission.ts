import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';
import { AppError } from '../errors.ts';
import { AccessRefusal, callerOf } from '../tenancy/access-refusal.ts';
import { isConsoleSecret } from '../tenancy/console-secret.ts';
import { isCsrfTokenOf, isPortalSecret } from '../tenancy/portal-secret.ts';
import type { NoteRefusal } from '../tenancy/refusals.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type CallLimits, spend } from './call-limits.ts';
import type { RawInput, Route } from './route.ts';

export interface AdmissionDependencies {
  /** Null for a key nobody has. Throws `AppError` for one that is known and refused. */
  readonly authenticate: (bearer: string) => Promise<Scope | null>;
  /** The pages of this origin may call with a session's cookie. */
  readonly publicUrl: string;
  /** Left out: nobody is limited. */
  readonly limits?: CallLimits;
  /** Left out: refusals are only answered. */
  readonly noteRefusal?: NoteRefusal;
}

/** The cookie of a portal session. */
export const sessionCookie = 'baisa_portal';
/** The cookie of a session of the console. */
export const consoleCookie = 'baisa_console';

const cookieOf = (name: string, isOurs: (secret: string) => boolean) => (request: Request) => {
  const secret = parseCookie(request.headers.cookie ?? '')[name];
  return secret !== undefined && isOurs(secret) ? secret : undefined;
};

export const sessionOf = cookieOf(sessionCookie, isPortalSecret);
export const consoleSessionOf = cookieOf(consoleCookie, isConsoleSecret);

const csrfTokenIn = (request: Request): string => request.get('x-csrf-token') ?? '';

/**
 * A browser may be signed in to both, and a cookie says nothing of the page that it was sent for: the page's token tells, and
 * without one the weaker of the two is taken.
 */
function secretOf(request: Request): string | undefined {
  const [portal, console] = [sessionOf(request), consoleSessionOf(request)];
  if (console === undefined || portal === undefined) return portal ?? console;
  return isCsrfTokenOf(console, csrfTokenIn(request)) ? console : portal;
}

/** What of a refused call is noted. */
interface RefusedRequest {
  /** Method and pattern. */
  readonly route: string;
  readonly scope: Scope | undefined;
  readonly input: RawInput;
}

export interface SessionProof {
  /** Of the cookie. */
  readonly secret: string | undefined;
  /** What the page sent along. */
  readonly csrfToken: string;
}

/** Who may come in, by which key, how often; and what is kept of those who may not. */
export interface Admission {
  /** Whose call it is. Throws `AppError` 401, 403 or 429. */
  admit(request: Request, response: Response, roles: Route['roles']): Promise<Scope>;
  /** Who holds a session, by the secret in its cookie; null without one. Throws `AppError` 401, 403 or 429. */
  visitor(request: Request, response: Response, secret: string | undefined): Promise<Scope | null>;
  /** Throws 403 `csrf_refused` for what no page of ours sent. */
  requireOwnOrigin(request: Request): void;
  /** As `requireOwnOrigin`, for a session: its page must show that it knows the session's `csrfToken` too. */
  requireOwnPage(request: Request, scope: Scope, session: SessionProof): void;
  /** Counts a code that nobody has against the address that sent it. Throws 429 where there were too many. */
  countingWrong<Result>(request: Request, response: Response, ask: () => Promise<Result>): Promise<Result>;
  /** Notes a refusal of somebody who is known; `answer` is what was thrown, or is answered. */
  note(refused: RefusedRequest, answer: unknown): void;
}

const csrfRefused = (message: string): AppError => new AppError(403, 'csrf_refused', message);

export function createAdmission({ authenticate, publicUrl, limits, noteRefusal }: AdmissionDependencies): Admission {
  const origin = URL.parse(publicUrl)?.origin;

  const requireOwnOrigin = (request: Request): void => {
    if (request.get('origin') !== origin) throw csrfRefused('This call did not come from a page of this service.');
  };

  const known = async (request: Request, response: Response, secret: string): Promise<Scope> => {
    const scope = await authenticate(secret);
    if (!scope) {
      await countWrong(request, response);
      throw new AppError(401, 'unknown_key', 'This key is not known.');
    }
    const name = scope.role === 'portal' ? 'portal' : 'key';
    if (limits) spend(response, name, await limits.take(name, callerOf(scope).subject));
    return scope;
  };

  const countWrong = async (request: Request, response: Response): Promise<void> => {
    if (limits) spend(response, 'wrong_key', await limits.take('wrong_key', request.ip ?? 'unknown'));
  };

  const requireOwnPage = (request: Request, scope: Scope, { secret, csrfToken }: SessionProof): void => {
    try {
      requireOwnOrigin(request);
      if (!isCsrfTokenOf(secret ?? '', csrfToken)) {
        throw csrfRefused('This call does not carry the session’s csrfToken.');
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AccessRefusal(callerOf(scope), 403, error.code, error.message);
    }
  };

  /** A cookie is sent by the browser whoever wrote the page: a change must prove that ours did. */
  const bySession = async (request: Request, response: Response, secret: string): Promise<Scope> => {
    const scope = await known(request, response, secret);
    if (request.method !== 'GET') requireOwnPage(request, scope, { secret, csrfToken: csrfTokenIn(request) });
    return scope;
  };

  return {
    admit: async (request, response, roles) => {
      const header = request.get('authorization');
      const session = header === undefined ? secretOf(request) : undefined;
      const bearer = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
      if (session === undefined && bearer === undefined) {
        throw new AppError(401, 'unauthenticated', 'Send Authorization: Bearer <key>.');
      }
      const scope =
        session === undefined
          ? await known(request, response, bearer ?? '')
          : await bySession(request, response, session);
      if (!roles.includes(scope.role)) {
        const message = `This route is for: ${roles.join(', ')}.`;
        throw new AccessRefusal(callerOf(scope), 403, 'forbidden', message);
      }
      return scope;
    },
    visitor: async (request, response, secret) => (secret === undefined ? null : known(request, response, secret)),
    requireOwnOrigin,
    requireOwnPage,
    countingWrong: async (request, response, ask) => {
      try {
        return await ask();
      } catch (error) {
        const unknown = error instanceof AppError && error.status === 401 && !(error instanceof AccessRefusal);
        if (unknown) await countWrong(request, response);
        throw error;
      }
    },
    note: ({ route, scope, input }, answer) => {
      if (!noteRefusal) return;
      const refusal = refusalIn(answer);
      if (refusal === undefined) return;
      const named = namedIds(input);
      const caller = answer instanceof AccessRefusal ? answer.caller : scope && callerOf(scope);
      const reachedAcross = refusal.status === 404 && scope?.role !== 'platform' && Object.keys(named).length > 0;
      if (caller && (refusal.status === 401 || refusal.status === 403 || reachedAcross)) {
        noteRefusal({ caller, code: refusal.code, route, named });
      }
    },
  };
}

/** Absent, or of another tenant; not what a client of its own lacks, such as a subscription. */
const absentCodes: readonly string[] = ['not_found', 'plan_not_buyable', 'plan_not_assignable'];

/** What refuses: thrown, or already written as an answer. */
function refusalIn(answer: unknown): { readonly status: number; readonly code: string } | undefined {
  if (typeof answer !== 'object' || answer === null || !('status' in answer)) return undefined;
  const body = 'body' in answer ? answer.body : answer;
  if (typeof body !== 'object' || body === null || !('code' in body)) return undefined;
  const { status } = answer;
  const { code } = body;
  if (typeof status !== 'number' || typeof code !== 'string') return undefined;
  return status === 404 && !absentCodes.includes(code) ? undefined : { status, code };
}

const namedMax = 20;
const namedLengthMax = 100;

/** The ids that a request names: every parameter of its path, and the fields of its query and body that end in `Id` or `Ids`. */
function namedIds({ params, query, body }: RawInput): Record<string, string> {
  const found = [
    ...fieldsOf(params, '', () => true),
    ...fieldsOf(query, '', isIdField),
    ...fieldsOf(body, '', isIdField),
  ];
  return Object.fromEntries(found.slice(0, namedMax).map(([name, id]) => [name, id.slice(0, namedLengthMax)]));
}

const isIdField = (name: string): boolean => /Ids?$/.test(name);

function* fieldsOf(
  value: unknown,
  path: string,
  isNamed: (name: string) => boolean,
): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    // An index stands for the field that its list is.
    const name = Array.isArray(value) ? path.replace(/(\.\d+)+$/, '') : key;
    if (typeof inner === 'string') {
      if (isNamed(name)) yield [at, inner];
    } else yield* fieldsOf(inner, at, isNamed);
  }
}
