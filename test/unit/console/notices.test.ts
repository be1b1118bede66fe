import { expect, test } from 'vitest';
import { date } from '../../../src/console/web/format.ts';
import { type NoticeFacts, noticesOf } from '../../../src/console/web/portal/notices.ts';

const breaker = { state: 'closed', cause: null, openedAt: null, nextAttemptAt: null, notice: null } as const;
const stopped = { ...breaker, state: 'stopped' } as const;
const endsAt = '2026-12-05T10:00:00.000Z';
const running = { status: 'active', end: 'pause', endsAt } as const;
const plan = { status: 'active', trialEndsAt: null, collection: 'card' } as const;

test.each<readonly [string, NoticeFacts]>([
  ['nothing is known yet', {}],
  ['all is well', { balance: { status: 'active' }, entitlements: { reason: null }, subscription: plan, trial: null }],
  ['the card pays', { refill: { enabled: true, breaker } }],
  ['the card failed for an auto-refill that is off by now', { refill: { enabled: false, breaker: stopped } }],
  ['a plan was taken before the trial’s end', { subscription: plan, trial: running }],
  ['the client never had a plan', { entitlements: { reason: 'no_subscription' }, subscription: null, trial: null }],
])('there is no notice while %s', (_when, facts) => {
  expect(noticesOf(facts)).toEqual([]);
});

test.each<readonly [string, NoticeFacts, string, string]>([
  [
    'a card that auto-refill is not charging',
    { refill: { enabled: true, breaker: stopped } },
    'Your card is not working',
    'It was declined. Add another card below, or top up by hand.',
  ],
  [
    'such a card, in the words that its decline has',
    { refill: { enabled: true, breaker: { ...stopped, notice: 'Your card has expired.' } } },
    'Your card is not working',
    'Your card has expired.',
  ],
  [
    'a plan’s trial that ends',
    { subscription: { ...plan, status: 'trialing', trialEndsAt: endsAt } },
    `Your trial ends on ${date(endsAt)}`,
    'Until then nothing is charged for your plan.',
  ],
  [
    'a trial without a plan that ends',
    { subscription: null, trial: running },
    `Your trial ends on ${date(endsAt)}`,
    'Then your service pauses, until you choose a plan.',
  ],
  [
    'a trial after which all goes on',
    { subscription: { ...plan, status: 'canceled' }, trial: { ...running, end: 'continue' } },
    `Your trial ends on ${date(endsAt)}`,
    'Your service goes on after it.',
  ],
  [
    'a trial that is over, with no service left',
    { entitlements: { reason: 'no_subscription' }, subscription: null, trial: { ...running, status: 'ended' } },
    'Your trial has ended',
    'Your service goes on once you have a plan: choose one below, or ask us.',
  ],
  [
    'a payment that the bank holds back',
    { balance: { status: 'active' }, entitlements: { reason: 'payment_disputed' } },
    'Your service is paused',
    'Your bank was asked to take a payment back. It goes on once that is settled: ask us below.',
  ],
  [
    'a balance that is used up',
    { balance: { status: 'paused' } },
    'Your service is paused',
    'It goes on as soon as your balance is above zero: top up below.',
  ],
  [
    'a plan that the card did not pay',
    { subscription: { ...plan, status: 'past_due' } },
    'Your plan could not be paid',
    'Your card was declined. Make another card the default one below: it is tried again by itself.',
  ],
  [
    'an invoice of a client without a card',
    { subscription: { ...plan, status: 'past_due', collection: 'offline' } },
    'Your plan is not paid yet',
    'An invoice of it is due. Pay it as you were asked to, or ask us below.',
  ],
])('the portal tells of %s', (_what, facts, title, text) => {
  expect(noticesOf(facts)).toMatchObject([{ title, text }]);
});
