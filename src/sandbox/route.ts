import type { z } from 'zod';
import type { Call } from './call.ts';
import { expand } from './expand.ts';
import type { FailureBody } from './failure.ts';
import type { FormFields } from './form.ts';
import { readParameters } from './parameters.ts';

/** Every answer of the API says what it is. */
interface ApiObject {
  readonly object: string;
}

export interface Reply {
  readonly status: number;
  readonly body: object;
}

/** A refusal that took effect: what the attempt left behind stays, and the idempotency key remembers it. */
export class Refused {
  readonly status: number;
  readonly body: FailureBody;

  constructor(status: number, error: FailureBody['error']) {
    this.status = status;
    this.body = { error };
  }
}

export type Execute = (call: Call, id: string) => Promise<Reply>;

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Validates; what it answers then runs in a transaction. Throws `StripeFailure` 400 before anything ran. */
  readonly prepare: (fields: FormFields) => Execute;
}

interface Expandable {
  readonly expand?: string[] | undefined;
}

/** A line of the API: where it is, what it takes, what it does. `id` is the `:id` of the path, or empty. */
export function route<Schema extends z.ZodType<Expandable>>(
  method: Route['method'],
  path: string,
  schema: Schema,
  run: (call: Call, params: z.output<Schema>, id: string) => Promise<ApiObject | Refused>,
): Route {
  return {
    method,
    path,
    prepare: (fields) => {
      const params = readParameters(schema, fields);
      return async (call, id) => {
        const result = await run(call, params, id);
        if (result instanceof Refused) return { status: result.status, body: result.body };
        return { status: 200, body: params.expand ? await expand(call.store, result, params.expand) : result };
      };
    },
  };
}
