import { invalidRequest } from './failure.ts';

/** A decoded form value: text, or fields by name. Lists are fields named by their index until a rule asks for a list. */
export type FormNode = string | FormFields;
export interface FormFields {
  [name: string]: FormNode;
}

/** Deeper nesting than any parameter of the API has. */
const depthMax = 8;

const emptyFields = (): FormFields => Object.create(null);

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidRequest('Invalid URL-encoded parameters.');
  }
};

/** `a[b][0]` -> `['a', 'b', '0']`. */
const segmentsOf = (name: string): string[] => {
  const open = name.indexOf('[');
  if (open <= 0 || !name.endsWith(']')) return [name];
  return [name.slice(0, open), ...name.slice(open + 1, -1).split('][')];
};

/**
 * Decodes an `application/x-www-form-urlencoded` body or query with nested names, of any number of list items.
 * Throws `StripeFailure` 400 for what cannot be decoded.
 */
export function parseForm(text: string): FormFields {
  const root = emptyFields();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const segments = segmentsOf(name);
    if (segments.length > depthMax) throw invalidRequest('Invalid parameters: nested too deeply.');
    place(root, segments, value);
  }
  return root;
}

function place(root: FormFields, segments: readonly string[], value: string): void {
  let fields = root;
  for (const [depth, segment] of segments.entries()) {
    const name = segment === '' ? String(Object.keys(fields).length) : segment;
    if (depth === segments.length - 1) {
      fields[name] = value;
      return;
    }
    const existing = fields[name];
    const next = existing === undefined || typeof existing === 'string' ? emptyFields() : existing;
    fields[name] = next;
    fields = next;
  }
}

/** The items of fields named `0`, `1`, ...; anything else stays as it is, for the rule to refuse. */
export function asList(node: unknown): unknown {
  if (node === null || typeof node !== 'object') return node;
  const names = Object.keys(node);
  return names.every((name) => /^\d+$/.test(name)) ? Object.values(node) : node;
}
