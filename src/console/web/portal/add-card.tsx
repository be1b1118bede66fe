import { Button, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { answerOf, api, newIdempotencyKey } from '../api/client.ts';
import { Failure } from '../shell/states.tsx';

/** A card is typed on the provider's page, never on ours. */
export function AddCard({ id }: { readonly id: string }) {
  const queries = useQueryClient();
  const session = useMutation({
    mutationFn: () =>
      answerOf(
        api.POST('/v1/checkout-sessions', {
          params: { header: { 'Idempotency-Key': newIdempotencyKey() } },
          body: { customerId: id, kind: 'card' },
        }),
      ),
  });
  // Whoever comes back from the provider's page sees what became of it.
  useEffect(() => {
    const look = (): void => void queries.invalidateQueries({ queryKey: ['client', id] });
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [queries, id]);
  const url = session.data?.url;
  return (
    <Stack gap="xs" align="flex-start">
      {url ? (
        <Button component="a" href={url} target="_blank" rel="noopener">
          Open the card page
        </Button>
      ) : (
        <Button variant="default" loading={session.isPending} onClick={() => session.mutate()}>
          Add a card
        </Button>
      )}
      {session.isError && <Failure error={session.error} />}
      <Text size="sm">
        A new card is verified by a small hold, about a dollar. It is not a charge: it is released at once, and drops
        off your bank’s list in days.
      </Text>
    </Stack>
  );
}
