import type { Schemas } from '../api/schema.ts';
import { date } from '../format.ts';
import { isOver } from './subscription.ts';

export interface Notice {
  readonly color: 'red' | 'yellow';
  readonly title: string;
  readonly text: string;
}

/** Why nothing is served -> what a client can do about it. */
const causes: Readonly<Record<string, Omit<Notice, 'color'>>> = {
  service_paused: {
    title: 'Your service is paused',
    text: 'It goes on as soon as your balance is above zero: top up below.',
  },
  subscription_paused: {
    title: 'Your plan is paused',
    text: 'Choose a plan, or pay what is open, and it goes on.',
  },
  payment_disputed: {
    title: 'Your service is paused',
    text: 'Your bank was asked to take a payment back. It goes on once that is settled: ask us below.',
  },
  customer_disabled: { title: 'Your account is closed for now', text: 'Ask us below what to do.' },
  agency_disabled: { title: 'The service is closed for now', text: 'Ask us below what to do.' },
  agency_paused: { title: 'The service is paused', text: 'It is not your account. Ask us below when it goes on.' },
};

const unpaidPlan: Notice = {
  color: 'red',
  title: 'Your plan could not be paid',
  text: 'Your card was declined. Make another card the default one below: it is tried again by itself.',
};
/** No card is tried for who pays outside. */
const dueInvoice: Notice = {
  color: 'red',
  title: 'Your plan is not paid yet',
  text: 'An invoice of it is due. Pay it as you were asked to, or ask us below.',
};

/** Of one client; undefined while it is not known, null where the client has none. */
export interface NoticeFacts {
  readonly balance?: Pick<Schemas['Balance'], 'status'> | undefined;
  readonly entitlements?: Pick<Schemas['Entitlements'], 'reason'> | undefined;
  readonly refill?: Pick<Schemas['AutoRefill'], 'enabled' | 'breaker'> | undefined;
  readonly subscription?: Pick<Schemas['Subscription'], 'status' | 'trialEndsAt' | 'collection'> | null | undefined;
  readonly trial?: Pick<Schemas['Trial'], 'status' | 'end' | 'endsAt'> | null | undefined;
}

/** What a client should know before anything else, the worst first. */
export function noticesOf({ balance, entitlements, refill, subscription, trial }: NoticeFacts): Notice[] {
  const reason = entitlements?.reason;
  const found: Notice[] = [];

  const cause = causes[reason ?? ''] ?? (balance?.status === 'paused' ? causes.service_paused : undefined);
  if (cause) found.push({ color: 'red', ...cause });
  if (reason === 'no_subscription' && trial?.status === 'ended') {
    found.push({
      color: 'red',
      title: 'Your trial has ended',
      text: 'Your service goes on once you have a plan: choose one below, or ask us.',
    });
  }
  if (subscription?.status === 'past_due') found.push(subscription.collection === 'offline' ? dueInvoice : unpaidPlan);
  if (refill?.enabled && refill.breaker.state !== 'closed') {
    found.push({
      color: 'yellow',
      title: 'Your card is not working',
      text: refill.breaker.notice ?? 'It was declined. Add another card below, or top up by hand.',
    });
  }
  const onPlan = subscription && !isOver(subscription);
  if (onPlan && subscription.status === 'trialing' && subscription.trialEndsAt) {
    found.push({
      color: 'yellow',
      title: `Your trial ends on ${date(subscription.trialEndsAt)}`,
      text: 'Until then nothing is charged for your plan.',
    });
  } else if (!onPlan && trial?.status === 'active') {
    const after =
      trial.end === 'pause' ? 'Then your service pauses, until you choose a plan.' : 'Your service goes on after it.';
    found.push({ color: 'yellow', title: `Your trial ends on ${date(trial.endsAt)}`, text: after });
  }
  return found;
}
