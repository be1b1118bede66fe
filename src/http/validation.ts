import { z } from 'zod';
import { AppError, type FieldError } from '../errors.ts';

type Part = 'params' | 'query' | 'body';

/** Checks the three parts of a request together, so that one 422 names everything that is wrong. */
export function validated(schemas: Readonly<Record<Part, z.ZodType>>, raw: Readonly<Record<Part, unknown>>) {
  const result = z.object(schemas).safeParse(raw);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(fieldErrors);
  const first = errors[0];
  throw new AppError(
    422,
    ownCode(result.error.issues) ?? 'invalid_request',
    first ? `${first.path}: ${first.message}` : 'The request is not valid.',
    errors,
  );
}

const coded = z.object({ code: z.string() });

/** A schema may give its refusal a code, as `params: { code }` of the issue: then it is the answer's. */
const ownCode = ([first]: readonly z.core.$ZodIssue[]): string | undefined =>
  first?.code === 'custom' ? coded.safeParse(first.params).data?.code : undefined;

/** `['body', 'usage', 0, 'included']` -> `usage.0.included`; a part as a whole keeps its own name. */
function dotted(path: readonly PropertyKey[]): string {
  const [part, ...rest] = path.map(String);
  return rest.length > 0 ? rest.join('.') : (part ?? 'body');
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: dotted([...issue.path, key]), message: 'This field is not known.' }));
  }
  if (issue.code === 'invalid_union') return [unionError(issue)];
  return [{ path: dotted(issue.path), message: issue.message }];
}

/** Of the alternatives of a union, the one that came closest says what to do. */
function unionError(issue: z.core.$ZodIssueInvalidUnion): FieldError {
  const closest = [...issue.errors].sort((a, b) => deepest(b) - deepest(a))[0]?.[0];
  return closest
    ? { path: dotted([...issue.path, ...closest.path]), message: closest.message }
    : { path: dotted(issue.path), message: issue.message };
}

const deepest = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
