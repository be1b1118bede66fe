import { z } from 'zod';
import { errorMessage } from '../errors.ts';

/** What the commands send a running service. */
export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  readonly text?: string;
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of any status. `body` is the parsed JSON, or null where the answer was none. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
}

/** A refusal of the service. The message is a sentence for a person. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(call: string, answer: ApiAnswer) {
    const problem = problemSchema.safeParse(answer.body).data;
    super(`${call} answered ${answer.status}${problem ? `: ${problem.detail} (${problem.code})` : '.'}`);
    this.name = 'ApiRefusal';
    this.status = answer.status;
    this.code = problem?.code ?? 'unknown';
  }
}

/** Nobody answers at the address. The message is a sentence for a person. */
export class Unreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`Nothing answers at ${url} (${causeOf(cause)}).`, { cause });
    this.name = 'Unreachable';
  }
}

export const problemSchema = z.object({
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
});

export interface ApiClient {
  readonly url: string;
  /** Any answer, refusals too. Throws `Unreachable`. */
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>;
  /** Throws `ApiRefusal` for an answer that is not 2xx, and `ZodError` for one of another shape. */
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>;
  send<Schema extends z.ZodType>(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    schema: Schema,
    options?: CallOptions,
  ): Promise<z.output<Schema>>;
  /** Every row of a paged list, following `next`. */
  all<Row extends z.ZodType>(path: string, row: Row): Promise<z.output<Row>[]>;
  /** The same service with another key. */
  as(key: string): ApiClient;
}

/** A client of a running service. `key` undefined sends none. */
export function createApiClient(url: string, key: string | undefined): ApiClient {
  const base = url.replace(/\/+$/, '');

  const call: ApiClient['call'] = async (method, path, options = {}) => {
    const payload = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const headers = {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      ...options.headers,
    };
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers,
        ...(payload === undefined ? {} : { body: payload }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      const body: unknown = isJson ? JSON.parse(text) : null;
      return { status: response.status, headers: response.headers, body, text };
    } catch (error) {
      throw new Unreachable(base, error);
    }
  };

  const accepted = async <Schema extends z.ZodType>(
    method: string,
    path: string,
    schema: Schema,
    options: CallOptions,
  ): Promise<z.output<Schema>> => {
    const answer = await call(method, path, options);
    if (answer.status < 200 || answer.status >= 300) throw new ApiRefusal(`${method} ${path}`, answer);
    return schema.parse(answer.body);
  };

  const get: ApiClient['get'] = (path, schema) => accepted('GET', path, schema, {});

  return {
    url: base,
    call,
    get,
    send: (method, path, schema, options = {}) => accepted(method, path, schema, options),
    all: async (path, row) => {
      const page = z.object({ data: z.array(row), next: z.string().nullable() });
      const separator = path.includes('?') ? '&' : '?';
      const rows: z.output<typeof row>[] = [];
      let next: string | null = '';
      while (next !== null) {
        const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`;
        const answered: z.output<typeof page> = await get(`${path}${separator}limit=100${after}`, page);
        rows.push(...answered.data);
        next = answered.next;
      }
      return rows;
    },
    as: (other) => createApiClient(base, other),
  };
}

/** `fetch failed` says nothing; the cause below it does. */
const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? errorMessage(error.cause) : errorMessage(error);
