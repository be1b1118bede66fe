import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import {
  type Arrival,
  type ClaimedEvent,
  ClaimLost,
  claimMs,
  createInbox,
  type EventOutcome,
  type Inbox,
} from '../../../src/delivery/inbox.ts';
import { type EventHandler, type InboxWorker, startInboxWorker } from '../../../src/delivery/inbox-worker.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

let scratch: TestDatabase;
let database: Database;
let clock: FixedClock;
let inbox: Inbox;
let worker: InboxWorker | undefined;

beforeAll(async () => {
  scratch = await createMigratedDatabase();
  database = openDatabase(scratch.url);
});

beforeEach(async () => {
  await database.pool.query('TRUNCATE inbox_events, inbox_payloads');
  clock = new FixedClock('2026-01-01T00:00:00Z');
  inbox = createInbox({ pool: database.pool, clock });
});

afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});

afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const arrival = (eventId: string, change: Partial<Arrival> = {}): Arrival => ({
  provider: 'stripe',
  account: 'acct_1',
  eventId,
  type: 'payment_intent.succeeded',
  payload: Buffer.from(`{"id":"${eventId}","text":"é \\" \\\\ {}"}`),
  livemode: false,
  occurredAt: clock.now(),
  ...change,
});

const done: EventOutcome = { status: 'done' };

interface Handled {
  readonly applied: string[];
  readonly outcomes: Map<string, EventOutcome>;
}

/** A worker whose business is a function of the event's id. Answers what it did. */
function work(
  business: (eventId: string) => EventOutcome | Promise<EventOutcome> | undefined,
  retryable = false,
): Handled {
  const handled: Handled = { applied: [], outcomes: new Map() };
  const handler: EventHandler<{ id: string }> = {
    prepare: (event) => ({ id: event.eventId }),
    apply: async (_client, batch) => {
      const outcomes = await Promise.all(batch.map(({ prepared }) => business(prepared.id) ?? done));
      handled.applied.push(...batch.map(({ prepared }) => prepared.id));
      return outcomes;
    },
    finalCode: () => (retryable ? null : 'internal'),
    onOutcome: (event, outcome) => handled.outcomes.set(event.eventId, outcome),
  };
  worker = startInboxWorker({ inbox, pool: database.pool, clock, handler, log: pino({ level: 'silent' }) });
  return handled;
}

const rows = async () =>
  (
    await database.pool.query<{ event_id: string; status: string; reason: string | null; attempts: number }>(
      'SELECT event_id, status, reason, attempts FROM inbox_events ORDER BY event_id',
    )
  ).rows;

test('keeps an event once per provider and account, however often and however concurrently it arrives', async () => {
  const results = await Promise.all(Array.from({ length: 30 }, () => inbox.store(arrival('evt_1'))));
  expect(results.filter((result) => result === 'stored')).toHaveLength(1);
  expect(await inbox.store(arrival('evt_1', { account: 'acct_2' }))).toBe('stored');
});

test('keeps the bytes that were signed, each event its own', async () => {
  const events = Array.from({ length: 40 }, (_, index) => arrival(`evt_${index}`));
  await Promise.all(events.map((event) => inbox.store(event)));
  const claimed = await inbox.claim(100);
  for (const event of events) {
    expect(claimed.find(({ eventId }) => eventId === event.eventId)?.payload.equals(event.payload)).toBe(true);
  }
});

test('what is ignored at the door is stored with its reason and never claimed', async () => {
  await inbox.store(arrival('evt_1', { ignoredBecause: 'unhandled_type: not heard' }));
  expect(await inbox.claim(10)).toEqual([]);
  expect(await rows()).toMatchObject([{ status: 'ignored', reason: 'unhandled_type: not heard' }]);
});

test('two workers never hold one event; a claim that ran out is taken over, and its first holder cannot finish it', async () => {
  await inbox.store(arrival('evt_1'));
  const [held] = await inbox.claim(10);
  if (!held) throw new Error('nothing was claimed');
  expect(await inbox.claim(10)).toEqual([]);

  clock.advance(claimMs + 1);
  const other = createInbox({ pool: database.pool, clock });
  const [taken] = await other.claim(10);
  if (!taken) throw new Error('nothing was taken over');
  expect(taken).toMatchObject({ id: held.id, attempts: 2 });
  await expect(inbox.finish(database.pool, [{ event: held, outcome: done }])).rejects.toThrow(ClaimLost);
  await other.finish(database.pool, [{ event: taken, outcome: done }]);
  await expect(other.finish(database.pool, [{ event: taken, outcome: done }])).rejects.toThrow(ClaimLost);
});

test('applies each event once, from memory and from the database alike', async () => {
  await inbox.store(arrival('evt_before'));
  const handled = work(() => done);
  await Promise.all(Array.from({ length: 300 }, (_, index) => inbox.store(arrival(`evt_${index}`))));
  await worker?.idle();
  expect(handled.applied).toHaveLength(301);
  expect(new Set(handled.applied).size).toBe(301);
  expect((await rows()).every(({ status }) => status === 'done')).toBe(true);
});

