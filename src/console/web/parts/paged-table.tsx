import { Button, Center, Table } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Empty, Failure, Loading } from '../shell/states.tsx';

interface Page<Row> {
  readonly data: readonly Row[];
  readonly next: string | null;
}

export interface Column<Row> {
  readonly title: string;
  /** Numbers stand below each other at their end. */
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

interface PagedTableProps<Row> {
  /** What the rows are, for who cannot see the page. */
  readonly caption: string;
  readonly queryKey: readonly unknown[];
  /** One page of at most fifty; `after` is the last page's `next`. */
  readonly ask: (after: string | undefined) => Promise<Page<Row>>;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly empty: ReactNode;
}

export const pageSize = '50';

/** A list that grows by a page at a time: ten thousand rows are never asked for at once. */
export function PagedTable<Row>({ caption, queryKey, ask, columns, keyOf, empty }: PagedTableProps<Row>) {
  const pages = useInfiniteQuery({
    // Pages are kept in another shape than one answer, which may be kept under the same name.
    queryKey: [...queryKey, 'pages'],
    queryFn: ({ pageParam }) => ask(pageParam),
    initialPageParam: noPage,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (pages.isPending) return <Loading />;
  if (pages.isError && pages.data === undefined) {
    return <Failure error={pages.error} retry={() => void pages.refetch()} />;
  }
  const rows = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  if (rows.length === 0) return empty;
  return (
    <>
      <PlainTable caption={caption} columns={columns} rows={rows} keyOf={keyOf} />
      {pages.isError && <Failure error={pages.error} />}
      {pages.hasNextPage && (
        <Center py="md">
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Show more
          </Button>
        </Center>
      )}
    </>
  );
}

const noPage: string | undefined = undefined;

interface PlainTableProps<Row> extends Pick<PagedTableProps<Row>, 'caption' | 'columns' | 'keyOf'> {
  readonly rows: readonly Row[];
}

export function PlainTable<Row>({ caption, columns, rows, keyOf }: PlainTableProps<Row>) {
  if (rows.length === 0) return <Empty title="Nothing here yet." />;
  return (
    <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': caption } }}>
      <Table verticalSpacing="xs" highlightOnHover aria-label={caption}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, numeric }) => (
              <Table.Th key={title} ta={numeric ? 'end' : 'start'}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ title, numeric, cell }) => (
                <Table.Td key={title} ta={numeric ? 'end' : 'start'}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
