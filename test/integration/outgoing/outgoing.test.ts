import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FixedClock } from '../../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../../src/database/database.ts';
import type { Jobs } from '../../../src/delivery/jobs.ts';
import { resolveAll } from '../../../src/outgoing/address.ts';
import type { OutgoingEvent } from '../../../src/outgoing/event-types.ts';
import { createOutgoing, type Outgoing } from '../../../src/outgoing/outgoing.ts';
import { createSender, type Sender } from '../../../src/outgoing/send.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { sealerOf } from '../../../src/tenancy/sealed.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';
import { startReceiver } from './receiver.ts';

let scratch: TestDatabase;
let database: Database;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let sender: Sender;
/** The present: signatures of another day are refused by whoever verifies them. */
let clock: FixedClock;
let agencies = 0;
let agencyId: string;
let scope: Scope;

const sealer = sealerOf('an encryption key of the tests, long enough');
const enqueued: string[] = [];
const jobs: Jobs = {
  enqueue: async (_sql, { name }) => {
    enqueued.push(name);
  },
};

const outgoingWith = (allowPrivateAddresses: boolean, by: Sender = sender): Outgoing =>
  createOutgoing({ database, clock, jobs, sealer, sender: by, allowPrivateAddresses, resolve: resolveAll });
let outgoing: Outgoing;

beforeAll(async () => {
  scratch = await createMigratedDatabase();
  database = openDatabase(scratch.url);
  receiver = await startReceiver();
  sender = createSender({ allowPrivateAddresses: true, resolve: resolveAll });
});
afterAll(async () => {
  await sender.close();
  await receiver.stop();
  await database.close();
  await scratch.drop();
});
beforeEach(async () => {
  agencies += 1;
  agencyId = `agc_${agencies}`;
  scope = { role: 'agency', agencyId, keyId: 'key_1' };
  clock = new FixedClock(new Date(Date.now()).toISOString());
  outgoing = outgoingWith(true);
  // What an earlier test left waiting is not this one's.
  await database.pool.query('DELETE FROM outgoing_deliveries');
  receiver.received.length = 0;
  receiver.answers.clear();
  await database.pool.query(
    `INSERT INTO agencies (id, name, email, country, created_at) VALUES ($1, 'A', 'a@a.example', 'OM', now())`,
    [agencyId],
  );
});

const endpoint = (path: string, eventTypes: readonly string[] = ['*']) =>
  outgoing.createEndpoint(scope, {
    agencyId: undefined,
    url: receiver.url(path),
    eventTypes,
    description: undefined,
    requestId: undefined,
  });

const paused = (fact: string, of = agencyId): OutgoingEvent => ({
  type: 'service.paused',
  agencyId: of,
  fact,
  data: { customerId: 'cus_1', reason: 'balance' },
});

const emit = (...events: OutgoingEvent[]): Promise<void> =>
  inTransaction(database.pool, (sql) => outgoing.emit(sql, events));
const deliveries = async (id: string) => outgoing.listDeliveries(scope, id, { limit: 100, after: undefined });

