import { Alert, Text } from '@mantine/core';
import { useAutoRefill, useBalance, useEntitlements, useSubscription, useTrial } from './account.ts';
import { noticesOf } from './notices.ts';

/** What a client should know before anything else; nothing where all is well. */
export function Notices({ id }: { readonly id: string }) {
  const facts = {
    balance: useBalance(id).data,
    entitlements: useEntitlements(id).data,
    refill: useAutoRefill(id).data,
    subscription: useSubscription(id).data,
    trial: useTrial(id).data,
  };
  return noticesOf(facts).map(({ color, title, text }) => (
    <Alert key={title} color={color} title={title} role="status">
      <Text c="var(--mantine-color-text)">{text}</Text>
    </Alert>
  ));
}
