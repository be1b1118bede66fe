import { Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { words } from '../format.ts';
import { AgencyChoice, useAgencyId } from '../parts/agency-choice.tsx';
import { DocumentButton } from '../parts/document.tsx';
import { type TransactionFilter, TransactionTable } from '../parts/transactions.tsx';
import { PageTitle } from '../shell/states.tsx';

const kinds = [
  'top_up',
  'refill',
  'pack',
  'invoice',
  'refund',
  'dispute',
  'inquiry',
  'hold',
  'manual_payment',
  'adjustment',
] as const satisfies readonly TransactionFilter['kind'][];
const statuses = [
  'paid',
  'failed',
  'checkout',
  'partially_refunded',
  'refunded',
  'disputed',
  'closed',
  'pending',
  'held',
  'released',
] as const satisfies readonly TransactionFilter['status'][];

const options = (names: readonly string[]) => [
  { value: '', label: 'All' },
  ...names.map((value) => ({ value, label: words(value) })),
];

const isDay = (text: string | null): text is string => text !== null && /^\d{4}-\d\d-\d\d$/.test(text);

/** The moment at which a day begins in the zone of whoever looks, or the one after it. */
function beginOf(day: string, daysLater = 0): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

function filterOf(search: URLSearchParams): TransactionFilter {
  const kind = kinds.find((each) => each === search.get('kind'));
  const status = statuses.find((each) => each === search.get('status'));
  const [from, until] = [search.get('from'), search.get('until')];
  return {
    ...(kind ? { kind } : {}),
    ...(status ? { status } : {}),
    ...(isDay(from) ? { from: beginOf(from) } : {}),
    ...(isDay(until) ? { until: beginOf(until, 1) } : {}),
  };
}

const csvPath = (agencyId: string, filter: TransactionFilter): string =>
  `/v1/agencies/${agencyId}/transactions?${new URLSearchParams({ ...filter, format: 'csv' })}`;

/** Every payment, what was tried, and what went back. The filters are in the address, so that a list can be sent to somebody. */
export default function Payments() {
  const [search, setSearch] = useSearchParams();
  const agencyId = useAgencyId();
  const filter = filterOf(search);
  const set = (name: string) => (value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <Stack>
      <PageTitle
        actions={
          <DocumentButton
            key={csvPath(agencyId, filter)}
            of="these lines"
            path={csvPath(agencyId, filter)}
            fileName="payments.csv"
          >
            Save as CSV
          </DocumentButton>
        }
      >
        Payments
      </PageTitle>
      <Text>
        What clients paid, tried and had back. A hold verifies a card and is no payment; a declined try is a line of its
        own.
      </Text>
      <Group align="end">
        <AgencyChoice />
        <NativeSelect
          label="What"
          value={filter.kind ?? ''}
          data={options(kinds)}
          onChange={({ currentTarget }) => set('kind')(currentTarget.value)}
        />
        <NativeSelect
          label="Outcome"
          value={filter.status ?? ''}
          data={options(statuses)}
          onChange={({ currentTarget }) => set('status')(currentTarget.value)}
        />
        <TextInput
          label="From"
          type="date"
          value={search.get('from') ?? ''}
          onChange={({ currentTarget }) => set('from')(currentTarget.value)}
        />
        <TextInput
          label="To"
          type="date"
          value={search.get('until') ?? ''}
          onChange={({ currentTarget }) => set('until')(currentTarget.value)}
        />
      </Group>
      <TransactionTable
        caption="Payments"
        agencyId={agencyId}
        filter={filter}
        empty={Object.keys(filter).length === 0 ? 'Nothing was paid yet' : 'No such payments'}
      />
    </Stack>
  );
}
