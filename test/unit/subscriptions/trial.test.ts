import { describe, expect, it } from 'vitest';
import { emailKeyOf, isServed, reminderDue, trialFrom } from '../../../src/subscriptions/trial.ts';

const at = (text: string): Date => new Date(`${text}:00.000Z`);
const started = at('2026-11-01T09:00');

describe('what an agency’s setting makes of a moment', () => {
  const setting = { days: 14, minutes: 60, concurrency: 2, end: 'pause' } as const;

  it('is whole days from that moment', () => {
    expect(trialFrom(setting, started)).toEqual({
      minutes: '60',
      concurrency: 2,
      end: 'pause',
      startedAt: started,
      endsAt: at('2026-11-15T09:00'),
    });
  });

  it.each([
    ['no setting', undefined],
    ['no days', { ...setting, days: 0 }],
  ])('is no trial of %s', (_what, none) => {
    expect(trialFrom(none, started)).toBeNull();
  });

  it.each([
    ['pause', 'pause'],
    ['continue', 'continue'],
    ['convert', 'pause'],
  ] as const)('that says %s ends with %s: there is no plan to convert to', (said, end) => {
    expect(trialFrom({ ...setting, end: said }, started)?.end).toBe(end);
  });
});

describe('a reminder', () => {
  const trial = { startedAt: started, endsAt: at('2026-11-15T09:00'), remindedAt: null };

  it.each([
    ['long before', '2026-11-10T09:00', null, null],
    ['a minute before the third day', '2026-11-12T08:59', null, null],
    ['on the third day before', '2026-11-12T09:00', null, 3],
    ['once it was given', '2026-11-13T09:00', '2026-11-12T09:00', null],
    ['on the last day', '2026-11-14T09:00', '2026-11-12T09:00', 1],
    ['of two that were missed', '2026-11-14T10:00', null, 1],
    ['once both were given', '2026-11-15T08:00', '2026-11-14T09:00', null],
    ['at the end', '2026-11-15T09:00', null, null],
  ])('%s', (_when, now, remindedAt, days) => {
    const reminded = remindedAt === null ? null : at(remindedAt);
    expect(reminderDue({ ...trial, remindedAt: reminded }, at(now))).toBe(days);
  });

  it('is not given of a trial that is shorter', () => {
    const short = { ...trial, endsAt: at('2026-11-03T09:00') };
    expect(reminderDue(short, at('2026-11-01T09:30'))).toBeNull();
    expect(reminderDue(short, at('2026-11-02T09:00'))).toBe(1);
    expect(reminderDue({ ...trial, endsAt: at('2026-11-02T09:00') }, at('2026-11-01T23:00'))).toBeNull();
  });
});

it.each([
  [' Ali@Example.COM ', 'ali@example.com'],
  ['ali+work@example.com', 'ali+work@example.com'],
])('an address %j is known by %j', (email, key) => {
  expect(emailKeyOf(email)).toBe(key);
});

it.each([
  ['active', 'pause', true],
  ['ended', 'pause', false],
  ['ended', 'continue', true],
  ['converted', 'continue', false],
] as const)('a trial that is %s and ends with %s serves: %s', (status, end, served) => {
  expect(isServed({ status, end })).toBe(served);
});
