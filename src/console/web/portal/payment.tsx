import { Alert, Anchor, Button, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { answerOf, api } from '../api/client.ts';
import { useIsLive } from '../api/live.ts';
import type { Schemas } from '../api/schema.ts';
import { money } from '../format.ts';

/** How often a page that waits asks again where nothing tells it of changes, in milliseconds. */
const whileNotLiveMs = 2_000;

const isWaiting = (status: string | undefined): boolean => status === undefined || status === 'checkout';

const bought = ({ pack, credited }: Schemas['Order']): string =>
  pack ? `${pack.title} is yours to use.` : `${money(credited)} is on your balance.`;

interface PaymentProps {
  readonly orderId: string;
  readonly url: string;
  /** How the client goes back to what it could choose from. */
  readonly againLabel: string;
  readonly onAgain: () => void;
}

/** The provider's page opens beside this one, which waits for the provider to confirm. */
export function Payment({ orderId, url, againLabel, onAgain }: PaymentProps) {
  const queries = useQueryClient();
  const live = useIsLive();
  const order = useQuery({
    queryKey: ['client', 'order', orderId],
    queryFn: () => answerOf(api.GET('/v1/orders/{id}', { params: { path: { id: orderId } } })),
    refetchInterval: ({ state }) => (!live && isWaiting(state.data?.status) ? whileNotLiveMs : false),
    refetchIntervalInBackground: true,
  });
  const status = order.data?.status;
  useEffect(() => {
    if (status === 'paid') void queries.invalidateQueries({ queryKey: ['client'] });
  }, [status, queries]);

  if (order.data && status === 'paid') {
    return (
      <Alert color="teal" title="Thank you" role="status">
        <Text c="var(--mantine-color-text)">{bought(order.data)}</Text>
        <Button mt="xs" size="xs" variant="default" onClick={onAgain}>
          {againLabel}
        </Button>
      </Alert>
    );
  }
  if (!isWaiting(status)) {
    return (
      <Alert color="yellow" title="Nothing was charged" role="status">
        <Text c="var(--mantine-color-text)">This payment is over.</Text>
        <Button mt="xs" size="xs" variant="default" onClick={onAgain}>
          {againLabel}
        </Button>
      </Alert>
    );
  }
  const declined = order.data?.attempts.at(-1);
  return (
    <Stack gap="xs" align="flex-start">
      <Button component="a" href={url} target="_blank" rel="noopener">
        Open the payment page
      </Button>
      {declined && (
        <Alert color="yellow" title="The last try did not pay" role="status">
          <Text c="var(--mantine-color-text)">
            {declined.message ?? 'The card was declined.'} The page is still open for another card. A failed payment on
            your bank’s statement is a pending authorization; it drops off in days.
          </Text>
        </Alert>
      )}
      <Text size="sm">This page waits, and shows it as soon as the payment is confirmed.</Text>
      <Anchor component="button" size="sm" underline="always" c="var(--mantine-color-text)" onClick={onAgain}>
        {againLabel}
      </Anchor>
    </Stack>
  );
}
