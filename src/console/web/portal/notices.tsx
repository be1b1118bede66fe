import { Alert, Text } from '@mantine/core';
import { date } from '../format.ts';
import { isOver, useAutoRefill, useBalance, useEntitlements, useSubscription, useTrial } from './account.ts';

interface Notice {
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
  customer_disabled: { title: 'Your account is closed for now', text: 'Ask us below what to do.' },
  agency_disabled: { title: 'The service is closed for now', text: 'Ask us below what to do.' },
  agency_paused: { title: 'The service is paused', text: 'It is not your account. Ask us below when it goes on.' },
};

function useNotices(id: string): Notice[] {
  const balance = useBalance(id).data;
  const reason = useEntitlements(id).data?.reason;
  const refill = useAutoRefill(id).data;
  const subscription = useSubscription(id).data;
  const trial = useTrial(id).data;
  const found: Notice[] = [];

  const cause = causes[reason ?? ''] ?? (balance?.status === 'paused' ? causes.service_paused : undefined);
  if (cause) found.push({ color: 'red', ...cause });
  if (subscription?.status === 'past_due') {
    found.push({
      color: 'red',
      title: 'Your plan could not be paid',
      text: 'Your card was declined. Make another card the default one below: it is tried again by itself.',
    });
  }
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

/** What a client should know before anything else; nothing where all is well. */
export function Notices({ id }: { readonly id: string }) {
  return useNotices(id).map(({ color, title, text }) => (
    <Alert key={title} color={color} title={title} role="status">
      <Text c="var(--mantine-color-text)">{text}</Text>
    </Alert>
  ));
}
