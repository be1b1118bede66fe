import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { Link } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { words } from '../format.ts';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { Empty, PageTitle } from '../shell/states.tsx';
import { Change, Sold } from './plan/actions.tsx';
import { Price } from './plan/price.tsx';

const types = ['usage_based', 'revenue_sharing'] as const;
const statuses = ['draft', 'published', 'disabled', 'archived'] as const;
const visibilities = ['visible', 'hidden'] as const;

const choices = (values: readonly string[]) => [
  { value: '', label: 'All' },
  ...values.map((value) => ({ value, label: words(value) })),
];

interface FilterProps {
  readonly label: string;
  readonly values: readonly string[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

const Filter = ({ label, values, value, onChange }: FilterProps) => (
  <NativeSelect
    label={label}
    value={value}
    data={choices(values)}
    onChange={(event) => onChange(event.currentTarget.value)}
  />
);

export default function Plans() {
  const [name, setName] = useState('');
  const [filters, setFilters] = useState({ type: '', status: '', visibility: '' });
  const [wanted] = useDebouncedValue(name.trim(), 300);
  const type = types.find((each) => each === filters.type);
  const status = statuses.find((each) => each === filters.status);
  const visibility = visibilities.find((each) => each === filters.visibility);
  const filter = {
    ...(wanted === '' ? {} : { q: wanted }),
    ...(type ? { type } : {}),
    ...(status ? { status } : {}),
    ...(visibility ? { visibility } : {}),
  };
  const newPlan = (
    <Button component={Link} to="/plans/new" size="xs">
      New plan
    </Button>
  );
  return (
    <Stack>
      <PageTitle actions={newPlan}>Plans</PageTitle>
      <Group align="end">
        <TextInput
          label="Find by name"
          type="search"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Filter
          label="Type"
          values={types}
          value={filters.type}
          onChange={(type) => setFilters({ ...filters, type })}
        />
        <Filter
          label="Status"
          values={statuses}
          value={filters.status}
          onChange={(status) => setFilters({ ...filters, status })}
        />
        <Filter
          label="Visibility"
          values={visibilities}
          value={filters.visibility}
          onChange={(visibility) => setFilters({ ...filters, visibility })}
        />
      </Group>
      <PagedTable
        caption="Plans"
        queryKey={['plans', filter]}
        ask={(after) =>
          answerOf(
            api.GET('/v1/plans', { params: { query: { limit: pageSize, ...(after ? { after } : {}), ...filter } } }),
          )
        }
        columns={[
          { title: 'Plan', cell: ({ id, displayName }) => <TextLink to={`/plans/${id}`}>{displayName}</TextLink> },
          { title: 'Name', cell: (plan) => plan.name },
          { title: 'Type', cell: (plan) => words(plan.type) },
          { title: 'Price', cell: (plan) => <Price plan={plan} /> },
          { title: 'Version', numeric: true, cell: ({ version }) => version },
          { title: 'Status', cell: (plan) => <Sold plan={plan} /> },
          { title: 'Clients see it', cell: (plan) => (plan.visibility === 'hidden' ? 'No' : 'Yes') },
          { title: 'Change', cell: (plan) => <Change plan={plan} /> },
        ]}
        keyOf={({ id }) => id}
        empty={
          Object.keys(filter).length === 0 ? (
            <Empty title="No plans yet">Make one here, through the API, or from a file: `npm run catalog`.</Empty>
          ) : (
            <Empty title="No such plan" />
          )
        }
      />
    </Stack>
  );
}
