import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type RouteConfig,
  type ZodContentObject,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { sessionCookie } from './admission.ts';
import { problemSchema } from './problem.ts';
import { isPublic, type Route } from './route.ts';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/** What each refusal means, wherever it is answered. */
const problemDescriptions = {
  400: 'The request ended early.',
  401: 'No key, or one that is not known or not valid any more: `unauthenticated`, `unknown_key`, `key_revoked`, `token_expired`, `token_revoked`.',
  402: 'The card was declined.',
  403: 'The key may not do this: `forbidden`, `agency_disabled`, `customer_disabled`; or a cookie came without proof: `csrf_refused`.',
  404: 'Absent, or of another tenant: `not_found`.',
  409: 'The request contradicts what is there: `idempotency_conflict`, `request_in_progress`, `secret_already_issued`, ...',
  413: 'The body is larger than 1 MB: `body_too_large`.',
  415: 'The body is not `application/json`.',
  422: 'The request is not valid; `errors` names each field.',
  429: 'Too many calls with this key, or too many wrong keys from this address: `rate_limited`. Wait `Retry-After` seconds.',
  500: 'Something failed here: `internal_error`.',
  502: 'The payment provider refused us: `provider_refused`, `provider_auth`.',
  503: 'The payment provider cannot be reached now; send the same request again after `Retry-After` seconds.',
} as const;

const roleNames = {
  platform: 'the platform key',
  agency: 'an agency key',
  portal: "a customer's portal token or session",
  public: 'anybody, without a key',
} as const;

const idempotencyHeader = z.string().min(1).max(255).meta({
  description:
    'The same key and body give the first answer again (`Idempotent-Replayed: true`). Kept at least 24 hours.',
});

/** The OpenAPI 3.1 document of the declared routes. */
export function openApiDocument(
  routes: readonly Route[],
  options: { readonly serverUrl?: string } = {},
): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description:
      'The platform key (`baisa_pk_...`), an agency key (`baisa_ak_...`) or a customer’s portal token (`baisa_pt_...`).',
  });
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
    description:
      'A portal session, in a browser; only without an `Authorization` header. Each call but a GET must come from a page of ' +
      'this service and carry the session’s `csrfToken` as `X-CSRF-Token`: else 403 `csrf_refused`.',
  });
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Baisa',
      version: '1',
      description:
        'Plans to payment providers, hosted checkout, and exact prepaid balances. Money is a decimal string and a currency; ' +
        'times are ISO 8601 UTC; lists answer `data` and `next`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ key: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    ...(options.serverUrl === undefined ? {} : { servers: [{ url: options.serverUrl }] }),
  });
}

function pathOf(route: Route): RouteConfig {
  const { params, query, body } = route.schemas;
  const headers = headersOf(route);
  return {
    method: route.method,
    path: route.path.replaceAll(/:(\w+)/g, '{$1}'),
    operationId: operationIdOf(route),
    summary: route.summary,
    description: [route.description, `Roles: ${route.roles.map((role) => roleNames[role]).join(', ')}.`]
      .filter(Boolean)
      .join('\n\n'),
    tags: [route.tag],
    security: securityOf(route),
    'x-roles': [...route.roles],
    'x-idempotency': route.idempotency,
    request: {
      ...(params instanceof z.ZodObject ? { params } : {}),
      ...(query instanceof z.ZodObject ? { query } : {}),
      ...(headers ? { headers } : {}),
      ...(takesBody(body)
        ? { body: { content: { 'application/json': { schema: body } }, required: !body.isOptional() } }
        : {}),
    },
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

const securityOf = (route: Route): Record<string, string[]>[] => {
  if (isPublic(route)) return [];
  return route.roles.includes('portal') ? [{ key: [] }, { session: [] }] : [{ key: [] }];
};

/** A body schema without fields stands for no body. */
const takesBody = (body: z.ZodType): boolean => !(body instanceof z.ZodObject && Object.keys(body.shape).length === 0);

function headersOf({ idempotency }: Route): z.ZodObject | undefined {
  if (idempotency === 'none') return undefined;
  return z.object({ 'Idempotency-Key': idempotency === 'required' ? idempotencyHeader : idempotencyHeader.optional() });
}

/** `POST /v1/agencies/:id/api-keys` -> `postAgenciesByIdApiKeys`: unique, and a name that generators can use. */
function operationIdOf({ method, path }: Route): string {
  const words = path
    .replace(/^\/v1/, '')
    .replaceAll(/:(\w+)/g, 'by-$1')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function answersOf({ schemas, csv, hasTable, produces }: Route): RouteConfig['responses'] {
  return Object.fromEntries(
    Object.entries(schemas.responses).map(([status, schema]) => [
      status,
      {
        description: schema.description ?? (schema instanceof z.ZodUndefined ? 'Done.' : 'The answer.'),
        ...(schema instanceof z.ZodUndefined
          ? {}
          : {
              content:
                produces !== undefined && status === '200'
                  ? { [produces]: { schema: z.string().meta({ format: 'binary' }) } }
                  : { 'application/json': { schema }, ...tableOf(status, csv !== undefined || hasTable) },
            }),
      },
    ]),
  );
}

const tableOf = (status: string, isTable: boolean): ZodContentObject =>
  isTable && status === '200' ? { 'text/csv': { schema: z.string() } } : {};

function problemsOf(route: Route): RouteConfig['responses'] {
  const readOnly = route.method === 'get';
  const silent: readonly string[] = readOnly ? ['400', '402', '409', '413', '415', '502', '503'] : [];
  return Object.fromEntries(
    Object.entries(problemDescriptions)
      .filter(([status]) => !silent.includes(status))
      .map(([status, description]) => [
        status,
        { description, content: { 'application/problem+json': { schema: problemSchema } } },
      ]),
  );
}
