import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { expect, test, vi } from 'vitest';
import { MovableClock } from '../../../src/clock.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';
import { clientFor, optionsFor, secretKey, startReceiver, topUp, types, visa, webhookSecret } from './harness.ts';

async function portOf(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('the child has no output');
  const [line] = await once(child.stdout, 'data');
  return Number(String(line).trim());
}

test('after a kill -9 amid payments, every payment made is delivered, and none that was not', async () => {
  const database = await createTestDatabase();
  const clock = new MovableClock();
  const receiver = await startReceiver(clock);
  const program = fileURLToPath(new URL('./sandbox-process.ts', import.meta.url));
  const child = spawn('node', [program, database.url, receiver.url, webhookSecret, secretKey], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await portOf(child);
    const stripe = new Stripe(secretKey, { host: '127.0.0.1', port, protocol: 'http', telemetry: false });
    const sessions = await Promise.all(Array.from({ length: 60 }, () => stripe.checkout.sessions.create(topUp())));
    let answered = 0;
    const paying = sessions.map(async ({ id }) => {
      const response = await fetch(`http://127.0.0.1:${port}/sandbox/sessions/${id}/pay`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ card: visa }),
      });
      answered += response.ok ? 1 : 0;
      if (answered === 20) child.kill('SIGKILL');
    });
    await Promise.allSettled(paying);
    expect(answered).toBeLessThan(60);

    const restarted = await startSandbox(optionsFor(database.url, clock));
    try {
      await restarted.settled();
      const again = new Stripe(secretKey, {
        host: '127.0.0.1',
        port: restarted.port,
        protocol: 'http',
        telemetry: false,
      });
      const paid = new Set<string>();
      for await (const session of again.checkout.sessions.list({ status: 'complete', limit: 100 }))
        paid.add(session.id);
      const told = new Set<string>();
      for (const { event } of receiver.arrivals) {
        if (event.type === 'checkout.session.completed') told.add(event.data.object.id);
      }
      expect(paid.size).toBeGreaterThanOrEqual(answered);
      expect([...told].sort()).toEqual([...paid].sort());
    } finally {
      await restarted.close();
    }
  } finally {
    child.kill('SIGKILL');
    await receiver.close();
    await database.drop();
  }
});

test('a restart keeps objects, the account, the clock and keys, and delivers what was queued', async () => {
  const database = await createTestDatabase();
  const clock = new MovableClock();
  const receiver = await startReceiver(clock);
  receiver.answer(503);
  try {
    const sandbox = await startSandbox(optionsFor(database.url, clock));
    await sandbox.ensureWebhookEndpoint({ url: receiver.url, secret: webhookSecret, enabledEvents: ['*'] });
    await fetch(`${sandbox.url}/sandbox/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ advance: '10d' }),
    });
    const create = (stripe: Stripe) => stripe.customers.create({ name: 'Kept' }, { idempotencyKey: 'kept' });
    const first = await create(clientFor(sandbox));
    await sandbox.settled();
    const stoppedAt = clock.now();
    await sandbox.close();

    const newClock = new MovableClock();
    const restarted = await startSandbox(optionsFor(database.url, newClock));
    try {
      expect(restarted.accountId).toBe(sandbox.accountId);
      expect(newClock.now().getTime()).toBeGreaterThanOrEqual(stoppedAt.getTime());
      expect((await create(clientFor(restarted))).id).toBe(first.id);
      receiver.answer(200);
      await vi.waitFor(() => expect(types(receiver)).toEqual(['customer.created']), 10_000);
    } finally {
      await restarted.close();
    }
  } finally {
    await receiver.close();
    await database.drop();
  }
});
