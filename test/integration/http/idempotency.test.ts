import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../src/errors.ts';
import { runOnce } from '../../../src/http/idempotency.ts';
import type { IdempotentRequest } from '../../../src/http/route.ts';
import { defineRoute } from '../../../src/http/route.ts';
import { type Service, startService } from './tenants.ts';

let service: Service;
const runs: IdempotentRequest[] = [];
let behaviour: (run: IdempotentRequest) => Promise<void> | void;

const body = z.strictObject({ text: z.string(), more: z.string().optional() });
const responses = { 201: z.object({ requestId: z.string(), run: z.int() }) };
const tag = 'Test';

const routes = () => [
  defineRoute({
    method: 'post',
    path: '/v1/test/payments/:id',
    summary: 'Moves money',
    tag,
    roles: ['platform', 'agency'],
    idempotency: 'required',
    params: z.strictObject({ id: z.string() }),
    body,
    responses,
    handle: async ({ request }) => {
      runs.push(request.idempotency);
      const run = runs.length;
      await behaviour(request.idempotency);
      return { status: 201, body: { requestId: request.idempotency.requestId, run } };
    },
  }),
];

beforeAll(async () => {
  service = await startService({ routes });
});
afterAll(() => service.stop());
beforeEach(() => {
  runs.length = 0;
  behaviour = () => undefined;
});

let keys = 0;
const newKey = (): string => `key ${++keys}`;
const pay = (
  key: string | undefined,
  sent: unknown = { text: 'a' },
  options: { readonly id?: string; readonly apiKey?: string } = {},
) =>
  service.call('POST', `/v1/test/payments/${options.id ?? 'one'}`, {
    body: sent,
    key: options.apiKey,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });

/** A handler that stays inside until it is let go. */
function held() {
  let release = (): void => undefined;
  let enter = (): void => undefined;
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    entered,
    release: () => release(),
    inside: () => {
      enter();
      return released;
    },
  };
}

