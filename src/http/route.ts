import type { Logger } from 'pino';
import { z } from 'zod';
import type { Role, Scope } from '../tenancy/scope.ts';
import type { CsvTable } from './csv.ts';
import { validated } from './validation.ts';

/** Who may call a route: keys of these roles or, with `public`, anybody, without a key. */
export type Access = Role | 'public';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/**
 * What a route does with `Idempotency-Key`: `required` where money moves, `accepted` on every other POST, `none`
 * elsewhere. A required key that is missing is 422 `idempotency_key_required`.
 */
export type IdempotencyMode = 'required' | 'accepted' | 'none';

/** The stored intent behind an `Idempotency-Key`. */
export interface IdempotentRequest {
  /** `req_...`: the same for every retry of this key, so ids and provider keys derived from it are the same too. */
  readonly requestId: string;
  /** True when an earlier try began and did not finish: what it did may already be there. */
  readonly resumed: boolean;
}

type ClaimOf<Mode extends IdempotencyMode> = Mode extends 'required'
  ? IdempotentRequest
  : IdempotentRequest | undefined;

export interface RequestFacts<Mode extends IdempotencyMode = IdempotencyMode> {
  /** This delivery of the request, as answered in `X-Request-Id`. A retry has another one. */
  readonly id: string;
  /** The address of whoever sent it, or of the proxy that is not trusted. */
  readonly address: string;
  readonly idempotency: ClaimOf<Mode>;
}

export interface PublicContext<Params, Query, Body, Mode extends IdempotencyMode = IdempotencyMode> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: RequestFacts<Mode>;
  readonly log: Logger;
}

export interface RouteContext<Params, Query, Body, Mode extends IdempotencyMode = IdempotencyMode>
  extends PublicContext<Params, Query, Body, Mode> {
  readonly scope: Scope;
}

/** The body of an answer that `produces` something else than JSON. */
export const pdf = z.custom<Uint8Array>((body) => body instanceof Uint8Array).meta({ description: 'The document.' });

/** Status -> schema of the JSON body. `z.undefined()` is an answer without one. */
export type Responses = Readonly<Record<number, z.ZodType>>;

/** A status of the table with a body of its schema: what a handler may answer. */
export type AnswerOf<Table extends Responses> = {
  [Status in keyof Table & number]: { readonly status: Status; readonly body: z.input<Table[Status]> };
}[keyof Table & number];

const nothing = z.strictObject({});
type Nothing = typeof nothing;

interface RouteFacts<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Table extends Responses,
> {
  readonly method: Method;
  /** As express reads it: `/v1/customers/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** The answer shows a secret once: it is not stored, and a replay is 409 `secret_already_issued`. */
  readonly carriesSecret?: boolean;
  /** Object schemas. Use `z.strictObject`: an unknown field is an error that names it. */
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly responses: Table;
  /** What the answer of status 200 is where it is no JSON: its body is bytes then. */
  readonly produces?: 'application/pdf';
  /** The answer of status 200 as a table, for whoever asks for CSV; the query then takes `formatQuery`. A method, as `handle` is. */
  csv?(body: z.output<NoInfer<Table>[keyof Table & 200]>): CsvTable;
}

export interface RouteSpec<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Table extends Responses,
  Mode extends IdempotencyMode,
> extends RouteFacts<Params, Query, Body, Table> {
  readonly roles: readonly [Role, ...Role[]];
  /** Left out: `accepted` for a POST, else `none`. */
  readonly idempotency?: Mode;
  /** A method on purpose: its parameter is compared both ways, which lets the kit keep routes of all shapes in one list. */
  /** The answer of status 200 as a table that is read while it is sent, in place of `handle`, for whoever asks for CSV: of any length. */
  table?(context: RouteContext<z.output<Params>, z.output<Query>, z.output<Body>, Mode>): Promise<CsvTable>;
  handle(
    context: RouteContext<z.output<Params>, z.output<Query>, z.output<Body>, Mode>,
  ): Promise<AnswerOf<NoInfer<Table>>> | AnswerOf<NoInfer<Table>>;
}

