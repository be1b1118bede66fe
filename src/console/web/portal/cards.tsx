import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { answerOf, api, done } from '../api/client.ts';
import { newIdempotencyKey } from '../api/idempotency-key.ts';
import type { Schemas } from '../api/schema.ts';
import { money, words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { Answer, Empty, Failure } from '../shell/states.tsx';
import { useCardChecks, useCards } from './account.ts';

type Card = Schemas['PaymentMethod'];

const stateOf = ({ isDefault, status }: Card): string => {
  if (isDefault) return 'Default: auto-refill and your plan are charged to it.';
  if (status === 'verified') return 'Ready to use.';
  return status === 'failed' ? 'Could not be checked: your bank declined it.' : 'Being checked.';
};

/** What its bank still asks, or why it declined, of the last check of a card. */
function Check({ check }: { readonly check: Schemas['CardVerification'] }) {
  if (check.status === 'action_required' && check.actionUrl) {
    return (
      <Alert color="yellow" title="Your bank wants to hear from you" role="status">
        <Text c="var(--mantine-color-text)">
          A hold of {money(check.amount)} checks the card; it is not a charge.{' '}
          <Anchor href={check.actionUrl} target="_blank" rel="noopener" underline="always" inherit c="inherit">
            Confirm it to your bank
          </Anchor>
        </Text>
      </Alert>
    );
  }
  return <Text size="sm">{check.message}</Text>;
}

interface LineProps {
  readonly id: string;
  readonly card: Card;
  readonly check: Schemas['CardVerification'] | undefined;
}

function Line({ id, card, check }: LineProps) {
  const named = { params: { path: { id, pmId: card.id } } };
  return (
    <Stack component="li" gap="xs" py="xs" style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}>
      <Group justify="space-between" gap="xs">
        <div>
          <Text fw={600}>
            {words(card.brand)} ending {card.last4}
          </Text>
          <Text size="sm">
            {stateOf(card)} Good until {String(card.expMonth).padStart(2, '0')}/{card.expYear}.
          </Text>
        </div>
        <Group gap="xs">
          {!card.isDefault && card.status === 'verified' && (
            <Action run={() => done(api.POST('/v1/customers/{id}/payment-methods/{pmId}/default', named))}>
              Make default
            </Action>
          )}
          <Action
            color="red"
            confirm={`The card ending ${card.last4} is never charged again.`}
            run={() => done(api.DELETE('/v1/customers/{id}/payment-methods/{pmId}', named))}
          >
            Remove
          </Action>
        </Group>
      </Group>
      {check && card.status !== 'verified' && <Check check={check} />}
    </Stack>
  );
}

/** A card is typed on the provider's page, never on ours. */
function Add({ id }: { readonly id: string }) {
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
  // Whoever comes back from the provider's page sees what became of it, also where nothing tells of changes.
  const { reset } = session;
  useEffect(() => {
    const look = (): void => {
      reset();
      void queries.invalidateQueries({ queryKey: ['client', id] });
    };
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [queries, id, reset]);
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

export function Cards({ id }: { readonly id: string }) {
  const checks = useCardChecks(id).data?.data ?? [];
  return (
    <Stack>
      <Answer of={useCards(id)}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No card yet">You can top up without one; auto-refill and most plans need one.</Empty>
          ) : (
            <ul aria-label="Cards" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
              {data.map((card) => (
                <Line
                  key={card.id}
                  id={id}
                  card={card}
                  // Newest first: the last check of this card.
                  check={checks.find(({ paymentMethodId }) => paymentMethodId === card.id)}
                />
              ))}
            </ul>
          )
        }
      </Answer>
      <Add id={id} />
    </Stack>
  );
}
