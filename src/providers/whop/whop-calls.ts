import Whop from '@whop/sdk';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import type { AccountRef, WriteOptions } from '../port.ts';
import { type CallMethod, toProviderError, UnreadableAnswer } from './whop-error.ts';

/** The API version that the SDK's types describe. Without the header Whop would answer as it did in January 2025. */
export const apiVersion = '2026-07-20';

/** The largest page that Whop gives. */
export const pageSize = 100;

export interface WhopCallsOptions {
  /** The platform's own key: its company and the companies under it. */
  readonly apiKey: string;
  /** The key that an account was connected with; null for one that the platform's key reaches. */
  readonly keyOf?: ((accountId: string) => Promise<string | null>) | undefined;
  /** Another host that speaks Whop's API, without `/api/v1`, e.g. `http://127.0.0.1:8420/whop`. Default: Whop. */
  readonly apiBase?: string | undefined;
  /** Of a call, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

interface Page<Item> {
  readonly data: readonly Item[];
  readonly page_info: { readonly end_cursor?: string | null };
  hasNextPage(): boolean;
  getNextPage(): Promise<Page<Item>>;
}

/** Every call of the SDK goes through here, under the key of its account, so that nothing but `ProviderError` comes out. */
export interface WhopCalls {
  read<T>(account: AccountRef, send: (whop: Whop) => PromiseLike<T>): Promise<T>;
  write<T>(account: AccountRef, send: (whop: Whop) => PromiseLike<T>): Promise<T>;
  /** All pages of a list. */
  list<Item>(account: AccountRef, send: (whop: Whop) => PromiseLike<Page<Item>>): Promise<Item[]>;
  /** With a key that no account has yet. */
  readWithKey<T>(apiKey: string, send: (whop: Whop) => PromiseLike<T>): Promise<T>;
}

/** An object, a page of a list, or a link. */
const answer = z.union([
  z.looseObject({ id: z.string() }),
  z.looseObject({ data: z.array(z.unknown()), page_info: z.looseObject({}) }),
  z.looseObject({ url: z.string(), expires_at: z.string() }),
]);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * The SDK takes whatever comes with status 200, and a list without items for an empty one: that would be proof of an absence
 * which nobody gave. Looked up at each call, so that a fetch that is replaced after the SDK was made is the one that is used.
 */
async function checkedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await globalThis.fetch(input, { ...init, redirect: 'manual' });
  // A deletion answers nothing, or `true`.
  if (!response.ok || init?.method?.toUpperCase() === 'DELETE') return response;
  const text = await response.text();
  if (!answer.safeParse(parsed(text)).success) throw new UnreadableAnswer(response.status);
  return new Response(text, { status: response.status, headers: response.headers });
}

/** What a header can carry: another letter would fail in the connection, as if Whop were away. */
const keyForm = /^[\x21-\x7e]+$/;

export function createWhopCalls(options: WhopCallsOptions): WhopCalls {
  // Made for each call: kept, every key that somebody ever tried would stay in memory.
  const clientOf = (apiKey: string): Whop => {
    if (!keyForm.test(apiKey)) throw refused('key_unreadable', 'no key has such letters');
    return new Whop({
      apiKey,
      version: apiVersion,
      baseURL: options.apiBase === undefined ? null : `${options.apiBase}/api/v1`,
      // It would send a failing refund three times: what is tried again, and under which key, is ours to decide.
      maxRetries: 0,
      timeout: options.timeoutMs ?? 20_000,
      logLevel: 'off',
      // Given, so that no variable of the environment stands in for them.
      webhookKey: null,
      appID: null,
      fetch: checkedFetch,
    });
  };

  const run = async <T>(method: CallMethod, apiKey: string, send: (whop: Whop) => PromiseLike<T>): Promise<T> => {
    try {
      return await send(clientOf(apiKey));
    } catch (error) {
      throw toProviderError(error, method, apiKey);
    }
  };

  const keyFor = async ({ id, platform }: AccountRef): Promise<string> =>
    (platform ? null : await options.keyOf?.(id)) ?? options.apiKey;

  return {
    read: async (account, send) => run('read', await keyFor(account), send),
    write: async (account, send) => run('write', await keyFor(account), send),
    readWithKey: (apiKey, send) => run('read', apiKey, send),
    list: async <Item>(account: AccountRef, send: (whop: Whop) => PromiseLike<Page<Item>>) =>
      run('read', await keyFor(account), async (whop) => {
        const items: Item[] = [];
        let page = await send(whop);
        items.push(...page.data);
        const cursors = new Set<string>();
        while (page.hasNextPage()) {
          const cursor = page.page_info.end_cursor ?? '';
          // A list that leads back to itself has no end, and what was read of it may not be all.
          if (cursors.has(cursor)) {
            throw new ProviderError({ kind: 'unavailable', code: 'page_repeated', message: 'Whop: a list has no end' });
          }
          cursors.add(cursor);
          page = await page.getNextPage();
          items.push(...page.data);
        }
        return items;
      }),
  };
}

/** Every write carries its key, also where the SDK names no parameter for it: it is a header either way. */
export const keyed = ({ idempotencyKey }: WriteOptions) => ({ headers: { 'Idempotency-Key': idempotencyKey } });

export const refused = (code: string, message: string): ProviderError =>
  new ProviderError({ kind: 'invalid', code, message: `Whop: ${message}` });
