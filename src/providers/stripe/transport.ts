import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';

/**
 * What is known of the tries that the SDK made for one call. It retries by itself and reports only the last try, so that
 * "connection refused" may follow a try whose request did arrive: a write is only certainly not executed when no
 * try may have run.
 */
export interface CallTries {
  earlierMayHaveRun: boolean;
  lastMayHaveRun: boolean;
}

const callTries = new AsyncLocalStorage<CallTries>();

/** Runs one call of the SDK; `tries` tells afterwards what became of its tries. */
export const recordTries = <T>(tries: CallTries, call: () => Promise<T>): Promise<T> => callTries.run(tries, call);

/** Failures that happen before a connection exists, so that nothing was sent. */
const neverSentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** The system's code of a failure (`ECONNRESET`), wherever the SDK wrapped it. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

export const wasNeverSent = (error: unknown): boolean => {
  const code = systemCode(error);
  return code !== undefined && neverSentCodes.has(code);
};

/** Statuses after which Stripe may have begun to execute a write. */
const mayHaveRunStatus = (status: number): boolean => status >= 500 || status === 424;

type HttpClient = NonNullable<Stripe.StripeConfig['httpClient']>;
type HttpResponse = Awaited<ReturnType<HttpClient['makeRequest']>>;

/**
 * The SDK's own HTTP client, which also notes what became of each try, and refuses an answer that is JSON but no object:
 * the SDK would leave such a call pending for ever.
 */
export class StripeTransport implements HttpClient {
  readonly #client: HttpClient = Stripe.createNodeHttpClient();

  getClientName(): string {
    return this.#client.getClientName();
  }

  async makeRequest(...request: Parameters<HttpClient['makeRequest']>): Promise<HttpResponse> {
    const tries = callTries.getStore();
    if (tries) tries.earlierMayHaveRun ||= tries.lastMayHaveRun;
    try {
      const response = await this.#client.makeRequest(...request);
      if (tries) tries.lastMayHaveRun = mayHaveRunStatus(response.getStatusCode());
      return onlyObjects(response);
    } catch (error) {
      if (tries) tries.lastMayHaveRun = !wasNeverSent(error);
      throw error;
    }
  }
}

const onlyObjects = (response: HttpResponse): HttpResponse => ({
  getStatusCode: () => response.getStatusCode(),
  getHeaders: () => response.getHeaders(),
  getRawResponse: () => response.getRawResponse(),
  toStream: (done) => response.toStream(done),
  toJSON: async () => {
    const body: unknown = await response.toJSON();
    if (typeof body !== 'object' || body === null) throw new SyntaxError('the answer is not a JSON object');
    return body;
  },
  dispose: () => response.dispose?.(),
});
