import { Checkbox, Group, List, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { FormDialog } from '../../parts/form-dialog.tsx';
import { useSession } from '../../shell/session-context.ts';
import { Answer } from '../../shell/states.tsx';

type Plan = Schemas['Plan'];

function Choose({
  id,
  plans,
  chosen,
}: {
  readonly id: string;
  readonly plans: readonly Plan[];
  readonly chosen: readonly string[];
}) {
  return (
    <FormDialog
      title="Choose its plans"
      submitLabel="Save"
      submit={(fields) =>
        answerOf(
          api.PUT('/v1/agencies/{id}/offers', {
            params: { path: { id } },
            body: { planIds: fields.getAll('plan').flatMap((value) => (typeof value === 'string' ? [value] : [])) },
          }),
        )
      }
    >
      <Stack gap="xs">
        {plans.length === 0 && <Text>The platform has published no plan.</Text>}
        {plans.map((plan) => (
          <Checkbox
            key={plan.id}
            name="plan"
            value={plan.id}
            defaultChecked={chosen.includes(plan.id)}
            label={plan.displayName}
          />
        ))}
      </Stack>
    </FormDialog>
  );
}

/** Which of the platform's plans an agency may resell or buy. An agency knows them by their ids alone until it offers them. */
export function ResoldPlans({ id, mayChange }: { readonly id: string; readonly mayChange: boolean }) {
  const { agencyId } = useSession();
  const offers = useQuery({
    queryKey: ['agency', id, 'offers'],
    queryFn: () => answerOf(api.GET('/v1/agencies/{id}/offers', { params: { path: { id } } })),
  });
  const plans = useQuery({
    queryKey: ['plans', 'published'],
    queryFn: () => answerOf(api.GET('/v1/plans', { params: { query: { status: 'published', limit: '100' } } })),
  });
  const own = plans.data?.data.filter((plan) => plan.agencyId === agencyId) ?? [];
  const nameOf = (planId: string): string => own.find((plan) => plan.id === planId)?.displayName ?? planId;
  return (
    <Answer of={offers}>
      {({ planIds }) => (
        <Stack gap="xs">
          <Group>
            <Text>
              {planIds.length === 0
                ? 'It resells none of the platform’s plans.'
                : 'Of the platform’s plans it may resell or buy:'}
            </Text>
            {mayChange && <Choose id={id} plans={own} chosen={planIds} />}
          </Group>
          {planIds.length > 0 && (
            <List>
              {planIds.map((planId) => (
                <List.Item key={planId}>{nameOf(planId)}</List.Item>
              ))}
            </List>
          )}
        </Stack>
      )}
    </Answer>
  );
}
