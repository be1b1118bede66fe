import Stripe from 'stripe';
import { z } from 'zod';
import { invalidRequest, type StripeFailure } from './failure.ts';
import { asList, type FormFields } from './form.ts';

/** Rules by parameter, held by the compiler to the names that the SDK's own parameter type has. */
export type Rules<Params> = { readonly [Name in keyof Params]?: z.ZodType };

interface RuleProblem {
  readonly message: string;
  readonly code?: string;
}

const refuse = (context: z.core.$RefinementCtx<string>, input: string, problem: RuleProblem): never => {
  context.issues.push({ code: 'custom', input, message: problem.message, params: { code: problem.code } });
  return z.NEVER;
};

/** Non-empty text: an empty value asks to unset a parameter, and most cannot be unset. */
export const text = z
  .string()
  .max(5000)
  .transform((value, context) =>
    value === ''
      ? refuse(context, value, {
          code: 'parameter_invalid_empty',
          message: 'You passed an empty string. We assume empty values are an attempt to unset a parameter.',
        })
      : value,
  );

export const integer = z
  .string()
  .transform((value, context) =>
    /^-?\d{1,15}$/.test(value)
      ? Number(value)
      : refuse(context, value, { code: 'parameter_invalid_integer', message: `Invalid integer: ${value}` }),
  );

export const flag = z
  .string()
  .transform((value, context) =>
    value === 'true' || value === 'false'
      ? value === 'true'
      : refuse(context, value, { message: `Invalid boolean: ${value}` }),
  );

/** Up to twelve decimal places of a minor unit. */
export const decimal = z
  .string()
  .transform((value, context) =>
    /^\d{1,15}(\.\d{1,12})?$/.test(value)
      ? Stripe.Decimal.from(value)
      : refuse(context, value, { code: 'parameter_invalid_decimal', message: `Invalid decimal: ${value}` }),
  );

/** ISO code in any case; answered in lower case, as Stripe does. */
export const currencyCode = z
  .string()
  .regex(/^[a-zA-Z]{3}$/, 'Invalid currency.')
  .transform((code) => code.toLowerCase());

export const webAddress = z
  .string()
  .max(2048)
  .transform((value, context) =>
    URL.canParse(value.replaceAll('{CHECKOUT_SESSION_ID}', 'x')) && /^https?:/i.test(value)
      ? value
      : refuse(context, value, { code: 'url_invalid', message: 'Not a valid URL' }),
  );

export const list = <Item extends z.ZodType>(item: Item) => z.preprocess(asList, z.array(item));

/** The rule, or an empty value that unsets the parameter (read as null). */
export const emptyable = <Rule extends z.ZodType>(rule: Rule) =>
  z.preprocess((value) => (value === '' ? null : value), rule.nullable());

/** At most 50 keys of 40 characters; an empty value removes its key (Stripe, api/metadata). */
export const metadata = z
  .record(z.string().max(40), z.string().max(500))
  .refine((entries) => Object.keys(entries).length <= 50, 'Metadata can have up to 50 keys.');

export const created = z.union([
  integer,
  z.strictObject({ gt: integer.optional(), gte: integer.optional(), lt: integer.optional(), lte: integer.optional() }),
]);

/** What every list takes besides its own filters. */
export const paging = {
  limit: integer.refine((limit) => limit >= 1 && limit <= 100, 'Invalid limit: must be between 1 and 100').optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
} satisfies Rules<Stripe.PaginationParams>;

/** A call's parameters: these and `expand`, nothing else. */
export const parameters = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject({ ...shape, expand: list(text).optional() });

/** Parameters that older API versions took, with the code that the present one answers. */
const retired: ReadonlyMap<string, string> = new Map([
  ['payment_method_types', 'payment_method_types_no_longer_supported'],
]);

const nameOf = (path: readonly PropertyKey[]): string =>
  path.map((part, depth) => (depth === 0 ? String(part) : `[${String(part)}]`)).join('');

const valueAt = (node: unknown, path: readonly PropertyKey[]): unknown => {
  let value = node;
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = Object.entries(value).find(([name]) => name === String(part))?.[1];
  }
  return value;
};

function failureOf(issue: z.core.$ZodIssue, fields: FormFields): StripeFailure {
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? '';
    const param = nameOf([...issue.path, name]);
    const code = retired.get(name);
    return code
      ? invalidRequest(`The parameter ${param} is no longer supported.`, { code, param })
      : invalidRequest(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });
  }
  const param = nameOf(issue.path);
  if (valueAt(fields, issue.path) === undefined) {
    return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  }
  const code = issue.code === 'custom' ? issue.params?.code : undefined;
  return invalidRequest(`Invalid ${param}: ${issue.message}`, { param, ...(typeof code === 'string' ? { code } : {}) });
}

/** Throws `StripeFailure` 400 with Stripe's code; an unknown parameter is named before anything else. */
export function readParameters<Schema extends z.ZodType>(schema: Schema, fields: FormFields): z.output<Schema> {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find((candidate) => candidate.code === 'unrecognized_keys') ?? issues[0];
  if (!issue) throw invalidRequest('Invalid parameters.');
  throw failureOf(issue, fields);
}

/** Stripe's merge: given keys replace, an empty value removes its key, an empty object (null) removes all. */
export function mergeMetadata(
  current: Stripe.Metadata,
  change: Readonly<Record<string, string>> | null | undefined,
): Stripe.Metadata {
  if (change === undefined) return current;
  if (change === null) return {};
  return Object.fromEntries(Object.entries({ ...current, ...change }).filter(([, value]) => value !== ''));
}
