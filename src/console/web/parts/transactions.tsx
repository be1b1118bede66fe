import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import type { paths, Schemas } from '../api/schema.ts';
import { isZero, money, time, words } from '../format.ts';
import { Empty } from '../shell/states.tsx';
import { type Column, PagedTable, pageSize } from './paged-table.tsx';
import { Status } from './status.tsx';

export type Transaction = Schemas['Transaction'];
type Query = NonNullable<paths['/v1/agencies/{id}/transactions']['get']['parameters']['query']>;
export type TransactionFilter = Pick<Query, 'kind' | 'status' | 'from' | 'until'>;

/** US dollars lead; what was charged stands beside. */
export const amounts = ({ amount, charged }: Transaction): string =>
  charged && charged.currency !== amount.currency ? `${money(amount)} (${money(charged)})` : money(amount);

export const reasonOf = ({ reason }: Transaction): string =>
  reason ? (reason.message ?? words(reason.declineCode ?? reason.code ?? '')) : '';

const columns: readonly Column<Transaction>[] = [
  { title: 'When', cell: ({ occurredAt }) => time(occurredAt) },
  {
    title: 'What',
    cell: ({ id, kind }) => (
      <Anchor
        component={Link}
        to={`/payments/${encodeURIComponent(id)}`}
        underline="always"
        c="var(--mantine-color-text)"
      >
        {words(kind)}
      </Anchor>
    ),
  },
  {
    title: 'Outcome',
    cell: (line) => (
      <>
        <Status of={line.status} />
        {line.expiredAt && <Text size="sm">Over since {time(line.expiredAt)}</Text>}
      </>
    ),
  },
  {
    title: 'Client',
    cell: ({ customerId }) => (
      <Anchor component={Link} to={`/clients/${customerId}`} underline="always" c="var(--mantine-color-text)">
        {customerId}
      </Anchor>
    ),
  },
  { title: 'Why', cell: reasonOf },
  { title: 'Amount', numeric: true, cell: amounts },
  {
    title: 'Went back',
    numeric: true,
    cell: ({ amountRefunded }) => (amountRefunded && !isZero(amountRefunded) ? money(amountRefunded) : ''),
  },
];

interface TransactionTableProps {
  readonly caption: string;
  readonly agencyId: string;
  readonly filter: TransactionFilter;
  readonly empty: string;
}

/** The billing history of an agency's clients, each line a link to all that belongs to it. */
export function TransactionTable({ caption, agencyId, filter, empty }: TransactionTableProps) {
  return (
    <PagedTable
      caption={caption}
      queryKey={['transactions', agencyId, filter]}
      ask={(after) =>
        answerOf(
          api.GET('/v1/agencies/{id}/transactions', {
            params: { path: { id: agencyId }, query: { limit: pageSize, ...filter, ...(after ? { after } : {}) } },
          }),
        )
      }
      columns={columns}
      keyOf={({ id }) => id}
      empty={<Empty title={empty} />}
    />
  );
}
