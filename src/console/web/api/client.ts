import createClient from 'openapi-fetch';
import { Refusal } from './refusal.ts';
import type { paths, Schemas } from './schema.ts';

/** Where the service is, without a slash at its end: one level above what the page is relative to. */
export const serviceUrl = new URL('..', document.baseURI).href.replace(/\/$/, '');

/** Kept in memory alone: a page that is loaded anew asks who is signed in. */
let csrfToken = '';
export const rememberCsrfToken = (token: string): void => {
  csrfToken = token;
};

/** The API that customers have, by the types of its own document; it proves with each call that a page of ours sends it. */
export const api = createClient<paths>({ baseUrl: serviceUrl });
api.use({
  onRequest: ({ request }) => {
    request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
});

export const csrfHeader = (): Record<string, string> => ({ 'X-CSRF-Token': csrfToken });

interface Answered<Data> {
  readonly data?: Data | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

const isProblem = (given: unknown): given is Partial<Schemas['Problem']> => typeof given === 'object' && given !== null;

/** What an answer refuses that was asked for without the client. */
export async function refusalOf(response: Response): Promise<Refusal> {
  const body: unknown = await response.json().catch(() => null);
  return new Refusal(response.status, isProblem(body) ? body : {});
}

/** What was answered; throws `Refusal` for what was refused. */
export async function answerOf<Data>(asked: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new Refusal(response.status, isProblem(error) ? error : {});
  if (data === undefined) throw new Refusal(response.status, {});
  return data;
}

/** As `answerOf`, for an answer without a body. */
export async function done(asked: Promise<Answered<unknown>>): Promise<void> {
  const { error, response } = await asked;
  if (!response.ok) throw new Refusal(response.status, isProblem(error) ? error : {});
}
