import { Group, Switch } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { Action } from '../../parts/action.tsx';
import { Status } from '../../parts/status.tsx';
import { Failure } from '../../shell/states.tsx';

type Plan = Schemas['Plan'];
const at = (id: string) => ({ params: { path: { id } } });

/** Whether the plan is sold, to be turned on and off; a word where there is nothing to turn. */
export function Sold({ plan }: { readonly plan: Plan }) {
  const queries = useQueryClient();
  const { id, status } = plan;
  const toggle = useMutation({
    mutationFn: () =>
      answerOf(
        status === 'disabled' ? api.POST('/v1/plans/{id}/enable', at(id)) : api.POST('/v1/plans/{id}/disable', at(id)),
      ),
    onSettled: () => queries.invalidateQueries(),
  });
  if (status !== 'published' && status !== 'disabled') return <Status of={status} />;
  return (
    <>
      <Switch
        checked={status === 'published'}
        disabled={toggle.isPending}
        onChange={() => toggle.mutate()}
        label={status === 'published' ? 'On sale' : 'Off'}
        styles={{ label: { whiteSpace: 'nowrap' } }}
        aria-label={`${plan.displayName} is on sale`}
      />
      {toggle.isError && <Failure error={toggle.error} />}
    </>
  );
}

/** What is done to a plan without opening it. */
export function Change({ plan }: { readonly plan: Plan }) {
  const { id, status, visibility } = plan;
  const hasDraft = status === 'draft' || plan.draft !== null;
  return (
    <Group gap="xs" wrap="nowrap">
      {hasDraft && (
        <Action
          confirm="The version is frozen, and sent to every account that carries it."
          run={() => answerOf(api.POST('/v1/plans/{id}/publish', at(id)))}
        >
          Publish
        </Action>
      )}
      {visibility === 'hidden' ? (
        <Action run={() => answerOf(api.POST('/v1/plans/{id}/show', at(id)))}>Show</Action>
      ) : (
        <Action run={() => answerOf(api.POST('/v1/plans/{id}/hide', at(id)))}>Hide</Action>
      )}
      <Action run={() => answerOf(api.POST('/v1/plans/{id}/duplicate', at(id)))}>Duplicate</Action>
      {status !== 'archived' && status !== 'draft' && (
        <Action
          color="red"
          confirm="It is never sold again. Those who have it keep it."
          run={() => answerOf(api.POST('/v1/plans/{id}/archive', at(id)))}
        >
          Archive
        </Action>
      )}
    </Group>
  );
}
