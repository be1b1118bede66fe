import { Group, NativeSelect, Stack, Switch, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { money, words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { Empty, Failure, PageTitle } from '../shell/states.tsx';

type Plan = Schemas['Plan'];
const at = (id: string) => ({ params: { path: { id } } });

const cycleNames = { monthly: 'month', quarterly: 'quarter', yearly: 'year' } as const;

function Price({ plan }: { readonly plan: Plan }) {
  const cycles = plan.cycles ?? {};
  const priced = (['monthly', 'quarterly', 'yearly'] as const).flatMap((cycle) => {
    const amount = cycles[cycle];
    return amount === undefined ? [] : [`${money({ amount, currency: plan.currency })} a ${cycleNames[cycle]}`];
  });
  return priced.length === 0 ? 'By use' : priced.join(', ');
}

function Sold({ plan }: { readonly plan: Plan }) {
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
        aria-label={`${plan.displayName} is on sale`}
      />
      {toggle.isError && <Failure error={toggle.error} />}
    </>
  );
}

function Change({ plan }: { readonly plan: Plan }) {
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

const types = ['usage_based', 'revenue_sharing'] as const;

export default function Plans() {
  const [name, setName] = useState('');
  const [typeName, setTypeName] = useState('');
  const [wanted] = useDebouncedValue(name.trim(), 300);
  const type = types.find((each) => each === typeName);
  return (
    <Stack>
      <PageTitle>Plans</PageTitle>
      <Group align="end">
        <TextInput
          label="Find by name"
          type="search"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label="Type"
          value={typeName}
          data={[{ value: '', label: 'All' }, ...types.map((value) => ({ value, label: words(value) }))]}
          onChange={(event) => setTypeName(event.currentTarget.value)}
        />
      </Group>
      <PagedTable
        caption="Plans"
        queryKey={['plans', wanted, type]}
        ask={(after) =>
          answerOf(
            api.GET('/v1/plans', {
              params: {
                query: {
                  limit: pageSize,
                  ...(after ? { after } : {}),
                  ...(wanted === '' ? {} : { q: wanted }),
                  ...(type ? { type } : {}),
                },
              },
            }),
          )
        }
        columns={[
          { title: 'Plan', cell: ({ displayName }) => displayName },
          { title: 'Name', cell: (plan) => plan.name },
          { title: 'Type', cell: (plan) => words(plan.type) },
          { title: 'Price', cell: (plan) => <Price plan={plan} /> },
          { title: 'Version', numeric: true, cell: ({ version }) => version },
          { title: 'Status', cell: (plan) => <Sold plan={plan} /> },
          { title: 'Clients see it', cell: ({ visibility }) => (visibility === 'hidden' ? 'No' : 'Yes') },
          { title: 'Change', cell: (plan) => <Change plan={plan} /> },
        ]}
        keyOf={({ id }) => id}
        empty={
          wanted === '' && !type ? (
            <Empty title="No plans yet">Make one through the API or from a file: `npm run catalog`.</Empty>
          ) : (
            <Empty title="No such plan" />
          )
        }
      />
    </Stack>
  );
}
