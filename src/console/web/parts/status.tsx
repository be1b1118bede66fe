import { Badge } from '@mantine/core';
import { words } from '../format.ts';

/** Status -> its colour; the word says it too, for a colour alone tells not everybody. */
const colors: Readonly<Record<string, string>> = {
  active: 'teal',
  published: 'teal',
  done: 'teal',
  in_sync: 'teal',
  verified: 'teal',
  closed: 'teal',
  delivered: 'teal',
  paid: 'teal',
  released: 'teal',
  on: 'teal',
  succeeded: 'teal',
  repaired: 'teal',
  resolved: 'teal',
  raised: 'red',
  disputed: 'red',
  paused: 'red',
  parked: 'red',
  drifted: 'red',
  blocked: 'red',
  failed: 'red',
  open: 'red',
  stopped: 'red',
  past_due: 'red',
  restricted: 'red',
  failing: 'red',
  disabled: 'red',
};

export function Status({ of }: { readonly of: string }) {
  return (
    <Badge variant="dot" color={colors[of] ?? 'gray'} tt="none" miw="max-content" c="var(--mantine-color-text)">
      {words(of)}
    </Badge>
  );
}
