import { Badge, Card, Checkbox, Group, List, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api, done } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { money, quantity, words } from '../../format.ts';
import { Action } from '../../parts/action.tsx';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { Answer, Empty } from '../../shell/states.tsx';
import { Price } from '../plan/price.tsx';
import { useSellablePlans } from './plan.tsx';

const at = (id: string) => ({ params: { path: { id } } });

function Choose({ id, offers }: { readonly id: string; readonly offers: Schemas['Offers'] }) {
  const plans = useSellablePlans(id);
  return (
    <FormDialog
      title="Choose what is offered"
      submitLabel="Offer these"
      submit={(fields) =>
        answerOf(
          api.PUT('/v1/customers/{id}/offers', {
            ...at(id),
            body: { planIds: fields.getAll('plan').flatMap((value) => (typeof value === 'string' ? [value] : [])) },
          }),
        )
      }
    >
      <Text size="sm">Of nothing ticked, the client sees no page of plans.</Text>
      <Answer of={plans}>
        {(data) => (
          <Stack gap="xs">
            {data.map((plan) => (
              <Checkbox
                key={plan.id}
                name="plan"
                value={plan.id}
                defaultChecked={offers.planIds.includes(plan.id)}
                label={`${plan.displayName}${plan.visibility === 'hidden' ? ' (hidden from others)' : ''}`}
              />
            ))}
          </Stack>
        )}
      </Answer>
    </FormDialog>
  );
}

function OfferedPlan({ plan }: { readonly plan: Schemas['OfferedPlan'] }) {
  const { currency } = plan;
  return (
    <Card withBorder component="article" aria-label={plan.displayName}>
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={700}>{plan.displayName}</Text>
          {plan.custom && <Badge color="teal">For this client</Badge>}
        </Group>
        <Text>
          <Price plan={plan} />
        </Text>
        {plan.description && <Text size="sm">{plan.description}</Text>}
        <List size="sm">
          {plan.usage.map(({ feature, included, price }) => (
            <List.Item key={feature}>
              {quantity(included)} {words(feature).toLowerCase()}
              {price === null ? '' : `, then ${money({ amount: price, currency: 'USD' })} each`}
            </List.Item>
          ))}
          {plan.recurring?.map(({ feature, included }) => (
            <List.Item key={feature}>
              {included} {words(feature).toLowerCase()}
            </List.Item>
          ))}
          {plan.packs?.map((pack) => (
            <List.Item key={`${pack.feature} ${pack.quantity}`}>
              {quantity(pack.quantity)} {words(pack.feature).toLowerCase()} more for{' '}
              {money({ amount: pack.price, currency })}
            </List.Item>
          ))}
        </List>
      </Stack>
    </Card>
  );
}

/** What this client would be shown, by the same route that shows it. */
function AsClient({ id }: { readonly id: string }) {
  const preview = useQuery({
    queryKey: ['client', id, 'offered'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/plans', { params: { path: { id }, query: { limit: '100' } } })),
  });
  return (
    <Answer of={preview}>
      {({ data }) =>
        data.length === 0 ? (
          <Empty title="The client is shown no plans" />
        ) : (
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
            {data.map((plan) => (
              <OfferedPlan key={plan.id} plan={plan} />
            ))}
          </SimpleGrid>
        )
      }
    </Answer>
  );
}

/** Which plans this client may see and buy, and how it sees them. */
export function Offers({ id }: { readonly id: string }) {
  const offers = useQuery({
    queryKey: ['client', id, 'offers'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/offers', at(id))),
  });
  return (
    <Answer of={offers}>
      {(now) => (
        <Stack>
          <Group>
            <Text>
              {now.source === 'own' ? 'This client has offers of its own.' : 'This client sees your visible plans.'}
              {now.plansPage ? '' : ' Its portal has no page of plans.'}
            </Text>
            <Choose id={id} offers={now} />
            {now.source === 'own' && (
              <Action run={() => done(api.DELETE('/v1/customers/{id}/offers', at(id)))}>
                Back to the visible plans
              </Action>
            )}
          </Group>
          <Title order={2} size="h4">
            As the client sees it
          </Title>
          <AsClient id={id} />
        </Stack>
      )}
    </Answer>
  );
}
