/** One thing wrong in a request: where (a dotted path such as `cycles.monthly`) and what to do about it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * A refusal with a stable code. `status` is the HTTP status that carries it: rooms choose it because the contract
 * (API.md) fixes codes and statuses together; the HTTP layer only serialises.
 */
export class AppError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly FieldError[];

  constructor(status: number, code: string, message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.name = 'AppError';
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** 404: absent, or another tenant's; the two look the same on purpose. */
export const notFound = (what: string): AppError => new AppError(404, 'not_found', `No such ${what}.`);

/** 422 about one field. */
export const invalidField = (path: string, code: string, message: string): AppError =>
  new AppError(422, code, message, [{ path, message }]);

/** 409: the request contradicts what is already there. */
export const conflict = (code: string, message: string): AppError => new AppError(409, code, message);

/** A setting that stops the start. The message is one sentence that names the setting. */
export class SettingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SettingError';
  }
}

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));
