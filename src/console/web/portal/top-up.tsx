import { Alert, Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useEffect, useRef, useState } from 'react';
import { answerOf, api, newIdempotencyKey } from '../api/client.ts';
import { money } from '../format.ts';
import { Failure } from '../shell/states.tsx';

/** How often a page that waits for a payment asks again, in milliseconds. */
const whileWaitingMs = 1_000;

/** The provider's page opens beside this one, which waits for the provider to confirm. */
function Payment({
  orderId,
  url,
  onAgain,
}: {
  readonly orderId: string;
  readonly url: string;
  readonly onAgain: () => void;
}) {
  const queries = useQueryClient();
  const order = useQuery({
    queryKey: ['order', orderId],
    queryFn: () => answerOf(api.GET('/v1/orders/{id}', { params: { path: { id: orderId } } })),
    refetchInterval: ({ state }) => (state.data?.status === 'checkout' || !state.data ? whileWaitingMs : false),
    refetchIntervalInBackground: true,
  });
  const status = order.data?.status ?? 'checkout';
  useEffect(() => {
    if (status === 'paid') void queries.invalidateQueries({ queryKey: ['client'] });
  }, [status, queries]);

  if (status === 'paid') {
    return (
      <Alert color="teal" title="Thank you" role="status">
        <Text c="var(--mantine-color-text)">{order.data && money(order.data.credited)} is on your balance.</Text>
        <Button mt="xs" size="xs" variant="default" onClick={onAgain}>
          Top up again
        </Button>
      </Alert>
    );
  }
  if (status !== 'checkout') {
    return (
      <Alert color="yellow" title="Nothing was charged">
        <Text c="var(--mantine-color-text)">This payment is over.</Text>
        <Button mt="xs" size="xs" variant="default" onClick={onAgain}>
          Begin again
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
        <Alert color="yellow" title="The last try did not pay">
          <Text c="var(--mantine-color-text)">
            {declined.message ?? 'The card was declined.'} The page is still open for another card. A failed payment on
            your bank’s statement is a pending authorization; it drops off in days.
          </Text>
        </Alert>
      )}
      <Text size="sm">This page waits, and shows your new balance as soon as the payment is confirmed.</Text>
      <Anchor component="button" size="sm" underline="always" c="var(--mantine-color-text)" onClick={onAgain}>
        Another amount
      </Anchor>
    </Stack>
  );
}

const usd = (amount: string) => ({ amount, currency: 'USD' });

export function TopUp({ id }: { readonly id: string }) {
  const [amount, setAmount] = useState('25.00');
  const idempotencyKey = useRef('');
  const quote = useMutation({
    mutationFn: () => answerOf(api.POST('/v1/quotes', { body: { customerId: id, amount: usd(amount.trim()) } })),
  });
  const payment = useMutation({
    mutationFn: (quoteId: string) =>
      answerOf(
        api.POST('/v1/checkout-sessions', {
          params: { header: { 'Idempotency-Key': idempotencyKey.current } },
          body: { customerId: id, kind: 'top_up', quoteId },
        }),
      ),
  });
  const again = (): void => {
    quote.reset();
    payment.reset();
  };
  const ask = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    idempotencyKey.current = newIdempotencyKey();
    payment.reset();
    quote.mutate();
  };
  const { orderId, url } = payment.data ?? {};
  if (orderId && url) return <Payment orderId={orderId} url={url} onAgain={again} />;
  return (
    <Stack gap="sm">
      <form onSubmit={ask}>
        <Group align="end">
          <TextInput
            label="Amount in US dollars"
            inputMode="decimal"
            required
            value={amount}
            onChange={(event) => {
              setAmount(event.currentTarget.value);
              again();
            }}
          />
          <Button type="submit" variant="default" loading={quote.isPending}>
            Show the price
          </Button>
        </Group>
      </form>
      {quote.isError && <Failure error={quote.error} />}
      {quote.data && (
        <Stack gap="xs" align="flex-start">
          <Text>
            <b>{money(quote.data.credited)}</b> on your balance. You are charged <b>{money(quote.data.charged)}</b>, at{' '}
            {quote.data.rate} {quote.data.charged.currency} to the dollar. If your card is in another currency, your
            bank converts what is charged.
          </Text>
          {quote.data.currencyNotice && <Text size="sm">{quote.data.currencyNotice}</Text>}
          <Button loading={payment.isPending} onClick={() => payment.mutate(quote.data.id)}>
            Pay {money(quote.data.charged)}
          </Button>
          {payment.isError && <Failure error={payment.error} />}
        </Stack>
      )}
    </Stack>
  );
}
