import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { afterDecline, closedBreaker } from '../../../src/refill/breaker.ts';
import { decideRefill, type RefillFacts } from '../../../src/refill/decide-refill.ts';

const usd = (amount: string): Money => Money.of(amount, 'USD');
const now = new Date('2026-03-15T12:00:00.000Z');
const settings = { enabled: true, threshold: usd('20.00'), amount: usd('100.00'), monthlyLimit: usd('300.00') };
const card = { verified: true, expMonth: 12, expYear: 2030 };

/** Everything speaks for a refill. */
const due: RefillFacts = {
  now,
  settings,
  balance: usd('19.999999'),
  clientDisabled: false,
  agencyDisabled: false,
  inFlight: false,
  disputeOpen: false,
  wentBack: usd('0'),
  card,
  breaker: closedBreaker,
  accountActive: true,
  refusedAt: null,
  refilledThisMonth: usd('0'),
};

const soft = { code: 'card_declined', declineCode: 'insufficient_funds', adviceCode: null };
const hard = { code: 'card_declined', declineCode: 'stolen_card', adviceCode: null };

describe('a refill', () => {
  test.each([
    ['the balance is below the threshold', {}],
    ['the balance is negative', { balance: usd('-3.10') }],
    ['it reaches the monthly limit exactly', { refilledThisMonth: usd('200.00') }],
    ['there is no monthly limit', { settings: { ...settings, monthlyLimit: null }, refilledThisMonth: usd('9999') }],
    ['more was used than went back', { balance: usd('5.00'), wentBack: usd('14.99') }],
    ['more came back than went', { balance: usd('5.00'), wentBack: usd('-15.00') }],
    ['the card expires at the end of this month', { card: { ...card, expMonth: 3, expYear: 2026 } }],
    ['an hour has passed since the provider refused', { refusedAt: new Date('2026-03-15T11:00:00Z') }],
    ['the rest of its card is over', { breaker: afterDecline(closedBreaker, soft, new Date('2026-03-15T11:00:00Z')) }],
  ] satisfies [string, Partial<RefillFacts>][])('is made when %s', (_when, change) => {
    expect(decideRefill({ ...due, ...change })).toEqual({ action: 'charge', amount: settings.amount });
  });

  test.each([
    ['it is not asked for', { settings: null }],
    ['it is switched off', { settings: { ...settings, enabled: false } }],
    ['the balance is at the threshold', { balance: usd('20.00') }],
    ['the balance is above the threshold', { balance: usd('20.01') }],
    ['nothing is due, even while a refill is in flight', { balance: usd('50'), inFlight: true }],
  ] satisfies [string, Partial<RefillFacts>][])('is not due when %s', (_when, change) => {
    expect(decideRefill({ ...due, ...change })).toEqual({ action: 'none' });
  });

  test.each([
    ['agency_disabled', { agencyDisabled: true }],
    ['client_disabled', { clientDisabled: true }],
    ['dispute_open', { disputeOpen: true }],
    ['money_went_back', { balance: usd('5.00'), wentBack: usd('15.00') }],
    ['refill_in_flight', { inFlight: true }],
    ['no_default_card', { card: null }],
    ['card_not_verified', { card: { ...card, verified: false } }],
    ['card_expired', { card: { ...card, expMonth: 2, expYear: 2026 } }],
    ['card_stopped', { breaker: afterDecline(closedBreaker, hard, now) }],
    ['card_resting', { breaker: afterDecline(closedBreaker, soft, now) }],
    ['monthly_limit', { refilledThisMonth: usd('200.01') }],
    ['account_inactive', { accountActive: false }],
    ['provider_refused', { refusedAt: new Date('2026-03-15T11:00:01Z') }],
  ] satisfies [string, Partial<RefillFacts>][])('that is due is skipped with the reason %s', (reason, change) => {
    expect(decideRefill({ ...due, ...change })).toEqual({ action: 'skip', reason });
  });

  test('that several things stand against names the one to be settled first', () => {
    const everything = { clientDisabled: true, card: null, accountActive: false, refilledThisMonth: usd('1000') };
    expect(decideRefill({ ...due, ...everything })).toEqual({ action: 'skip', reason: 'client_disabled' });
  });
});