describe('an event', () => {
  test('is signed so that the scheme’s own library believes it, and nothing else does', async () => {
    const { secret } = await endpoint('/signed');
    await emit(paused('one'));
    await outgoing.deliverDue();
    const [message] = receiver.received;
    if (!message) throw new Error('nothing was received');
    receiver.verify(secret, message);
    expect(() => receiver.verify(`whsec_${'A'.repeat(43)}=`, message)).toThrow();
    expect(() => receiver.verify(secret, { ...message, body: message.body.replace('cus_1', 'cus_2') })).toThrow();
    expect(JSON.parse(message.body)).toMatchObject({ type: 'service.paused', data: { customerId: 'cus_1' } });
  });

  test('reaches only those of its agency that hear its type, and each of them once however often it is told', async () => {
    await endpoint('/all');
    await endpoint('/paused', ['service.paused']);
    await endpoint('/resumed', ['service.resumed']);
    await emit(paused('one'), paused('one'));
    await emit(paused('one'));
    await emit(paused('another’s', 'agc_of_nobody'));
    await outgoing.deliverDue();
    expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/all', '/paused']);
  });

  test('is not told when what it tells of did not happen', async () => {
    await endpoint('/undone');
    await expect(
      inTransaction(database.pool, async (sql) => {
        await outgoing.emit(sql, [paused('one')]);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    await outgoing.deliverDue();
    expect(receiver.received).toEqual([]);
  });

  test('is tried again by the clock until it is taken, under the same id, and can be sent again', async () => {
    const made = await endpoint('/later');
    receiver.answers.set('/later', { status: 503 });
    await emit(paused('one'));
    await outgoing.deliverDue();
    await outgoing.deliverDue();
    expect(receiver.received).toHaveLength(1);
    clock.advance(10_000);
    await outgoing.deliverDue();
    expect(await deliveries(made.endpoint.id)).toMatchObject([
      { status: 'pending', attempts: 2, responseStatus: 503, lastError: 'answered 503' },
    ]);
    receiver.answers.clear();
    clock.advance(60_000);
    await outgoing.deliverDue();
    const [delivered] = await deliveries(made.endpoint.id);
    expect(delivered).toMatchObject({ status: 'delivered', attempts: 3 });
    await outgoing.redeliver(scope, { endpointId: made.endpoint.id, deliveryId: delivered?.id ?? '' });
    await outgoing.deliverDue();
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([delivered?.id]));
    expect(receiver.received).toHaveLength(4);
  });

  test('is signed by the old secret too for a day after a new one was made', async () => {
    const made = await endpoint('/rolled');
    const rolled = await outgoing.rotateSecret(scope, made.endpoint.id);
    await emit(paused('one'));
    await outgoing.deliverDue();
    const [both] = receiver.received;
    if (!both) throw new Error('nothing was received');
    receiver.verify(made.secret, both);
    receiver.verify(rolled.secret, both);
    await database.pool.query('UPDATE webhook_endpoints SET previous_secret_until = $1', [clock.now()]);
    await emit(paused('two'));
    await outgoing.deliverDue();
    const last = receiver.received.at(-1);
    if (!last) throw new Error('nothing was received');
    expect(() => receiver.verify(made.secret, last)).toThrow();
    receiver.verify(rolled.secret, last);
  });

  test('follows no redirect, and ends an endpoint that is gone', async () => {
    const moved = await endpoint('/moved');
    const gone = await endpoint('/gone');
    receiver.answers.set('/moved', { status: 302, location: receiver.url('/elsewhere') });
    receiver.answers.set('/gone', { status: 410 });
    await emit(paused('one'));
    await outgoing.deliverDue();
    expect(receiver.received.map(({ path }) => path)).not.toContain('/elsewhere');
    expect(await deliveries(moved.endpoint.id)).toMatchObject([{ status: 'pending', lastError: 'answered 302' }]);
    expect(await deliveries(gone.endpoint.id)).toMatchObject([{ status: 'failed' }]);
    await emit(paused('two'));
    expect(await deliveries(gone.endpoint.id)).toHaveLength(1);
  });

  test('is sent again by the next sender when one died with it in hand', async () => {
    const made = await endpoint('/crash');
    await emit(paused('one'));
    const dying: Sender = {
      send: async (message) => {
        await sender.send(message);
        throw new Error('killed before it was noted');
      },
      close: async () => undefined,
    };
    await expect(outgoingWith(true, dying).deliverDue()).rejects.toThrow('killed');
    await outgoing.deliverDue();
    expect(receiver.received).toHaveLength(1);
    clock.advance(121_000);
    await outgoing.deliverDue();
    expect(await deliveries(made.endpoint.id)).toMatchObject([{ status: 'delivered' }]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('is sent once by two senders at work, and a slow endpoint does not hold the others', async () => {
    await endpoint('/slow');
    await endpoint('/quick');
    receiver.answers.set('/slow', { status: 200, hang: true });
    await emit(...Array.from({ length: 10 }, (_, index) => paused(`fact ${index}`)));
    const both = Promise.all([outgoing.deliverDue(), outgoingWith(true).deliverDue()]);
    await expect.poll(() => receiver.received.filter(({ path }) => path === '/quick').length).toBeGreaterThan(1);
    await expect
      .poll(() => {
        receiver.release();
        return receiver.received.length;
      })
      .toBe(20);
    receiver.answers.clear();
    receiver.release();
    await both;
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(20);
  });
});

describe('an endpoint that never answers', () => {
  const heardAt = (path: string): number => receiver.received.filter((message) => message.path === path).length;
  const deliverJob = () => outgoing.jobs['outgoing.deliver']?.handle({});
  let working: Promise<unknown>;

  beforeEach(async () => {
    await endpoint('/mute');
    await endpoint('/quick');
    receiver.answers.set('/mute', { status: 200, hang: true });
    await emit(...Array.from({ length: 10 }, (_, index) => paused(`fact ${index}`)));
    working = Promise.all([deliverJob()]);
  });
  afterEach(async () => {
    receiver.answers.clear();
    await expect
      .poll(() => {
        receiver.release();
        return heardAt('/mute');
      })
      .toBe(10);
    receiver.release();
    await working;
  });

  test('holds one job: those that are woken meanwhile leave their workers to others', async () => {
    await expect.poll(() => heardAt('/mute')).toBe(2);
    await Promise.all([deliverJob(), deliverJob(), deliverJob()]);
    expect(heardAt('/mute')).toBe(2);
  });

  test('has two under way at most, and everything else is delivered beside them', async () => {
    await expect.poll(() => heardAt('/quick')).toBe(10);
    expect(heardAt('/mute')).toBe(2);
  });
});

test('what a sender that died has under way still counts for its endpoint', async () => {
  await endpoint('/counted');
  await emit(...Array.from({ length: 5 }, (_, index) => paused(`fact ${index}`)));
  const dying: Sender = {
    send: async () => {
      throw new Error('killed');
    },
    close: async () => undefined,
  };
  await expect(outgoingWith(true, dying).deliverDue()).rejects.toThrow('killed');
  await outgoing.deliverDue();
  expect(receiver.received).toEqual([]);
  clock.advance(121_000);
  await outgoing.deliverDue();
  expect(receiver.received).toHaveLength(5);
});

test('a job sends a bounded number and leaves the rest to the next', async () => {
  await endpoint('/many');
  await emit(...Array.from({ length: 130 }, (_, index) => paused(`fact ${index}`)));
  enqueued.length = 0;
  await outgoing.jobs['outgoing.deliver']?.handle({});
  expect(receiver.received).toHaveLength(128);
  expect(enqueued).toEqual(['outgoing.deliver']);
  await outgoing.jobs['outgoing.deliver']?.handle({});
  expect(receiver.received).toHaveLength(130);
  expect(enqueued).toEqual(['outgoing.deliver']);
});

describe('an address that leads inwards', () => {
  test('is refused when it is given, with an entry in the audit trail and nothing stored', async () => {
    const strict = outgoingWith(false);
    const give = (url: string) =>
      strict.createEndpoint(scope, {
        agencyId: undefined,
        url,
        eventTypes: ['*'],
        description: undefined,
        requestId: undefined,
      });
    for (const url of ['https://127.0.0.1/x', 'https://localhost/x', 'https://[::1]/x', 'https://10.0.0.1:8443/']) {
      await expect(give(url), url).rejects.toMatchObject({ status: 422, code: 'webhook_address_private' });
    }
    await expect(give('http://93.184.216.34/')).rejects.toMatchObject({ code: 'webhook_address_insecure' });
    await expect(give('https://user:secret@93.184.216.34/')).rejects.toMatchObject({
      code: 'webhook_address_insecure',
    });
    expect(await strict.listEndpoints(scope, { limit: 10, after: undefined })).toEqual([]);
    const { rows } = await database.pool.query(
      `SELECT after->>'code' AS code FROM audit_entries WHERE agency_id = $1 AND action = 'webhook_endpoint.refused'`,
      [agencyId],
    );
    expect(rows).toHaveLength(4);
  });

  test('is not connected to even if it was taken once', async () => {
    await endpoint('/private');
    await emit(paused('one'));
    const strictSender = createSender({ allowPrivateAddresses: false, resolve: resolveAll });
    await outgoingWith(false, strictSender).deliverDue();
    await strictSender.close();
    expect(receiver.received).toEqual([]);
  });
});

test('an unknown type of event is refused with those there are', async () => {
  await expect(endpoint('/x', ['payment.imagined'])).rejects.toMatchObject({
    status: 422,
    code: 'unknown_event_type',
    message: expect.stringContaining('payment.paid'),
  });
});

test('a secret is not stored as it is', async () => {
  const { secret } = await endpoint('/sealed');
  const { rows } = await database.pool.query<{ secret: string }>('SELECT secret FROM webhook_endpoints');
  expect(rows.some((row) => row.secret.includes(secret.slice(6)))).toBe(false);
});
