import type { z } from 'zod';
import type { ListQuery, WhopCall } from './call.ts';
import { badRequest } from './failure.ts';

export interface WhopReply {
  readonly status: number;
  readonly body: unknown;
}

export interface WhopRequest {
  /** Of the path; empty where it has none. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** A line of the API: method, path under `/api/v1`, and what it does. */
export interface WhopRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Nobody has verified that Whop honours `Idempotency-Key` here: this one does not. */
  readonly forgetsKeys?: true;
  readonly run: (call: WhopCall, request: WhopRequest) => Promise<unknown>;
}

/** Throws 400 for a parameter that is wrong, or that the sandbox does not know. */
export function parameters<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badRequest(`${issue?.path.join('.') ?? 'body'}: ${issue?.message ?? 'wrong'}`);
}

const pageSizeMax = 100;
const pageSizeDefault = 10;

/** Query parameters of a list besides its filters; an array is written `name[]`. */
export function listQuery(query: URLSearchParams, filters: readonly string[]): ListQuery {
  const known = new Set(['first', 'after', 'direction', ...filters, ...filters.map((name) => `${name}[]`)]);
  for (const name of query.keys()) if (!known.has(name)) throw badRequest(`${name}: not a parameter of this list`);
  const first = Number(query.get('first') ?? pageSizeDefault);
  if (!Number.isInteger(first) || first < 1 || first > pageSizeMax) throw badRequest('first: from 1 to 100');
  return { first, after: query.get('after') };
}

export const valuesOf = (query: URLSearchParams, name: string): readonly string[] => query.getAll(`${name}[]`);

/** Throws 400 where it is absent. */
export function requiredQuery(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (!value) throw badRequest(`${name}: required`);
  return value;
}
