import { describe, expect, it } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { ProviderError, type ProviderErrorDetail } from '../../../src/providers/errors.ts';
import {
  afterFailure,
  nextStep,
  OperationConflict,
  requestHash,
  runOperation,
} from '../../../src/providers/operation.ts';
import { createMemoryOperationStore } from './memory-operation-store.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const failure = (detail: Partial<ProviderErrorDetail> & Pick<ProviderErrorDetail, 'kind'>): ProviderError =>
  new ProviderError({ message: detail.kind, ...detail });

/** An operation whose calls are answered one by one from a script; what it sends and looks up is written down. */
function scripted(
  answers: readonly (string | ProviderError)[],
  lookUps: readonly (string | null | ProviderError)[] = [],
  options: { readonly lookUpFirst?: boolean } = {},
) {
  const store = createMemoryOperationStore();
  const clock = new FixedClock('2026-11-01T00:00:00Z');
  const keys: string[] = [];
  const waits: number[] = [];
  const script = answers[Symbol.iterator]();
  const found = lookUps[Symbol.iterator]();
  const run = (request: object = { amount: '5.00' }): Promise<string> =>
    runOperation(
      { store, clock, wait: async (ms) => waits.push(ms) },
      {
        id: 'checkout:ord_1',
        request,
        timeoutMs: minuteMs,
        ...options,
        call: async (key) => {
          keys.push(key);
          const { value } = script.next();
          if (value === undefined) throw new Error('the script has no more answers');
          if (value instanceof ProviderError) throw value;
          return value;
        },
        lookUp: async () => {
          const { value } = found.next();
          if (value === undefined) throw new Error('nothing was to be looked up');
          if (value instanceof ProviderError) throw value;
          return value;
        },
      },
    );
  return { store, clock, keys, waits, run, state: () => store.records.get('checkout:ord_1')?.state };
}