describe('Idempotency-Key', () => {
  test('is required where money moves, and has 1 to 255 characters', async () => {
    expect(await pay(undefined)).toMatchObject({ status: 422, body: { code: 'idempotency_key_required' } });
    expect(await pay('x'.repeat(256))).toMatchObject({ status: 422, body: { code: 'invalid_idempotency_key' } });
    expect(await pay('x'.repeat(255))).toMatchObject({ status: 201 });
    expect(runs).toHaveLength(1);
  });

  test('gives the first answer again for the same body, however it is spelled', async () => {
    const key = newKey();
    const first = await pay(key, { text: 'a', more: 'b' });
    const second = await pay(key, { more: 'b', text: 'a' });
    expect(second.body).toEqual(first.body);
    expect(second.status).toBe(201);
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(runs).toHaveLength(1);
  });

  test('refuses another body and another path under the same key', async () => {
    const key = newKey();
    await pay(key);
    expect(await pay(key, { text: 'other' })).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    expect(await pay(key, { text: 'a' }, { id: 'two' })).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
    expect(runs).toHaveLength(1);
  });

  test('belongs to its principal: two agencies may use one key', async () => {
    const key = newKey();
    const [first, second] = [
      await pay(key, { text: 'a' }, { apiKey: service.first.key }),
      await pay(key, { text: 'a' }, { apiKey: service.second.key }),
    ];
    expect(second.headers.get('idempotent-replayed')).toBeNull();
    expect(second.body.requestId).not.toBe(first.body.requestId);
  });

  test('runs the handler once for 20 simultaneous equal requests', async () => {
    const key = newKey();
    const gate = held();
    behaviour = () => gate.inside();
    const answers = Array.from({ length: 20 }, () => pay(key));
    await gate.entered;
    // 19 are refused while the first is inside; only then is it let go.
    let refused = 0;
    const nineteen = new Promise<void>((resolve) => {
      for (const answer of answers) {
        void answer.then(({ status }) => {
          if (status === 409 && ++refused === 19) resolve();
        });
      }
    });
    await nineteen;
    gate.release();
    const settled = await Promise.all(answers);
    expect(settled.filter(({ status }) => status === 201)).toHaveLength(1);
    const others = settled.filter(({ status }) => status !== 201);
    expect(others.every(({ status, body: { code } }) => status === 409 && code === 'request_in_progress')).toBe(true);
    expect(others.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
    expect(runs).toHaveLength(1);
    expect(await pay(key)).toMatchObject({ status: 201, body: { run: 1 } });
  });

  test('of 20 requests that meet an expired lease, one takes over with the stored request id', async () => {
    const key = newKey();
    const crashed = held();
    behaviour = () => crashed.inside();
    const lost = pay(key);
    await crashed.entered;
    expect(await pay(key)).toMatchObject({ status: 409, body: { code: 'request_in_progress' } });
    service.clock.advance(30_000);

    const gate = held();
    behaviour = () => gate.inside();
    const answers = Array.from({ length: 20 }, () => pay(key));
    await gate.entered;
    gate.release();
    const settled = await Promise.all(answers);
    expect(runs).toHaveLength(2);
    expect(runs[1]).toEqual({ requestId: runs[0]?.requestId, resumed: true });
    expect(runs[0]?.resumed).toBe(false);
    expect(settled.filter(({ headers, status }) => status === 201 && !headers.has('idempotent-replayed'))).toHaveLength(
      1,
    );

    // The one thought dead answers late: what was stored is not overwritten.
    crashed.release();
    await lost;
    expect(await pay(key)).toMatchObject({ status: 201, body: { run: 2 } });
  });

  test('does not keep a failure: the next try resumes under the same request id', async () => {
    const key = newKey();
    behaviour = () => {
      throw new Error('the connection was lost');
    };
    expect(await pay(key)).toMatchObject({ status: 500 });
    behaviour = () => undefined;
    expect(await pay(key)).toMatchObject({ status: 201, body: { requestId: runs[0]?.requestId } });
    expect(runs.map(({ resumed }) => resumed)).toEqual([false, true]);
  });

  test('does not let another body take over a request that failed', async () => {
    const key = newKey();
    behaviour = () => {
      throw new Error('the connection was lost');
    };
    await pay(key);
    expect(await pay(key, { text: 'other' })).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
  });

  test('keeps a final refusal as the first answer', async () => {
    const key = newKey();
    behaviour = () => {
      throw new AppError(402, 'card_declined', 'The card was declined.');
    };
    const first = await pay(key);
    behaviour = () => undefined;
    const second = await pay(key);
    expect(second).toMatchObject({ status: 402, body: { code: 'card_declined' } });
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('content-type')).toContain('application/problem+json');
    expect(runs).toHaveLength(1);
  });

  test('does not keep what validation refused: the corrected request may use the key', async () => {
    const key = newKey();
    expect(await pay(key, { text: 5 })).toMatchObject({ status: 422 });
    expect(await pay(key)).toMatchObject({ status: 201 });
  });

  test('never stores nor repeats an answer that carried a secret', async () => {
    const headers = { 'idempotency-key': newKey() };
    const path = `/v1/agencies/${service.first.agency.id}/api-keys`;
    const issued = await service.call('POST', path, { body: { name: 'till' }, headers });
    expect(issued).toMatchObject({ status: 201, body: { name: 'till' } });
    const again = await service.call('POST', path, { body: { name: 'till' }, headers });
    expect(again).toMatchObject({ status: 409, body: { code: 'secret_already_issued' } });
    const stored = await service.pool.query('SELECT * FROM idempotency_requests');
    expect(JSON.stringify(stored.rows)).not.toContain(String(issued.body.key));
  });

  test('makes a row once when its request is resumed after a crash between the row and the answer', async () => {
    const key = newKey();
    const sent = { name: 'Once', email: 'once@example.com', agencyId: service.first.agency.id };
    const create = () => service.call('POST', '/v1/customers', { body: sent, headers: { 'idempotency-key': key } });
    const first = await create();
    await service.pool.query(
      `UPDATE idempotency_requests SET state = 'in_flight', response_status = NULL, response_body = NULL, lease_until = $2 WHERE key = $1`,
      [key, service.clock.now()],
    );
    const resumed = await create();
    expect(resumed.body).toEqual(first.body);
    expect(await service.prisma.customer.count({ where: { email: 'once@example.com' } })).toBe(1);
  });

  test('renews the lease while the handler runs, so that a slow request is not taken over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const gate = held();
      const { pool: sql, clock } = service;
      const call = {
        name: { principal: 'platform', route: 'POST /v1/slow', key: newKey() },
        content: {},
        carriesSecret: false,
        log: pino({ level: 'silent' }),
      };
      const slow = runOnce(
        { sql, clock },
        { ...call, run: () => gate.inside().then(() => ({ status: 200, body: {} })) },
      );
      await gate.entered;
      clock.advance(25_000);
      vi.advanceTimersByTime(10_000);
      const renewedUntil = new Date(clock.now().getTime() + 30_000);
      await vi.waitFor(async () => {
        const stored = await service.prisma.idempotencyRequest.findFirst({ where: { route: 'POST /v1/slow' } });
        expect(stored?.leaseUntil).toEqual(renewedUntil);
      });
      clock.advance(25_000);
      const second = runOnce({ sql, clock }, { ...call, run: async () => ({ status: 200, body: { second: true } }) });
      await expect(second).rejects.toMatchObject({ code: 'request_in_progress' });
      gate.release();
      expect(await slow).toEqual({ status: 200, body: {}, replayed: false });
    } finally {
      vi.useRealTimers();
    }
  });
});
