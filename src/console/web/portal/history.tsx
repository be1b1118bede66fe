import { Button, Center, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { isZero, money, monthName, monthsUntil, time } from '../format.ts';
import { DocumentButton } from '../parts/document.tsx';
import { Status } from '../parts/status.tsx';
import { Empty, Failure, Loading } from '../shell/states.tsx';
import { documentOf, explanationOf, kindNames } from './wording.ts';

type Transaction = Schemas['Transaction'];

function Line({ line }: { readonly line: Transaction }) {
  const { charged, amount, amountRefunded } = line;
  const explanation = explanationOf(line);
  const document = documentOf(line);
  return (
    <Stack component="li" gap={4} py="xs" style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{kindNames[line.kind]}</Text>
        <Text fw={600}>{money(amount)}</Text>
      </Group>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Status of={line.status} />
          <Text size="sm">{time(line.occurredAt)}</Text>
        </Group>
        {charged && charged.currency !== amount.currency && <Text size="sm">charged {money(charged)}</Text>}
      </Group>
      {explanation !== null && <Text size="sm">{explanation}</Text>}
      {amountRefunded && !isZero(amountRefunded) && <Text size="sm">{money(amountRefunded)} of it went back.</Text>}
      {document !== null && (
        <DocumentButton
          of={`${kindNames[line.kind]}, ${time(line.occurredAt)}`}
          path={`/v1/transactions/${encodeURIComponent(line.id)}/receipt.pdf`}
          fileName={`${document.toLowerCase().replace(' ', '-')}-${line.occurredAt.slice(0, 10)}.pdf`}
        >
          {`${document} (PDF)`}
        </DocumentButton>
      )}
    </Stack>
  );
}

/** How many months back a statement is offered for. */
const statementMonths = 12;

function Statement({ id, newest }: { readonly id: string; readonly newest: string }) {
  const months = monthsUntil(newest, statementMonths);
  const [month = months[0], setMonth] = useState(months[1]);
  return (
    <Group align="end" gap="xs">
      <NativeSelect
        label="Statement of a month"
        value={month ?? ''}
        data={months.map((value) => ({ value, label: monthName(value) }))}
        onChange={({ currentTarget: { value } }) => setMonth(value)}
      />
      <DocumentButton
        key={month}
        of={monthName(month ?? '')}
        path={`/v1/customers/${id}/statements/${month}`}
        fileName={`statement-${month}.pdf`}
      >
        Statement (PDF)
      </DocumentButton>
    </Group>
  );
}

const noPage: string | undefined = undefined;

/** What was paid, tried and given back, newest first, each payment with its receipt. */
export function History({ id }: { readonly id: string }) {
  const pages = useInfiniteQuery({
    queryKey: ['client', id, 'transactions'],
    queryFn: ({ pageParam: after }) =>
      answerOf(
        api.GET('/v1/customers/{id}/transactions', {
          params: { path: { id }, query: { limit: '10', ...(after === undefined ? {} : { after }) } },
        }),
      ),
    initialPageParam: noPage,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (pages.data === undefined) {
    return pages.isError ? <Failure error={pages.error} retry={() => void pages.refetch()} /> : <Loading />;
  }
  const lines = pages.data.pages.flatMap(({ data }) => data);
  const [newest] = lines;
  if (!newest) return <Empty title="Nothing was paid yet">Payments and their receipts appear here.</Empty>;
  return (
    <Stack gap="sm">
      <Statement id={id} newest={newest.occurredAt} />
      <ul aria-label="Payments" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {lines.map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </ul>
      {pages.isError && <Failure error={pages.error} />}
      {pages.hasNextPage && (
        <Center>
          <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Show more
          </Button>
        </Center>
      )}
    </Stack>
  );
}
