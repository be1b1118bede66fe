import type Stripe from 'stripe';
import type { AccountRef, WriteOptions } from '../port.ts';
import { type CallMethod, toProviderError, unreadableAnswer } from './stripe-error.ts';
import { recordTries } from './transport.ts';

/** The largest page that Stripe gives. */
export const pageSize = 100;

type Answered<T> = T & { readonly lastResponse: { readonly statusCode: number } };

/** Every call of the SDK goes through here, so that nothing but `ProviderError` comes out. */
export interface StripeCalls {
  /** `object` is the type that the answer must name itself, e.g. `product`. */
  read<T extends { object: string }>(object: T['object'], send: () => Promise<Answered<T>>): Promise<T>;
  write<T extends { object: string }>(object: T['object'], send: () => Promise<Answered<T>>): Promise<T>;
  /** A write whose answer is no object of the API: OAuth's. */
  writePlain<T>(send: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T>;
  /** A read whose answer the SDK rebuilds, so that it has lost its status: an event of the second version. */
  readPlain<T>(send: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T>;
  /** All pages of a list. */
  list<T>(send: () => Stripe.ApiListPromise<T>): Promise<T[]>;
}

export function createStripeCalls(apiKey: string): StripeCalls {
  const run = async <T>(
    method: CallMethod,
    send: () => Promise<T>,
    check: (answer: T) => { status: number; isExpected: boolean },
  ): Promise<T> => {
    const tries = { earlierMayHaveRun: false, lastMayHaveRun: false };
    const context = { method, apiKey, tries };
    let answer: T;
    try {
      answer = await recordTries(tries, send);
    } catch (error) {
      throw toProviderError(error, context);
    }
    const { status, isExpected } = check(answer);
    if (status >= 300 || !isExpected) throw unreadableAnswer(context, `HTTP ${status}`, status);
    return answer;
  };

  const one =
    (method: CallMethod) =>
    <T extends { object: string }>(object: T['object'], send: () => Promise<Answered<T>>): Promise<T> =>
      run(method, send, (answer) => ({
        status: answer.lastResponse.statusCode,
        isExpected: answer.object === object,
      }));

  const plain =
    (method: CallMethod) =>
    <T>(send: () => Promise<T>, isExpected: (answer: T) => boolean): Promise<T> =>
      run(method, send, (answer) => ({ status: 200, isExpected: isExpected(answer) }));

  return {
    read: one('read'),
    write: one('write'),
    writePlain: plain('write'),
    readPlain: plain('read'),
    // The SDK's iterator itself refuses a page without a `data` array.
    list: (send) =>
      run(
        'read',
        async () => {
          const items = [];
          for await (const item of send()) items.push(item);
          return items;
        },
        () => ({ status: 200, isExpected: true }),
      ),
  };
}

/** `Stripe-Account` names a connected account; the platform's own objects are reached without it. */
export const on = (account: AccountRef): Stripe.RequestOptions =>
  account.platform ? {} : { stripeAccount: account.id };

export const writeOn = (account: AccountRef, options: WriteOptions): Stripe.RequestOptions => ({
  ...on(account),
  idempotencyKey: options.idempotencyKey,
});
