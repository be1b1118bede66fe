import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { loggedError, logOptions } from '../../../src/log.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { Started } from '../../../src/started.ts';

function recorder() {
  const lines: string[] = [];
  return { lines, log: pino(logOptions('debug'), { write: (line: string) => lines.push(line) }) };
}

describe('the log', () => {
  test('writes a fixed list of an error’s fields, so that a connection attached to it stays out', () => {
    const { lines, log } = recorder();
    const client = { secretKey: 'the secret of a connection', connectionParameters: { password: 'hunter2' } };
    const error = Object.assign(new Error('terminated', { cause: new Error('the network') }), {
      code: '57P01',
      client,
    });
    log.warn({ err: error }, 'lost a database connection');
    expect(JSON.parse(lines[0] ?? '').err).toEqual({
      type: 'Error',
      message: 'terminated',
      code: '57P01',
      stack: expect.any(String),
      cause: 'the network',
    });
    expect(lines.join()).not.toMatch(/secretKey|hunter2/);
  });

  test('tells what kind of failure a provider’s was', () => {
    const error = new ProviderError({ kind: 'rate_limited', message: 'slow down', code: 'rate_limit', status: 429 });
    expect(loggedError(error)).toMatchObject({ type: 'ProviderError', kind: 'rate_limited', status: 429 });
    expect(loggedError('a text')).toEqual({ type: 'string', message: 'a text' });
  });
});

describe('stopping', () => {
  test('goes on after a part that does not stop, says so, and rejects at the end', async () => {
    const { lines, log } = recorder();
    const stopped: string[] = [];
    const started = new Started(log);
    started.add('database', async () => void stopped.push('database'));
    started.add('worker', async () => {
      throw new Error('stuck');
    });
    started.add('server', async () => void stopped.push('server'));
    await expect(started.stop()).rejects.toThrow(/worker/);
    await expect(started.stop()).rejects.toThrow(/worker/);
    expect(stopped).toEqual(['server', 'database']);
    expect(lines.map((line) => JSON.parse(line).part)).toEqual(['worker']);
  });
});
