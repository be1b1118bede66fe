import { afterEach, describe, expect, it } from 'vitest';
import { aWrite, failureOf, type LocalServer, platform, serve, stripeAt } from './stripe-support.ts';

const servers: LocalServer[] = [];

const start = async (answer: Parameters<typeof serve>[0]): Promise<LocalServer> => {
  const server = await serve(answer);
  servers.push(server);
  return server;
};

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const outcomes = async (apiBase: string, options: { timeoutMs?: number; maxNetworkRetries?: number } = {}) => {
  const stripe = stripeAt({ apiBase, ...options });
  return {
    read: (await failureOf(stripe.payments.retrieve(platform, 'pi_1'))).detail,
    write: (await failureOf(aWrite(stripe.checkout))).detail,
  };
};

const unknown = { read: { kind: 'unavailable' }, write: { kind: 'indeterminate' } };

const json = { 'content-type': 'application/json' };

describe('a connection', () => {
  it('that is cut before the answer leaves a write in doubt', async () => {
    const server = await start((_request, response) => response.destroy());
    expect(await outcomes(server.url)).toMatchObject(unknown);
  });

  it('that is cut within the answer leaves a write in doubt', async () => {
    const server = await start((_request, response) => {
      response.writeHead(200, { ...json, 'content-length': '1000' });
      response.write('{"id":"cus_1"', () => response.destroy());
    });
    expect(await outcomes(server.url)).toMatchObject(unknown);
  });

  it('that brings no answer in time leaves a write in doubt', async () => {
    const server = await start(() => undefined);
    expect(await outcomes(server.url, { timeoutMs: 30 })).toMatchObject(unknown);
  });

  it('that stalls within the answer leaves a write in doubt', async () => {
    const server = await start((_request, response) => {
      response.writeHead(200, { ...json, 'content-length': '1000' });
      response.write('{"id":"cus_1"');
    });
    expect(await outcomes(server.url, { timeoutMs: 30 })).toMatchObject(unknown);
  });

  it('that was refused proves that a write was not executed', async () => {
    const server = await serve(() => undefined);
    await server.close();
    expect(await outcomes(server.url)).toMatchObject({
      read: { kind: 'unavailable', code: 'ECONNREFUSED' },
      write: { kind: 'unavailable', code: 'ECONNREFUSED' },
    });
  });

  it('to a host that does not resolve proves that a write was not executed', async () => {
    expect(await outcomes('http://stripe.invalid')).toMatchObject({
      read: { kind: 'unavailable' },
      write: { kind: 'unavailable' },
    });
  });

  it('that is refused after an earlier try was cut proves nothing', async () => {
    const server = await serve((_request, response) => {
      response.destroy();
      void server.close();
    });
    expect(
      (await failureOf(aWrite(stripeAt({ apiBase: server.url, maxNetworkRetries: 2 }).checkout))).detail,
    ).toMatchObject({
      kind: 'indeterminate',
      code: 'ECONNREFUSED',
    });
  });
});

describe('the tries that the SDK makes by itself', () => {
  const refusal = JSON.stringify({ error: { type: 'invalid_request_error', message: 'no such key' } });
  const failed = JSON.stringify({ error: { type: 'api_error', message: 'failed' } });

  it('carry one idempotency key', async () => {
    const keys: (string | string[] | undefined)[] = [];
    const server = await start((request, response) => {
      keys.push(request.headers['idempotency-key']);
      if (keys.length === 1) response.destroy();
      else response.writeHead(200, json).end(JSON.stringify({ object: 'customer', id: 'cus_1' }));
    });
    await aWrite(stripeAt({ apiBase: server.url, maxNetworkRetries: 1 }).checkout, 'op:7');
    expect(keys).toEqual(['op:7', 'op:7']);
  });

  it.each([401, 403, 400])('leave a write in doubt when a %i follows a try that may have run', async (status) => {
    const server = await start((_request, response) => {
      if (server.requests() === 1) response.destroy();
      else response.writeHead(status, json).end(refusal);
    });
    const failure = await failureOf(aWrite(stripeAt({ apiBase: server.url, maxNetworkRetries: 1 }).checkout));
    expect(failure.detail).toMatchObject({ kind: 'indeterminate', status });
  });

  it('let a decline stand, for it is the answer of the key', async () => {
    const declined = JSON.stringify({ error: { type: 'card_error', code: 'card_declined', message: 'Declined.' } });
    const server = await start((_request, response) => {
      if (server.requests() === 1) response.destroy();
      else response.writeHead(402, json).end(declined);
    });
    const failure = await failureOf(aWrite(stripeAt({ apiBase: server.url, maxNetworkRetries: 1 }).checkout));
    expect(failure.kind).toBe('declined');
  });

  it('find out that a 500 is stored', async () => {
    const server = await start((_request, response) => {
      const replayed = server.requests() > 1 ? { 'idempotent-replayed': 'true' } : {};
      response.writeHead(500, { ...json, ...replayed }).end(failed);
    });
    const failure = await failureOf(aWrite(stripeAt({ apiBase: server.url, maxNetworkRetries: 1 }).checkout));
    expect(failure.detail).toMatchObject({ kind: 'indeterminate', status: 500, stored: true });
    expect(failure.isRetryable).toBe(false);
  });
});
