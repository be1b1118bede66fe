import { Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api, done } from '../../api/client.ts';
import { money, time, words } from '../../format.ts';
import { Action } from '../../parts/action.tsx';
import { PlainTable } from '../../parts/paged-table.tsx';
import { Status } from '../../parts/status.tsx';
import { Answer } from '../../shell/states.tsx';

/** `level`: of its heading, which follows from where it stands. */
export function Cards({ id, level = 2 }: { readonly id: string; readonly level?: 2 | 3 }) {
  const path = { params: { path: { id } } };
  const cards = useQuery({
    queryKey: ['client', id, 'cards'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/payment-methods', path)),
  });
  const holds = useQuery({
    queryKey: ['client', id, 'holds'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/card-verifications', path)),
  });
  return (
    <Stack>
      <Answer of={cards}>
        {({ data }) => (
          <PlainTable
            caption="Saved cards"
            rows={data}
            keyOf={(card) => card.id}
            columns={[
              { title: 'Card', cell: ({ brand, last4 }) => `${words(brand)} ending ${last4}` },
              {
                title: 'Good until',
                cell: ({ expMonth, expYear }) => `${String(expMonth).padStart(2, '0')}/${expYear}`,
              },
              { title: 'State', cell: ({ status }) => <Status of={status} /> },
              { title: 'Default', cell: ({ isDefault }) => (isDefault ? 'Yes' : 'No') },
              {
                title: 'Change',
                cell: (card) => {
                  const named = { params: { path: { id, pmId: card.id } } };
                  return (
                    <Group gap="xs" wrap="nowrap">
                      {!card.isDefault && card.status === 'verified' && (
                        <Action run={() => done(api.POST('/v1/customers/{id}/payment-methods/{pmId}/default', named))}>
                          Make default
                        </Action>
                      )}
                      {card.status !== 'verified' && (
                        <Action
                          confirm="About a dollar is set aside on the card and released at once. It is no charge."
                          run={() =>
                            answerOf(
                              api.POST('/v1/customers/{id}/card-verifications', {
                                ...path,
                                body: { paymentMethodId: card.id },
                              }),
                            )
                          }
                        >
                          Verify
                        </Action>
                      )}
                      <Action
                        color="red"
                        confirm="It is never charged again."
                        run={() => done(api.DELETE('/v1/customers/{id}/payment-methods/{pmId}', named))}
                      >
                        Remove
                      </Action>
                    </Group>
                  );
                },
              },
            ]}
          />
        )}
      </Answer>
      <Answer of={holds}>
        {({ data }) =>
          data.length > 0 && (
            <>
              <Title order={level} size="h4">
                Verification holds
              </Title>
              <Text size="sm">A hold is set aside and released. It is no charge.</Text>
              <PlainTable
                caption="Verification holds"
                rows={data}
                keyOf={(hold) => hold.id}
                columns={[
                  { title: 'When', cell: ({ requestedAt }) => time(requestedAt) },
                  { title: 'Amount', numeric: true, cell: ({ amount }) => money(amount) },
                  { title: 'State', cell: ({ status }) => <Status of={status} /> },
                  { title: 'In words', cell: ({ message }) => message },
                ]}
              />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}
