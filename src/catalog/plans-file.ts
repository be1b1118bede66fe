import { readFile } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { type NewPlan, newPlanSchema } from './plan-document.ts';

/** A place in a plans file, both counted from 1. */
export interface FilePosition {
  readonly line: number;
  readonly column: number;
}

export interface PlannedPlan {
  readonly plan: Omit<NewPlan, 'publish'>;
  /** Where a field of the plan stands in the file, for a dotted path such as `cycles.monthly`; the nearest that is there. */
  at(path: string): FilePosition;
}

/** The message lists every error as `file:line:column path: what to do`, one per line. */
export class PlansFileError extends Error {
  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'PlansFileError';
  }
}

/** The plans of a file are published by applying it, so that `publish` is not written in it. */
const fileSchema = z.strictObject({
  plans: z.array(newPlanSchema.omit({ publish: true })).min(1, 'List at least one plan.'),
});

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value);

/** Offset of the deepest part of the path that is there: a key where there is one, for it names the field. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node: unknown = root;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const segment of path) {
    let found: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      found = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      found = node.items[Number(segment)];
      node = found;
    }
    if (!isNode(found)) break;
    offset = found.range?.[0] ?? offset;
  }
  return offset;
}

/** An unknown field is reported on what contains it; the field's own place is more use. */
const pathsOf = (issue: z.core.$ZodIssue): readonly (readonly PropertyKey[])[] =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];

/** Reads a YAML or JSON file of plans. Throws `PlansFileError`, which names each wrong place by line and column. */
export function parsePlansFile(text: string, fileName: string): readonly PlannedPlan[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number): FilePosition => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const named = (offset: number, message: string): string => {
    const { line, column } = at(offset);
    return `${fileName}:${line}:${column} ${message}`;
  };
  if (document.errors.length > 0) {
    throw new PlansFileError(document.errors.map(({ pos, message }) => named(pos[0], message)));
  }

  const parsed = fileSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const lines = parsed.error.issues.flatMap((issue) =>
      pathsOf(issue).map((path) => {
        const message = issue.code === 'unrecognized_keys' ? 'There is no such field.' : issue.message;
        return named(offsetOf(document.contents, path), `${path.join('.') || 'file'}: ${message}`);
      }),
    );
    throw new PlansFileError(lines);
  }
  return parsed.data.plans.map((plan, index) => ({
    plan,
    at: (path) => at(offsetOf(document.contents, ['plans', index, ...path.split('.')])),
  }));
}

const demoFile = new URL('demo-plans.yaml', import.meta.url);

/** The plans that a first start without settings publishes. */
export async function demoPlans(): Promise<readonly NewPlan[]> {
  const planned = parsePlansFile(await readFile(demoFile, 'utf8'), 'demo-plans.yaml');
  return planned.map(({ plan }) => ({ ...plan, publish: true }));
}
