import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SubmitEvent, useRef, useState } from 'react';
import { answerOf, api } from '../api/client.ts';
import { keyAfter, newIdempotencyKey } from '../api/idempotency-key.ts';
import { money } from '../format.ts';
import { Failure } from '../shell/states.tsx';
import { Payment } from './payment.tsx';

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
    onError: (error) => {
      idempotencyKey.current = keyAfter(idempotencyKey.current, error);
    },
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
  if (orderId && url) return <Payment orderId={orderId} url={url} againLabel="Another amount" onAgain={again} />;
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
