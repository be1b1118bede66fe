import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { ProviderError, type ProviderErrorDetail } from '../../../src/providers/errors.ts';
import { runOperation } from '../../../src/providers/operation.ts';
import { createMemoryOperationStore } from './memory-operation-store.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const timeoutMs = minuteMs;

/** What happens to one call: before the provider saw it, to its answer, or inside the provider. */
const happenings = [
  'lost before effect',
  'lost after effect',
  'lost, takes effect later',
  'crash before effect',
  'crash after effect',
  'never sent',
  'key in use',
  'throttled',
  'key revoked',
  'refused',
  'declined',
  'stored 500 without effect',
  'stored 500 with effect',
  'success',
] as const;
type Happening = (typeof happenings)[number];

type Stored = { readonly object: string } | { readonly error: ProviderErrorDetail };

class Crash extends Error {}

/** A provider that keeps the first answer of each key for 24 hours, then forgets the key. */
class SimulatedProvider {
  readonly objects: string[] = [];
  readonly #answers = new Map<string, { readonly at: number; readonly answer: Stored }>();
  readonly #late: { readonly key: string; readonly at: number }[] = [];
  readonly #clock: FixedClock;

  constructor(clock: FixedClock) {
    this.#clock = clock;
  }

  call(key: string, happening: Happening): string {
    this.#settleLate();
    const fail = (detail: Omit<ProviderErrorDetail, 'message'>): never => {
      throw new ProviderError({ message: happening, ...detail });
    };
    const effects: Record<Happening, () => string> = {
      'lost before effect': () => fail({ kind: 'indeterminate' }),
      'lost after effect': () => {
        this.#execute(key);
        return fail({ kind: 'indeterminate' });
      },
      'lost, takes effect later': () => {
        this.#late.push({ key, at: this.#now + timeoutMs - 1 });
        return fail({ kind: 'indeterminate' });
      },
      'crash before effect': () => {
        throw new Crash();
      },
      'crash after effect': () => {
        this.#execute(key);
        throw new Crash();
      },
      'never sent': () => fail({ kind: 'unavailable' }),
      'key in use': () => fail({ kind: 'indeterminate', status: 409 }),
      throttled: () => fail({ kind: 'rate_limited', status: 429 }),
      'key revoked': () => fail({ kind: 'auth', status: 401 }),
      refused: () => (this.#kept(key) ? this.#answer(key) : fail({ kind: 'invalid', status: 400 })),
      declined: () => this.#answer(key, { error: { kind: 'declined', message: happening, status: 402 } }),
      'stored 500 without effect': () => this.#answer(key, { error: stored500 }),
      'stored 500 with effect': () => {
        if (!this.#kept(key)) this.objects.push(key);
        return this.#answer(key, { error: stored500 });
      },
      success: () => this.#answer(key),
    };
    return effects[happening]();
  }

  lookUp(): string | null {
    this.#settleLate();
    return this.objects[0] ?? null;
  }

  get #now(): number {
    return this.#clock.now().getTime();
  }

  #kept(key: string, at = this.#now): Stored | undefined {
    const kept = this.#answers.get(key);
    return kept && at - kept.at < 24 * hourMs ? kept.answer : undefined;
  }

  #execute(key: string, at = this.#now): Stored {
    const kept = this.#kept(key, at);
    if (kept) return kept;
    this.objects.push(key);
    return this.#keep(key, { object: key }, at);
  }

  #keep(key: string, answer: Stored, at = this.#now): Stored {
    this.#answers.set(key, { at, answer });
    return answer;
  }

  #answer(key: string, first?: Stored): string {
    const answer = this.#kept(key) ?? (first ? this.#keep(key, first) : this.#execute(key));
    if ('error' in answer) throw new ProviderError(answer.error);
    return answer.object;
  }

  #settleLate(): void {
    for (const late of this.#late.splice(0)) {
      if (late.at <= this.#now) this.#execute(late.key, late.at);
      else this.#late.push(late);
    }
  }
}

const stored500: ProviderErrorDetail = { kind: 'indeterminate', message: 'stored', status: 500, stored: true };

const world = () => {
  const clock = new FixedClock('2026-11-01T00:00:00Z');
  const provider = new SimulatedProvider(clock);
  const store = createMemoryOperationStore();
  const run = (next: () => Happening): Promise<string> =>
    runOperation(
      { store, clock, wait: async (ms) => clock.advance(ms) },
      {
        id: 'op',
        request: { amount: '5.00' },
        timeoutMs,
        call: async (key) => provider.call(key, next()),
        lookUp: async () => provider.lookUp(),
      },
    );
  return { clock, provider, run };
};

const expected = (error: unknown): void => {
  if (!(error instanceof ProviderError) && !(error instanceof Crash)) throw error;
};

const happening = fc.constantFrom(...happenings);
const pauseMs = fc.constantFrom(0, 1_000, timeoutMs, hourMs, 12 * hourMs, 23 * hourMs, 25 * hourMs);

it('ends with exactly one object at the provider, whatever happens to its calls and whenever it is run again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ happening, pauseMs }), { maxLength: 14 }), async (events) => {
      const { clock, provider, run } = world();
      for (const event of events) {
        await run(() => event.happening).catch(expected);
        clock.advance(event.pauseMs);
      }
      clock.advance(timeoutMs);
      // From here on nothing goes wrong; a stored answer may still stand in the way once.
      await run(() => 'success').catch(expected);
      clock.advance(timeoutMs);
      await run(() => 'success');
      expect(provider.objects).toHaveLength(1);
    }),
    { numRuns: 1_000 },
  );
});

it('ends with exactly one object when several processes run it at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ happenings: fc.array(happening, { minLength: 3, maxLength: 3 }), pauseMs }), {
        maxLength: 6,
      }),
      async (rounds) => {
        const { clock, provider, run } = world();
        for (const round of rounds) {
          await Promise.all(round.happenings.map((one) => run(() => one).catch(expected)));
          clock.advance(round.pauseMs);
        }
        clock.advance(timeoutMs);
        await run(() => 'success').catch(expected);
        clock.advance(timeoutMs);
        await run(() => 'success');
        expect(provider.objects).toHaveLength(1);
      },
    ),
    { numRuns: 500 },
  );
});
