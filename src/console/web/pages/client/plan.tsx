import { Alert, Anchor, Group, NativeSelect, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../../api/client.ts';
import { Refusal } from '../../api/refusal.ts';
import type { Schemas } from '../../api/schema.ts';
import { date, words } from '../../format.ts';
import { Action } from '../../parts/action.tsx';
import { FormDialog, textOf } from '../../parts/form-dialog.tsx';
import { Status } from '../../parts/status.tsx';
import { useSession } from '../../shell/session-context.ts';
import { Answer, Empty } from '../../shell/states.tsx';
import { Trial } from './trial.tsx';

type Subscription = Schemas['Subscription'];
const cycles = ['monthly', 'quarterly', 'yearly'] as const;

/** Null where the client lives on no plan, which is no failure. */
export async function subscriptionOf(id: string): Promise<Subscription | null> {
  try {
    return await answerOf(api.GET('/v1/customers/{id}/subscription', { params: { path: { id } } }));
  } catch (error) {
    if (error instanceof Refusal && error.code === 'no_subscription') return null;
    throw error;
  }
}

export const isOver = ({ status }: Subscription): boolean => status === 'canceled' || status === 'expired';

/** What can be sold to a client: its agency's plans, and the platform's, which an agency may resell. */
export function useSellablePlans(id: string) {
  const { agencyId } = useSession();
  return useQuery({
    queryKey: ['plans', 'sellable', id],
    queryFn: async () => {
      const [client, plans] = await Promise.all([
        answerOf(api.GET('/v1/customers/{id}', { params: { path: { id } } })),
        answerOf(api.GET('/v1/plans', { params: { query: { status: 'published', limit: '100' } } })),
      ]);
      const sellers = [client.agencyId, agencyId];
      return plans.data.filter((plan) => sellers.includes(plan.agencyId));
    },
  });
}

function Choose({ id, current }: { readonly id: string; readonly current: Subscription | null }) {
  const [link, setLink] = useState<string | null>(null);
  const plans = useSellablePlans(id);
  return (
    <>
      <FormDialog
        title={current ? 'Change the plan' : 'Put on a plan'}
        submitLabel={current ? 'Change at the next cycle' : 'Assign'}
        submit={async (fields, idempotencyKey) => {
          const cycle = cycles.find((each) => each === textOf(fields, 'cycle'));
          const body = { planId: textOf(fields, 'plan'), ...(cycle ? { cycle } : {}) };
          const params = { path: { id }, header: { 'Idempotency-Key': idempotencyKey } };
          if (current) return answerOf(api.POST('/v1/customers/{id}/subscription/change', { params, body }));
          const made = await answerOf(api.POST('/v1/customers/{id}/subscription', { params, body }));
          if ('url' in made) setLink(made.url);
          return made;
        }}
      >
        <Answer of={plans}>
          {(data) => (
            <NativeSelect
              name="plan"
              label="Plan"
              required
              data={data.map((plan) => ({ value: plan.id, label: plan.displayName }))}
            />
          )}
        </Answer>
        <NativeSelect
          name="cycle"
          label="Paid"
          description="Leave it for a plan that is paid by use."
          data={[{ value: '', label: 'As the plan says' }, ...cycles.map((value) => ({ value, label: words(value) }))]}
        />
      </FormDialog>
      {link !== null && (
        <Alert
          color="teal"
          title="The client subscribes by itself"
          withCloseButton
          closeButtonLabel="Close"
          onClose={() => setLink(null)}
        >
          Send it this link:{' '}
          <Anchor href={link} underline="always" c="var(--mantine-color-text)" style={{ wordBreak: 'break-all' }}>
            {link}
          </Anchor>
        </Alert>
      )}
    </>
  );
}

interface LiveProps {
  readonly id: string;
  readonly subscription: Subscription;
  /** Of its heading, which follows from where it stands. */
  readonly level?: 2 | 3;
  /** Of a plan that is changed to; left out: its id. */
  readonly nameOf?: (planId: string) => string;
}

export function Live({ id, subscription, level = 2, nameOf = String }: LiveProps) {
  const { pendingChange, cancelAt } = subscription;
  const path = { params: { path: { id } } };
  return (
    <Stack gap="xs">
      <Group>
        <Title order={level} size="h4">
          {subscription.displayName}, version {subscription.planVersion}
        </Title>
        <Status of={subscription.status} />
      </Group>
      {subscription.pauseReason && <Text>Paused: {words(subscription.pauseReason)}.</Text>}
      {subscription.periodStart && subscription.periodEnd && (
        <Text>
          This period: {date(subscription.periodStart)} to {date(subscription.periodEnd)}
          {subscription.cycle ? `, ${subscription.cycle}` : ''}.
        </Text>
      )}
      {subscription.trialEndsAt && <Text>The trial ends on {date(subscription.trialEndsAt)}.</Text>}
      {pendingChange && (
        <Alert color="teal" title={`Changes on ${date(pendingChange.effectiveAt)}`}>
          <Stack align="flex-start" gap="xs">
            <Text c="var(--mantine-color-text)">
              To {nameOf(pendingChange.planId)}, version {pendingChange.planVersion}
              {pendingChange.cycle ? `, ${pendingChange.cycle}` : ''}.
            </Text>
            <Action run={() => answerOf(api.POST('/v1/customers/{id}/subscription/cancel-change', path))}>
              Take the change back
            </Action>
          </Stack>
        </Alert>
      )}
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
              confirm="It ends with the period that is paid for; pay-as-you-go ends at once."
              run={() => answerOf(api.POST('/v1/customers/{id}/subscription/cancel', path))}
            >
              End the subscription
            </Action>
          </div>
        )
      )}
    </Stack>
  );
}

export function Plan({ id }: { readonly id: string }) {
  const subscription = useQuery({ queryKey: ['client', id, 'subscription'], queryFn: () => subscriptionOf(id) });
  const plans = useSellablePlans(id);
  const nameOf = (planId: string): string => plans.data?.find((plan) => plan.id === planId)?.displayName ?? planId;
  return (
    <Answer of={subscription}>
      {(found) => (
        <Stack>
          {found ? <Live id={id} subscription={found} nameOf={nameOf} /> : <Empty title="On no plan" />}
          <div>
            <Choose id={id} current={found && !isOver(found) ? found : null} />
          </div>
          <Trial id={id} />
        </Stack>
      )}
    </Answer>
  );
}