test('one bad event never holds its neighbours: it is parked with its reason, they are done', async () => {
  const handled = work((eventId) => {
    if (eventId === 'evt_bad') throw new Error('cannot be applied');
    return done;
  });
  await Promise.all(['evt_1', 'evt_bad', 'evt_2', 'evt_3'].map((id) => inbox.store(arrival(id))));
  await worker?.idle();
  expect(handled.outcomes.get('evt_bad')).toEqual({ status: 'parked', reason: 'internal: cannot be applied' });
  expect((await rows()).map(({ status }) => status)).toEqual(['done', 'done', 'done', 'parked']);
});

test('an error that passes by itself is tried again when its back-off is over, not before', async () => {
  let away = true;
  const handled = work(() => {
    if (away) throw new Error('the provider is away');
    return done;
  }, true);
  await inbox.store(arrival('evt_1'));
  await worker?.idle();
  expect(await rows()).toMatchObject([{ status: 'received', reason: 'the provider is away', attempts: 1 }]);
  away = false;
  await worker?.idle();
  expect(handled.applied).toEqual([]);
  clock.advance(1_001);
  await worker?.idle();
  expect(handled.applied).toEqual(['evt_1']);
});

test('an event that cannot even be translated is parked without touching the rest', async () => {
  const outcomes = new Map<string, EventOutcome>();
  worker = startInboxWorker({
    inbox,
    pool: database.pool,
    clock,
    log: pino({ level: 'silent' }),
    handler: {
      prepare: (event: ClaimedEvent) => {
        if (event.eventId === 'evt_bad') throw new Error('no such field');
        return { id: event.eventId };
      },
      apply: async (_client, batch) => batch.map(() => done),
      finalCode: () => 'unreadable',
      onOutcome: (event, outcome) => outcomes.set(event.eventId, outcome),
    },
  });
  await Promise.all(['evt_bad', 'evt_1'].map((id) => inbox.store(arrival(id))));
  await worker.idle();
  expect(Object.fromEntries(outcomes)).toEqual({
    evt_bad: { status: 'parked', reason: 'unreadable: no such field' },
    evt_1: done,
  });
});

test('a parked event is replayed by command', async () => {
  let fixed = false;
  const handled = work(() => (fixed ? done : { status: 'parked', reason: 'unknown_order: none' }));
  await inbox.store(arrival('evt_1'));
  await worker?.idle();
  const [event] = (await database.pool.query<{ id: string }>('SELECT id FROM inbox_events')).rows;
  fixed = true;
  expect(await inbox.replay(event?.id ?? '')).toBe(true);
  await worker?.idle();
  expect(handled.outcomes.get('evt_1')).toEqual(done);
  expect(await inbox.replay('evt_none')).toBe(false);
});

test('a slow call of one event does not hold its neighbours, and its outcome comes with a later batch', async () => {
  const answer = Promise.withResolvers<{ id: string }>();
  const outcomes = new Map<string, EventOutcome>();
  worker = startInboxWorker({
    inbox,
    pool: database.pool,
    clock,
    log: pino({ level: 'silent' }),
    handler: {
      prepare: (event: ClaimedEvent) =>
        event.eventId.startsWith('evt_slow') ? () => answer.promise : { id: event.eventId },
      apply: async (_client, batch) => batch.map(() => done),
      finalCode: () => null,
      onOutcome: (event, outcome) => outcomes.set(event.eventId, outcome),
    },
  });
  await Promise.all(Array.from({ length: 12 }, (_, index) => inbox.store(arrival(`evt_slow_${index}`))));
  await Promise.all(['evt_1', 'evt_2'].map((id) => inbox.store(arrival(id))));
  await vi.waitFor(() => expect([...outcomes.keys()].sort()).toEqual(['evt_1', 'evt_2']));
  answer.resolve({ id: 'fetched' });
  await worker.idle();
  expect(outcomes.size).toBe(14);
});

test('a worker that stops does not wait for a call under way; another takes its event over', async () => {
  const never = new Promise<{ id: string }>(() => undefined);
  worker = startInboxWorker({
    inbox,
    pool: database.pool,
    clock,
    log: pino({ level: 'silent' }),
    handler: { prepare: () => () => never, apply: async () => [], finalCode: () => null },
  });
  await inbox.store(arrival('evt_1'));
  await vi.waitFor(async () => {
    const held = await database.pool.query<{ due_at: Date }>('SELECT due_at FROM inbox_events');
    expect(held.rows[0]?.due_at.getTime()).toBeGreaterThan(clock.now().getTime() + claimMs);
  });
  await worker.stop();
  worker = undefined;
  clock.advance(10 * claimMs);
  expect(await createInbox({ pool: database.pool, clock }).claim(10)).toHaveLength(1);
});
