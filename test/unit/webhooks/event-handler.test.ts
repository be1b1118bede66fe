import { describe, expect, test } from 'vitest';
import { ReferenceConflict } from '../../../src/ledger/ledger.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import { finalErrorCode } from '../../../webhooks/event-handler.ts';

const withCode = (message: string, code: string): Error => Object.assign(new Error(message), { code });

describe('only an error that comes again however often it is tried parks an event', () => {
  test.each<[string, unknown, string | null]>([
    ['a connection that broke without a code', new Error('Connection terminated unexpectedly'), null],
    ['a pool that had no connection in time', new Error('timeout exceeded when trying to connect'), null],
    ['a reset connection', withCode('read ECONNRESET', 'ECONNRESET'), null],
    ['a deadlock', withCode('deadlock detected', '40P01'), null],
    ['a server that shuts down', withCode('terminating connection', '57P01'), null],
    ['a provider that is away', new ProviderError({ kind: 'unavailable', message: 'away' }), null],
    ['a call in doubt', new ProviderError({ kind: 'indeterminate', message: 'cut' }), null],
    ['a provider that refuses', new ProviderError({ kind: 'invalid', message: 'no' }), 'provider_invalid'],
    ['a key that is gone', new ProviderError({ kind: 'auth', message: 'no' }), 'provider_auth'],
    ['a contradiction in the books', new ReferenceConflict(['a']), 'reference_conflict'],
    ['a constraint that was broken', withCode('violates check', '23514'), 'internal'],
    ['a mistake of ours', new TypeError('x is undefined'), 'internal'],
  ])('%s', (_name, error, code) => {
    expect(finalErrorCode(error)).toBe(code);
  });
});