describe('an operation', () => {
  it('whose decline is final tells the same decline again and sends nothing', async () => {
    const store = createMemoryOperationStore();
    const clock = new FixedClock('2026-11-01T00:00:00Z');
    const keys: string[] = [];
    const charge = (): Promise<string> =>
      runOperation(
        { store, clock },
        {
          id: 'refill:refill_1',
          request: {},
          declineIsFinal: true,
          call: async (key) => {
            keys.push(key);
            throw failure({ kind: 'declined', declineCode: 'lost_card', paymentId: 'pi_1' });
          },
          lookUp: async () => null,
        },
      );
    for (let times = 0; times < 3; times += 1) {
      await expect(charge()).rejects.toMatchObject({ detail: { declineCode: 'lost_card', paymentId: 'pi_1' } });
    }
    expect(keys).toEqual(['refill:refill_1:1']);
  });

  it('stores its key and commits it before the call', async () => {
    const store = createMemoryOperationStore();
    const clock = new FixedClock('2026-11-01T00:00:00Z');
    await runOperation(
      { store, clock },
      {
        id: 'checkout:ord_1',
        request: {},
        call: async (key) =>
          expect(store.records.get('checkout:ord_1')).toMatchObject({ idempotencyKey: key, state: 'sent' }),
        lookUp: async () => null,
      },
    );
    expect(store.records.get('checkout:ord_1')?.state).toBe('done');
  });

  it.each<[string, ProviderErrorDetail]>([
    ['a lost connection', { kind: 'indeterminate', message: '' }],
    ['a key in use', { kind: 'indeterminate', message: '', status: 409, code: 'idempotency_key_in_use' }],
    ['a 5xx that was not replayed', { kind: 'indeterminate', message: '', status: 500 }],
  ])('sends the same key again after %s', async (_what, detail) => {
    const { run, keys, state } = scripted([failure(detail), 'cs_1']);
    await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
    expect(state()).toBe('sent');
    await expect(run()).resolves.toBe('cs_1');
    expect(keys).toEqual(['checkout:ord_1:1', 'checkout:ord_1:1']);
    expect(state()).toBe('done');
  });

  it.each(['rate_limited', 'unavailable'] as const)(
    'tries %s again at once, twice, then leaves it to the job',
    async (kind) => {
      const { run, keys, waits } = scripted([failure({ kind }), failure({ kind }), failure({ kind })]);
      await expect(run()).rejects.toMatchObject({ kind });
      expect(new Set(keys)).toEqual(new Set(['checkout:ord_1:1']));
      expect(keys).toHaveLength(3);
      expect(waits).toHaveLength(2);
    },
  );

  it('adopts what a lost call made once its key is too old to be sent', async () => {
    const { run, keys, clock, state } = scripted([failure({ kind: 'indeterminate' })], ['cs_1']);
    await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
    clock.advance(23 * hourMs);
    await expect(run()).resolves.toBe('cs_1');
    expect(keys).toHaveLength(1);
    expect(state()).toBe('done');
  });

  it('begins a new attempt once absence is proven', async () => {
    const { run, keys, clock } = scripted([failure({ kind: 'indeterminate' }), 'cs_2'], [null]);
    await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
    clock.advance(23 * hourMs);
    await expect(run()).resolves.toBe('cs_2');
    expect(keys).toEqual(['checkout:ord_1:1', 'checkout:ord_1:2']);
  });

  it('does not believe an absence before the last call must be over', async () => {
    const stored = failure({ kind: 'indeterminate', stored: true });
    const { run, keys, clock } = scripted([stored, 'cs_2'], [null, null]);
    await expect(run()).rejects.toBe(stored);
    clock.advance(minuteMs - 1);
    await expect(run()).rejects.toMatchObject({ detail: { kind: 'indeterminate', code: 'operation_in_doubt' } });
    clock.advance(1);
    await expect(run()).resolves.toBe('cs_2');
    expect(keys).toEqual(['checkout:ord_1:1', 'checkout:ord_1:2']);
  });

  it('never sends a key again whose 5xx is stored', async () => {
    const { run, keys } = scripted([failure({ kind: 'indeterminate', stored: true })], ['cs_1']);
    await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
    await expect(run()).resolves.toBe('cs_1');
    expect(keys).toHaveLength(1);
  });

  it.each(['declined', 'invalid', 'auth'] as const)(
    'records %s and begins a new attempt when asked again',
    async (kind) => {
      const { run, keys, state } = scripted([failure({ kind }), 'cs_2']);
      await expect(run()).rejects.toMatchObject({ kind });
      expect(state()).toBe('failed');
      await expect(run({ amount: '6.00' })).resolves.toBe('cs_2');
      expect(keys).toEqual(['checkout:ord_1:1', 'checkout:ord_1:2']);
    },
  );

  it.each(['invalid', 'auth'] as const)(
    'looks for what a lost call made before it believes a later %s',
    async (kind) => {
      const { run, keys, state } = scripted([failure({ kind: 'indeterminate' }), failure({ kind })], ['cs_1']);
      await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
      // Whoever takes this for a refusal would do again what the first send may have done.
      await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
      expect(state()).toBe('sent');
      await expect(run()).resolves.toBe('cs_1');
      expect(keys).toHaveLength(2);
    },
  );

  it('is in doubt while its look-up is refused', async () => {
    const refused = failure({ kind: 'auth' });
    const { run, keys } = scripted(['cs_1'], [refused, 'cs_1 as it is now']);
    await run();
    await expect(run()).rejects.toMatchObject({ kind: 'indeterminate' });
    await expect(run()).resolves.toBe('cs_1 as it is now');
    expect(keys).toHaveLength(1);
  });

  it('answers a finished operation by looking it up', async () => {
    const { run, keys } = scripted(['cs_1'], ['cs_1 as it is now']);
    await run();
    await expect(run()).resolves.toBe('cs_1 as it is now');
    expect(keys).toHaveLength(1);
  });

  it('asks for the kept answer of a finished operation that cannot be seen', async () => {
    const { run, keys } = scripted(['cs_1', 'cs_1 kept'], [null]);
    await run();
    await expect(run()).resolves.toBe('cs_1 kept');
    expect(keys).toEqual(['checkout:ord_1:1', 'checkout:ord_1:1']);
  });

  it('does not make again what a finished operation made and somebody removed', async () => {
    const { run, keys, clock } = scripted(['cs_1'], [null]);
    await run();
    clock.advance(23 * hourMs);
    await expect(run()).rejects.toMatchObject({ detail: { kind: 'invalid', code: 'operation_object_missing' } });
    expect(keys).toHaveLength(1);
  });

  it('looks up first what is in doubt where keys are not kept, and sends no key twice', async () => {
    const lost = failure({ kind: 'indeterminate' });
    const found = scripted([lost], ['re_1'], { lookUpFirst: true });
    await expect(found.run()).rejects.toMatchObject({ kind: 'indeterminate' });
    await expect(found.run()).resolves.toBe('re_1');
    expect(found.keys).toHaveLength(1);

    const absent = scripted([lost, 're_2'], [null, null], { lookUpFirst: true });
    await expect(absent.run()).rejects.toMatchObject({ kind: 'indeterminate' });
    await expect(absent.run()).rejects.toMatchObject({ detail: { code: 'operation_in_doubt' } });
    absent.clock.advance(minuteMs);
    await expect(absent.run()).resolves.toBe('re_2');
    expect(absent.keys).toEqual(['checkout:ord_1:1', 'checkout:ord_1:2']);
  });

  it('sends again where keys are not kept what was surely not done', async () => {
    const { run, keys } = scripted([failure({ kind: 'rate_limited' }), 're_1'], [], { lookUpFirst: true });
    await expect(run()).resolves.toBe('re_1');
    expect(keys).toHaveLength(2);
  });

  it('asks for no kept answer where keys are not kept', async () => {
    const { run, keys } = scripted(['re_1'], [null], { lookUpFirst: true });
    await run();
    await expect(run()).rejects.toMatchObject({ detail: { code: 'operation_object_missing' } });
    expect(keys).toHaveLength(1);
  });

  it('refuses another request under the id of one that is sent or done', async () => {
    const inDoubt = scripted([failure({ kind: 'indeterminate' })]);
    await expect(inDoubt.run()).rejects.toMatchObject({ kind: 'indeterminate' });
    await expect(inDoubt.run({ amount: '6.00' })).rejects.toThrow(OperationConflict);
    const done = scripted(['cs_1'], ['cs_1']);
    await done.run();
    await expect(done.run({ amount: '6.00' })).rejects.toThrow(OperationConflict);
  });

  it('takes two requests that differ only in the order of their keys for the same', () => {
    expect(requestHash({ a: 1, b: { c: [2, 3], d: 4 } })).toBe(requestHash({ b: { d: 4, c: [2, 3] }, a: 1 }));
    expect(requestHash({ a: [1, 2] })).not.toBe(requestHash({ a: [2, 1] }));
  });

  it('uses one key in two processes that run it at once', async () => {
    const store = createMemoryOperationStore();
    const clock = new FixedClock('2026-11-01T00:00:00Z');
    const made = new Map<string, string>();
    const keys: string[] = [];
    const run = (): Promise<string> =>
      runOperation(
        { store, clock },
        {
          id: 'checkout:ord_1',
          request: {},
          call: async (key) => {
            keys.push(key);
            const object = made.get(key) ?? `cs_${made.size + 1}`;
            made.set(key, object);
            return object;
          },
          lookUp: async () => [...made.values()][0] ?? null,
        },
      );
    await expect(Promise.all([run(), run(), run()])).resolves.toEqual(['cs_1', 'cs_1', 'cs_1']);
    expect(new Set(keys)).toEqual(new Set(['checkout:ord_1:1']));
  });

  it('does not take a refusal for final while another process has the same key under way', () => {
    const now = new Date('2026-11-01T00:00:00Z');
    const first = nextStep(null, 'op', 'hash', now);
    if (first.take !== 'send') throw new Error('a new operation is sent');
    const second = nextStep(first.record, 'op', 'hash', now);
    if (second.take !== 'send') throw new Error('a key in doubt is sent again');
    expect(second.record.idempotencyKey).toBe(first.record.idempotencyKey);
    const refusal = { kind: 'auth', message: 'key revoked' } as const;
    expect(afterFailure(first.record, refusal).state).toBe('failed');
    expect(afterFailure(second.record, refusal).state).toBe('sent');
  });

  it('lets a mistake of ours through and keeps the operation in doubt', async () => {
    const store = createMemoryOperationStore();
    const mistake = new TypeError('a mistake');
    const operation = { id: 'op', request: {}, call: () => Promise.reject(mistake), lookUp: async () => null };
    await expect(runOperation({ store, clock: new FixedClock('2026-11-01') }, operation)).rejects.toBe(mistake);
    expect(store.records.get('op')?.state).toBe('sent');
  });
});
