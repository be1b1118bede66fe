import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { documentFile } from './openapi.ts';

/** The committed types. */
export const typesFile = fileURLToPath(new URL('../console/web/api/schema.ts', import.meta.url));

const schemaOf: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    properties: z.record(z.string(), schemaOf).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), schemaOf]).optional(),
    items: schemaOf.optional(),
    anyOf: z.array(schemaOf).optional(),
    oneOf: z.array(schemaOf).optional(),
    allOf: z.array(schemaOf).optional(),
  }),
);
interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | Schema | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
}

const content = z.record(z.string(), z.object({ schema: schemaOf }));
const parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().optional(),
  schema: schemaOf,
});
const operation = z.object({
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ required: z.boolean().optional(), content }).optional(),
  responses: z.record(z.string(), z.object({ content: content.optional() })),
});
type Operation = z.output<typeof operation>;
const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schemaOf) }),
});

const quoted = (text: string): string => JSON.stringify(text);
const block = (lines: readonly string[]): string => (lines.length === 0 ? '{}' : `{ ${lines.join(' ')} }`);

const primitives: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** A schema as the type of its JSON. What is not described is `unknown`, so that nothing is taken for granted. */
function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `Schemas[${quoted(schema.$ref.split('/').at(-1) ?? '')}]`;
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => `(${typeOf(choice)})`).join(' | ');
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part)})`).join(' & ');
  const names = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  if (names.length === 0) return schema.properties ? objectOf(schema) : 'unknown';
  return names.map((name) => namedType(name, schema)).join(' | ');
}

function namedType(name: string, schema: Schema): string {
  if (name === 'array') return `(${schema.items ? typeOf(schema.items) : 'unknown'})[]`;
  return name === 'object' ? objectOf(schema) : (primitives[name] ?? 'unknown');
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(
    ([name, inner]) => `${quoted(name)}${required.includes(name) ? '' : '?'}: ${typeOf(inner)};`,
  );
  if (fields.length > 0 || additionalProperties === false || additionalProperties === undefined) return block(fields);
  return `Record<string, ${additionalProperties === true ? 'unknown' : typeOf(additionalProperties)}>`;
}

function operationType({ parameters, requestBody, responses }: Operation): string {
  const places = ['path', 'query', 'header'].map((place) => {
    const given = parameters.filter((each) => each.in === place);
    const optional = given.every(({ required }) => !required);
    const fields = given.map((each) => `${quoted(each.name)}${each.required ? '' : '?'}: ${typeOf(each.schema)};`);
    return given.length === 0 ? `${place}?: never;` : `${place}${optional ? '?' : ''}: ${block(fields)};`;
  });
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => `${quoted(type)}: ${typeOf(schema)};`,
  );
  const body = requestBody
    ? `requestBody${requestBody.required ? '' : '?'}: { content: ${block(bodies)} };`
    : 'requestBody?: never;';
  const answers = Object.entries(responses).map(([status, answer]) => {
    // What is answered as a table too is answered as JSON to whoever does not ask for one.
    const offered = Object.entries(answer.content ?? {}).filter(([type]) => type.endsWith('json'));
    const types = offered.map(([type, { schema }]) => `${quoted(type)}: ${typeOf(schema)};`);
    const content = types.length === 0 ? 'content?: never;' : `content: ${block(types)};`;
    return `${status}: { headers: Record<string, unknown>; ${content} };`;
  });
  return block([`parameters: ${block([...places, 'cookie?: never;'])};`, body, `responses: ${block(answers)};`]);
}

/** The document as the types that the pages' client is given: one for each schema, one for each path and method. */
export function renderTypes(text: string): string {
  const { paths, components } = document.parse(JSON.parse(text));
  const schemas = Object.entries(components.schemas).map(([name, schema]) => `  ${quoted(name)}: ${typeOf(schema)};`);
  const routes = Object.entries(paths).map(([path, methods]) => {
    const each = Object.entries(methods).map(([method, value]) => `    ${method}: ${operationType(value)};`);
    return `  ${quoted(path)}: {\n${each.join('\n')}\n  };`;
  });
  return [
    '// Made from docs/openapi.json by `npm run openapi`; a test holds it.',
    `export interface Schemas {\n${schemas.join('\n')}\n}`,
    `export interface paths {\n${routes.join('\n')}\n}`,
    '',
  ].join('\n');
}

if (import.meta.main) {
  await writeFile(typesFile, renderTypes(await readFile(documentFile, 'utf8')));
  console.log(`Wrote ${typesFile}`);
}
