import { Alert, Anchor, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { date, money, quantity, words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { Status } from '../parts/status.tsx';
import { Answer } from '../shell/states.tsx';
import { useSubscription } from './account.ts';
import { isOver } from './subscription.ts';

type Offered = Schemas['OfferedPlan'];
type Subscription = Schemas['Subscription'];

const cycleNames = { monthly: 'month', quarterly: 'quarter', yearly: 'year' } as const;
const cycles = ['monthly', 'quarterly', 'yearly'] as const;
type Cycle = (typeof cycles)[number];

interface TakeProps {
  readonly id: string;
  readonly plan: Offered;
  readonly current: Subscription | null;
  readonly onLink: (url: string) => void;
}

function Take({ id, plan, current, onLink }: TakeProps) {
  const take = async (cycle: Cycle | undefined): Promise<unknown> => {
    const params = { path: { id } };
    const body = { planId: plan.id, ...(cycle ? { cycle } : {}) };
    if (current) return answerOf(api.POST('/v1/customers/{id}/subscription/change', { params, body }));
    const made = await answerOf(api.POST('/v1/customers/{id}/subscription', { params, body }));
    if ('url' in made && made.url !== null) onLink(made.url);
    return made;
  };
  const when = current
    ? 'It begins with your next period; until then all stays as it is.'
    : 'It begins once it is paid.';
  const priced = cycles.flatMap((cycle) => {
    const amount = plan.cycles?.[cycle];
    return amount === undefined ? [] : [{ cycle, price: money({ amount, currency: plan.currency }) }];
  });
  if (priced.length === 0) {
    return (
      <Action confirm={when} run={() => take(undefined)}>
        {`Take ${plan.displayName}`}
      </Action>
    );
  }
  return priced.map(({ cycle, price }) => (
    <Action
      key={cycle}
      confirm={`${plan.displayName} for ${price} a ${cycleNames[cycle]}. ${when}`}
      run={() => take(cycle)}
    >
      {`${price} a ${cycleNames[cycle]}`}
    </Action>
  ));
}

function useOffered(id: string) {
  return useQuery({
    queryKey: ['client', id, 'offered'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/plans', { params: { path: { id }, query: { limit: '100' } } })),
  });
}

interface CurrentProps {
  readonly id: string;
  readonly subscription: Subscription;
}

/** The plan that it changes to, by the name it is offered under. */
function Pending({ id, change }: { readonly id: string; readonly change: NonNullable<Subscription['pendingChange']> }) {
  const offered = useOffered(id).data?.data.find((plan) => plan.id === change.planId);
  return (
    <Alert color="teal" title={`Changes on ${date(change.effectiveAt)}`} role="status">
      <Stack align="flex-start" gap="xs">
        <Text c="var(--mantine-color-text)">
          {offered ? `To ${offered.displayName}` : 'To another plan'}
          {change.cycle ? `, paid by the ${cycleNames[change.cycle]}` : ''}. Until then all stays as it is.
        </Text>
        <Action
          run={() => answerOf(api.POST('/v1/customers/{id}/subscription/cancel-change', { params: { path: { id } } }))}
        >
          Take the change back
        </Action>
      </Stack>
    </Alert>
  );
}

function Current({ id, subscription }: CurrentProps) {
  const { pendingChange, cancelAt, cycle, periodEnd } = subscription;
  const path = { params: { path: { id } } };
  return (
    <Stack gap="xs">
      <Group>
        <Text fw={600}>{subscription.displayName}</Text>
        <Status of={subscription.status} />
      </Group>
      {cycle && periodEnd && !isOver(subscription) && !cancelAt && (
        <Text>
          Paid by the {cycleNames[cycle]}; it renews on {date(periodEnd)}.
        </Text>
      )}
      {pendingChange && <Pending id={id} change={pendingChange} />}
      {cancelAt ? (
        <Group>
          <Text>Ends on {date(cancelAt)}.</Text>
          <Action run={() => answerOf(api.POST('/v1/customers/{id}/subscription/resume', path))}>Go on with it</Action>
        </Group>
      ) : (
        !isOver(subscription) && (
          <div>
            <Action
              color="red"
              confirm="It ends with the period that is paid for; a plan paid by use ends at once."
              run={() => answerOf(api.POST('/v1/customers/{id}/subscription/cancel', path))}
            >
              End the plan
            </Action>
          </div>
        )
      )}
    </Stack>
  );
}

function Offers({ id, current }: { readonly id: string; readonly current: Subscription | null }) {
  const [link, setLink] = useState<string | null>(null);
  return (
    <Answer of={useOffered(id)}>
      {({ data }) => {
        const others = data.filter((plan) => plan.id !== current?.planId);
        if (others.length === 0) return null;
        return (
          <Stack>
            <Title order={3} size="h5">
              {current ? 'Change at the next period' : 'Choose a plan'}
            </Title>
            {link !== null && (
              <Alert color="teal" title="One more step">
                <Anchor href={link} underline="always" c="var(--mantine-color-text)">
                  Subscribe on the payment page
                </Anchor>
              </Alert>
            )}
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {others.map((plan) => (
                <Card key={plan.id} withBorder>
                  <Stack gap="xs" align="flex-start">
                    <Text fw={600}>{plan.displayName}</Text>
                    {plan.description && <Text size="sm">{plan.description}</Text>}
                    {plan.usage.map(({ feature, included, price }) => (
                      <Text key={feature} size="sm">
                        {quantity(included)} {words(feature).toLowerCase()} included
                        {price === null ? '' : `, then ${money({ amount: price, currency: plan.currency })} each`}
                      </Text>
                    ))}
                    <Take id={id} plan={plan} current={current} onLink={setLink} />
                  </Stack>
                </Card>
              ))}
            </SimpleGrid>
          </Stack>
        );
      }}
    </Answer>
  );
}

/** Nothing at all where the client lives on no plan and none is offered. */
export function PortalPlan({ id }: { readonly id: string }) {
  const subscription = useSubscription(id);
  const offers = useQuery({
    queryKey: ['client', id, 'offers'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/offers', { params: { path: { id } } })),
  });
  return (
    <Answer of={subscription}>
      {(found) => {
        const current = found && !isOver(found) ? found : null;
        const choice = offers.data?.plansPage === true && offers.data.planIds.length > 0;
        if (!found && !choice) return null;
        return (
          <Card withBorder component="section" aria-labelledby="plan">
            <Stack>
              <Title order={2} size="h3" id="plan">
                Plan
              </Title>
              {found && <Current id={id} subscription={found} />}
              {choice && <Offers id={id} current={current} />}
            </Stack>
          </Card>
        );
      }}
    </Answer>
  );
}
