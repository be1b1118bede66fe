/** A refusal in the form of Whop's error bodies. It undoes whatever the call did. */
export class WhopFailure extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.name = 'WhopFailure';
    this.status = status;
    this.type = type;
  }

  get body(): { readonly error: { readonly type: string; readonly message: string } } {
    return { error: { type: this.type, message: this.message } };
  }
}

export const badRequest = (message: string): WhopFailure => new WhopFailure(400, 'bad_request', message);

export const notFound = (what: string, id: string): WhopFailure =>
  new WhopFailure(404, 'not_found', `No such ${what}: ${id}`);

export const forbidden = (accountId: string): WhopFailure =>
  new WhopFailure(403, 'forbidden', `This key does not reach ${accountId}.`);

/** A body that could not be read is the sender's fault; express marks it with a 4xx `status`. */
export function asWhopFailure(error: unknown): WhopFailure | undefined {
  if (error instanceof WhopFailure) return error;
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? badRequest(error.message) : undefined;
}
