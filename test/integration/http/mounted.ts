import type { Express } from 'express';
import { z } from 'zod';
import type { Route } from '../../../src/http/route.ts';

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method?: string }[] } | undefined;
  readonly handle: unknown;
}

const isRouter = (handle: unknown): handle is { readonly stack: readonly Layer[] } =>
  typeof handle === 'function' && 'stack' in handle && Array.isArray(handle.stack);

/** Every `method path` that express answers, walked from what is mounted; the 405 of a path counts for none. */
export function mountedIn(app: Express): string[] {
  const walk = (layers: readonly Layer[]): string[] =>
    layers.flatMap(({ route, handle }) => {
      if (!route) return isRouter(handle) ? walk(handle.stack) : [];
      const methods = new Set(route.stack.flatMap(({ method }) => (method === undefined ? [] : [method])));
      return [...methods].map((method) => `${method} ${route.path}`);
    });
  return walk(app.router.stack);
}

export const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;

/** A name of the agency's own, not an id of ours. */
const notIds: readonly string[] = ['externalId', 'callId', 'sessionId'];

const objectSchema = z.looseObject({ properties: z.record(z.string(), z.unknown()) });

/** The names of all fields of a schema that name objects, however deep they are. */
export function idFieldsOf(schema: z.ZodType): string[] {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const found = objectSchema.safeParse(node);
    if (found.success) for (const name of Object.keys(found.data.properties)) names.add(name);
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return [...names].filter((name) => /Ids?$/.test(name) && !notIds.includes(name)).sort();
}

/** Every field in a body, by name, however deep. */
export function fieldNamesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldNamesIn(inner)]);
}