/** A route that asks for no key. It takes no `Idempotency-Key`: there is nobody under whose name it could be kept. */
export interface PublicRouteSpec<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Table extends Responses,
> extends RouteFacts<Params, Query, Body, Table> {
  readonly roles: readonly ['public'];
  handle(
    context: PublicContext<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<AnswerOf<NoInfer<Table>>> | AnswerOf<NoInfer<Table>>;
}

/** What came over the wire, before any schema. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** In place of the body. */
  readonly table?: CsvTable;
}

/** Everything a handler is given besides its input. */
export interface Circumstances {
  /** Null on a public route, whose handler is given none. */
  readonly scope: Scope | null;
  readonly request: RequestFacts;
  readonly log: Logger;
}

/** A route as the kit keeps it: its facts, its schemas, and its handler behind validation. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly tag: string;
  readonly roles: readonly Access[];
  readonly idempotency: IdempotencyMode;
  readonly carriesSecret: boolean;
  readonly produces: 'application/pdf' | undefined;
  readonly schemas: {
    readonly params: z.ZodType;
    readonly query: z.ZodType;
    readonly body: z.ZodType;
    readonly responses: Responses;
  };
  readonly csv: ((body: unknown) => CsvTable) | undefined;
  /** Whether `accept` can be asked for a table. */
  readonly hasTable: boolean;
  /** Validates (throws `AppError` 422), and answers the call to make once the request may run. */
  accept(input: RawInput, as?: 'table'): (circumstances: Circumstances) => Promise<Answer>;
}

/**
 * Declares a route: from this one value come the express route, its authorisation, its validation and its page in the
 * OpenAPI document. Everything `handle` receives and answers is inferred from the schemas.
 */
export function defineRoute<
  const Table extends Responses,
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Body extends z.ZodType = Nothing,
  Mode extends IdempotencyMode = 'accepted',
>(spec: RouteSpec<Params, Query, Body, Table, Mode>): Route {
  return build(spec, spec.idempotency ?? (spec.method === 'post' ? 'accepted' : 'none'));
}

/** As `defineRoute`, for the few that ask for no key: what they take is proof by itself. */
export function definePublicRoute<
  const Table extends Responses,
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Body extends z.ZodType = Nothing,
>(spec: PublicRouteSpec<Params, Query, Body, Table>): Route {
  return build(spec, 'none');
}

export const isPublic = ({ roles }: Pick<Route, 'roles'>): boolean => roles.includes('public');

/** Only a public route is run without a scope; the handlers of the others are typed to be given one. */
interface AnySpec extends RouteFacts<z.ZodType, z.ZodType, z.ZodType, Responses> {
  readonly roles: readonly Access[];
  table?(context: PublicContext<unknown, unknown, unknown> & { readonly scope?: Scope }): Promise<CsvTable>;
  handle(context: PublicContext<unknown, unknown, unknown> & { readonly scope?: Scope }): Promise<Answer> | Answer;
}

function build(spec: AnySpec, idempotency: IdempotencyMode): Route {
  const params = spec.params ?? nothing;
  const query = spec.query ?? nothing;
  const body = spec.body ?? nothing;
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    description: spec.description,
    tag: spec.tag,
    roles: spec.roles,
    idempotency,
    carriesSecret: spec.carriesSecret ?? false,
    produces: spec.produces,
    schemas: { params, query, body, responses: spec.responses },
    csv: spec.csv?.bind(spec),
    hasTable: spec.table !== undefined,
    accept: (raw, as) => {
      const input = validated({ params, query, body }, { ...raw, body: spec.body ? raw.body : (raw.body ?? {}) });
      return async ({ scope, ...circumstances }) => {
        if ((scope === null) !== isPublic(spec)) {
          throw new Error(`${spec.method} ${spec.path} is run ${scope === null ? 'for nobody' : 'for a key'}`);
        }
        const context = { ...input, ...circumstances, ...(scope && { scope }) };
        if (as === 'table' && spec.table) return { status: 200, body: undefined, table: await spec.table(context) };
        return answered(spec, await spec.handle(context));
      };
    },
  };
}

/** An answer leaves only as its schema describes it, so that a field nobody declared cannot leak. */
function answered(spec: AnySpec, answer: Answer): Answer {
  const schema = spec.responses[answer.status];
  if (!schema) throw new Error(`${spec.method} ${spec.path} answered ${answer.status}, which it does not declare`);
  return { status: answer.status, body: schema.parse(answer.body) };
}
