import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { documentFile, renderDocument } from '../../../src/commands/openapi.ts';

const schema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  additionalProperties: z.unknown(),
  properties: z.record(z.string(), z.unknown()).optional(),
});

const operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(5),
  description: z.string().regex(/Roles: /),
  tags: z.array(z.string()).length(1),
  'x-roles': z.array(z.enum(['platform', 'agency', 'portal', 'public'])).min(1),
  'x-idempotency': z.enum(['required', 'accepted', 'none']),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional() })).optional(),
  requestBody: z.object({ content: z.object({ 'application/json': z.object({ schema: z.unknown() }) }) }).optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string() })),
});

const document = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }).loose(),
});

const text = await renderDocument();
const rendered: unknown = JSON.parse(text);
const read = document.parse(rendered);
const operations = Object.entries(read.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, details]) => ({ path, method, ...details })),
);

/** Every value of a JSON document, with where it is. */
function* walk(value: unknown, path: string): Generator<readonly [string, unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* walk(inner, `${path}/${key}`);
}

describe('the OpenAPI document', () => {
  test('is the committed one (otherwise: npm run openapi)', async () => {
    expect(await readFile(documentFile, 'utf8')).toBe(text);
  });

  test('names each operation once', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('declares every parameter of every path', () => {
    for (const { path, parameters } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(declared.sort(), path).toEqual(inPath.sort());
    }
  });

  test('has one answer of success and the refusals of every route', () => {
    for (const { path, method, responses } of operations) {
      expect(
        Object.keys(responses).filter((status) => status.startsWith('2')).length,
        `${method} ${path}`,
      ).toBeGreaterThan(0);
      expect(Object.keys(responses), `${method} ${path}`).toEqual(
        expect.arrayContaining(['401', '403', '404', '422', '500']),
      );
    }
  });

  test('requires an Idempotency-Key where it says so', () => {
    for (const { path, parameters, ...details } of operations) {
      const header = (parameters ?? []).find(({ name }) => name === 'Idempotency-Key');
      expect(header !== undefined, path).toBe(details['x-idempotency'] !== 'none');
      expect(header?.required ?? false, path).toBe(details['x-idempotency'] === 'required');
    }
  });

  test('resolves every reference', () => {
    for (const [path, value] of walk(rendered, '#')) {
      if (!path.endsWith('/$ref')) continue;
      const name = String(value).replace('#/components/schemas/', '');
      expect(Object.keys(read.components.schemas), path).toContain(name);
    }
  });

  test('closes every object in a request body, so that an unknown field is an error everywhere', () => {
    for (const { path, method, requestBody } of operations) {
      for (const [where, value] of walk(requestBody, `${method} ${path}`)) {
        const found = schema.safeParse(value);
        if (found.success && found.data.type === 'object' && found.data.properties) {
          expect(found.data.additionalProperties, where).toBe(false);
        }
      }
    }
  });
});
