import type { Schemas } from './schema.ts';

/** A refusal, as the API words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, problem: Partial<Schemas['Problem']>) {
    super(problem.detail ?? problem.title ?? 'The service did not answer as expected.');
    this.name = 'Refusal';
    this.status = status;
    this.code = problem.code ?? 'unknown';
    this.requestId = problem.requestId;
    this.fields = problem.errors ?? [];
  }
}
