import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { isSignedByWhop, type WhopHeaders } from '../../../webhooks/whop/verify.ts';

const secret = `ws_${'a1'.repeat(32)}`;
const rolled = `ws_${'b2'.repeat(32)}`;
const now = new Date('2026-11-21T08:00:00Z');
const body = '{"type":"payment.succeeded"}';

const signed = (by = secret, at = now): WhopHeaders => ({
  id: 'msg_1',
  timestamp: String(at.getTime() / 1_000),
  signature: new Webhook(Buffer.from(by, 'utf8').toString('base64')).sign('msg_1', at, body),
});

const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);

describe('a delivery', () => {
  test('signed with the current secret, or the one being rolled, is believed', () => {
    expect(isSignedByWhop(body, signed(), [secret], now)).toBe(true);
    expect(isSignedByWhop(body, signed(rolled), [secret, rolled], now)).toBe(true);
  });

  test('with several signatures is believed for one that fits', () => {
    const signature = `v1,AAAA ${signed().signature}`;
    expect(isSignedByWhop(body, { ...signed(), signature }, [secret], now)).toBe(true);
  });

  test.each([-300, 300])('is believed %i seconds from its signature', (seconds) => {
    expect(isSignedByWhop(body, signed(), [secret], later(seconds))).toBe(true);
  });

  const wrong: readonly (readonly [string, WhopHeaders])[] = [
    ['of another secret', signed(rolled)],
    ['without an id', { ...signed(), id: undefined }],
    ['without a time', { ...signed(), timestamp: undefined }],
    ['without a signature', { ...signed(), signature: undefined }],
    ['with an empty signature', { ...signed(), signature: '' }],
    ['of another id', { ...signed(), id: 'msg_2' }],
    ['of another time', { ...signed(), timestamp: String(later(1).getTime() / 1_000) }],
    ['of no time', { ...signed(), timestamp: 'now' }],
    ['too old', signed(secret, later(-301))],
    ['from the future', signed(secret, later(301))],
    ['of another scheme', { ...signed(), signature: signed().signature?.replace('v1,', 'v0,') }],
  ];
  test.each(wrong)('%s is refused', (_what, headers) => {
    expect(isSignedByWhop(body, headers, [secret], now)).toBe(false);
  });

  test('with a changed body, or without any secret to check, is refused', () => {
    expect(isSignedByWhop(`${body} `, signed(), [secret], now)).toBe(false);
    expect(isSignedByWhop(body, signed(), [], now)).toBe(false);
  });
});
