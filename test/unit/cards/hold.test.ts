import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HoldStatus, heardOf, isOver, nextHoldStatus, provesCard } from '../../../src/cards/hold.ts';
import type { ProviderHold } from '../../../src/providers/card-ports.ts';

const statuses = ['requested', 'placed', 'released', 'failed', 'action_required', 'expired'] as const;
const words = ['processing', 'action_required', 'placed', 'released', 'expired', 'failed'] as const;

describe('a hold', () => {
  it.each([
    ['requested', 'placed', 'placed'],
    ['requested', 'released', 'released'],
    ['requested', 'action_required', 'action_required'],
    ['action_required', 'placed', 'placed'],
    ['action_required', 'failed', 'failed'],
    ['placed', 'released', 'released'],
    ['placed', 'expired', 'expired'],
    // Older news changes nothing.
    ['placed', 'action_required', 'placed'],
    ['placed', 'requested', 'placed'],
    ['released', 'placed', 'released'],
    ['failed', 'placed', 'failed'],
    ['expired', 'released', 'expired'],
  ] as const)('that is %s and hears %s is %s', (status, heard, next) => {
    expect(nextHoldStatus(status, heard)).toBe(next);
  });

  it('that is on its way at the provider stays as it was', () => {
    for (const status of statuses)
      expect(nextHoldStatus(status, heardOf(status, { status: 'processing' }))).toBe(status);
  });

  it('that stood and is gone was released, though the provider no longer shows that it stood', () => {
    expect(heardOf('placed', { status: 'failed' })).toBe('released');
    expect(heardOf('requested', { status: 'failed' })).toBe('failed');
  });

  it('proves its card exactly where something was set aside', () => {
    expect(statuses.filter(provesCard)).toEqual(['placed', 'released', 'expired']);
  });

  it('never comes back from its end, whatever is heard in whatever order', () => {
    const heard = fc.array(fc.constantFrom<ProviderHold['status']>(...words), { maxLength: 12 });
    fc.assert(
      fc.property(heard, (told) => {
        let status: HoldStatus = 'requested';
        for (const word of told) {
          const before: HoldStatus = status;
          status = nextHoldStatus(before, heardOf(before, { status: word }));
          if (isOver(before)) expect(status).toBe(before);
          if (provesCard(before)) expect(provesCard(status)).toBe(true);
        }
      }),
    );
  });
});
