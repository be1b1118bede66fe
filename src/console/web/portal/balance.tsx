import { Stack, Text } from '@mantine/core';
import { isZero, money, quantity } from '../format.ts';
import { Answer } from '../shell/states.tsx';
import { useBalance, useEntitlements } from './account.ts';

const minutes = 'call_minutes';

/** What is left to talk: what is included, and what the balance buys. */
function Minutes({ id }: { readonly id: string }) {
  const found = useEntitlements(id).data?.features.find(({ feature }) => feature === minutes);
  if (!found) return null;
  const { remaining, affordableQuantity, price } = found;
  return (
    <Text>
      <b>{quantity(affordableQuantity ?? remaining)} minutes</b> left
      {affordableQuantity !== null && price
        ? `: ${quantity(remaining)} included, the others from your balance at ${money(price)} each`
        : ''}
      .
    </Text>
  );
}

export function Balance({ id }: { readonly id: string }) {
  return (
    <Answer of={useBalance(id)}>
      {({ available, held }) => (
        <Stack gap="xs">
          <Text size="2rem" fw={700} role="status" aria-label="Available balance">
            {money(available)}
          </Text>
          {isZero(held) ? null : (
            <Text>
              {money(held)} more is set aside for calls that are on. It is not spent: what a call does not use comes
              back when it ends.
            </Text>
          )}
          <Minutes id={id} />
        </Stack>
      )}
    </Answer>
  );
}
