import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { answerOf, api } from '../api/client.ts';
import { keyAfter, newIdempotencyKey } from '../api/idempotency-key.ts';
import type { Schemas } from '../api/schema.ts';
import { money, quantity, words } from '../format.ts';
import { Failure } from '../shell/states.tsx';
import { Payment } from './payment.tsx';

type Pack = Schemas['Pack'];

const nameOf = ({ quantity: amount, feature }: Pack): string => `${quantity(amount)} ${words(feature).toLowerCase()}`;

/** US dollars lead; what is charged stands beside where it is another amount. */
function priceOf({ listPrice, charged }: Pack): string {
  const isSame = charged?.amount === listPrice.amount && charged.currency === listPrice.currency;
  return charged && !isSame ? `${money(listPrice)}, charged as ${money(charged)}` : money(listPrice);
}

function PackLine({ id, pack }: { readonly id: string; readonly pack: Pack }) {
  const idempotencyKey = useRef(newIdempotencyKey());
  const payment = useMutation({
    mutationFn: () =>
      answerOf(
        api.POST('/v1/checkout-sessions', {
          params: { header: { 'Idempotency-Key': idempotencyKey.current } },
          body: { customerId: id, kind: 'pack', packId: pack.packId },
        }),
      ),
    // The next press after an answer is another purchase.
    onSuccess: () => {
      idempotencyKey.current = newIdempotencyKey();
    },
    onError: (error) => {
      idempotencyKey.current = keyAfter(idempotencyKey.current, error);
    },
  });
  const { orderId, url } = payment.data ?? {};
  return (
    <Stack component="li" gap="xs" py="xs">
      <Group justify="space-between" gap="xs">
        <div>
          <Text fw={600}>{nameOf(pack)}</Text>
          <Text size="sm">
            {priceOf(pack)}
            {pack.validDays === null ? ', good until used' : `, good for ${pack.validDays} days`}
          </Text>
        </div>
        {!payment.data && (
          <Button
            size="xs"
            variant="default"
            aria-label={`Buy ${nameOf(pack)}`}
            disabled={pack.charged === null}
            loading={payment.isPending}
            onClick={() => payment.mutate()}
          >
            Buy
          </Button>
        )}
      </Group>
      {payment.isError && <Failure error={payment.error} />}
      {orderId && url && (
        <Payment orderId={orderId} url={url} againLabel="Back to the packs" onAgain={() => payment.reset()} />
      )}
    </Stack>
  );
}

/** What can be bought once beside the plan; nothing where the plan has no packs. */
export function Packs({ id }: { readonly id: string }) {
  const packs = useQuery({
    queryKey: ['client', id, 'packs'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/packs', { params: { path: { id } } })),
  });
  if (packs.isError) return <Failure error={packs.error} retry={() => void packs.refetch()} />;
  if (!packs.data || packs.data.data.length === 0) return null;
  return (
    <div>
      <Title order={3} size="h5">
        Packs
      </Title>
      <ul aria-label="Packs" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {packs.data.data.map((pack) => (
          <PackLine key={pack.packId} id={id} pack={pack} />
        ))}
      </ul>
    </div>
  );
}
