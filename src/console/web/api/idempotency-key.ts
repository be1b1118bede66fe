import { Refusal } from './refusal.ts';

/** One for each thing that a person means to do: the same for its retries. */
export const newIdempotencyKey = (): string => crypto.randomUUID();

/** The refusals that a later try under the same key can outlive. */
const isForNow = ({ status, code }: Refusal): boolean =>
  status >= 500 || status === 429 || code === 'request_in_progress';

/**
 * The key of the next try. What was refused for good is kept under its key, so a corrected form is another request. Where no answer
 * came it may have been done all the same: only its own key finds that out without doing it twice.
 */
export const keyAfter = (key: string, error: unknown): string =>
  error instanceof Refusal && error.status >= 400 && !isForNow(error) ? newIdempotencyKey() : key;
