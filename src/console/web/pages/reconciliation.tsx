import { Alert, Anchor, Code, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { money, quantity, time, words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { PagedTable, PlainTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

/** In the account's currency, where it has one; a run that found no lines does not know it. */
const inCurrency = (amount: string, currency: string | null): string =>
  currency === null ? quantity(amount) : money({ amount, currency });

const explained = (parts: Readonly<Record<string, string | undefined>>, currency: string | null): string =>
  Object.entries(parts)
    .flatMap(([name, amount]) =>
      amount === undefined || /^-?0*\.?0*$/.test(amount) ? [] : [`${words(name)} ${inCurrency(amount, currency)}`],
    )
    .join(', ');

function Run({ id }: { readonly id: string }) {
  const run = useQuery({
    queryKey: ['reconciliations', id],
    queryFn: () => answerOf(api.GET('/v1/reconciliations/{id}', { params: { path: { id } } })),
  });
  return (
    <Answer of={run}>
      {({ status, error, createdAt, reports, found, findings }) => (
        <Stack>
          <Title order={2} size="h3">
            Of {time(createdAt)}
          </Title>
          <Text component="div">
            <Status of={status} /> {found.map(({ class: name, count }) => `${count} × ${words(name)}`).join(', ')}
          </Text>
          {error !== null && <Alert color="red">{error}</Alert>}
          {reports.length > 0 && (
            <PlainTable
              caption="Accounts"
              rows={reports}
              keyOf={({ merchantAccountId }) => merchantAccountId}
              columns={[
                { title: 'Account', cell: ({ merchantAccountId }) => merchantAccountId },
                { title: 'Since', cell: ({ since }) => time(since) },
                { title: 'Events', numeric: true, cell: ({ events }) => events },
                { title: 'Lines', numeric: true, cell: ({ entries }) => entries },
                { title: 'Provider', numeric: true, cell: (of) => inCurrency(of.provider, of.currency) },
                { title: 'Books', numeric: true, cell: (of) => inCurrency(of.books, of.currency) },
                { title: 'Difference', numeric: true, cell: (of) => inCurrency(of.difference, of.currency) },
                { title: 'Explained by', cell: (of) => explained(of.explainedBy, of.currency) },
                { title: 'Unexplained', numeric: true, cell: (of) => inCurrency(of.unexplained, of.currency) },
              ]}
            />
          )}
          <Title order={3} size="h4">
            Found
          </Title>
          {findings.length === 0 ? (
            <Empty title="Nothing differs">The provider’s books and ours say the same.</Empty>
          ) : (
            <PlainTable
              caption="Findings"
              rows={findings}
              keyOf={(of) => `${of.merchantAccountId} ${of.class} ${of.subject}`}
              columns={[
                { title: 'What', cell: (of) => words(of.class) },
                { title: 'Of', cell: ({ subject }) => subject },
                { title: 'Became', cell: (of) => <Status of={of.status} /> },
                {
                  title: 'Detail',
                  cell: ({ detail }) => <Code style={{ wordBreak: 'break-all' }}>{JSON.stringify(detail)}</Code>,
                },
                { title: 'Found', cell: ({ foundAt }) => time(foundAt) },
              ]}
            />
          )}
        </Stack>
      )}
    </Answer>
  );
}

function Runs() {
  return (
    <PagedTable
      caption="Reconciliations"
      queryKey={['reconciliations']}
      ask={(after) =>
        answerOf(
          api.GET('/v1/reconciliations', { params: { query: { limit: pageSize, ...(after ? { after } : {}) } } }),
        )
      }
      columns={[
        {
          title: 'Begun',
          cell: ({ id, createdAt }) => (
            <Anchor component={Link} to={`/reconciliation?run=${id}`} underline="always" c="var(--mantine-color-text)">
              {time(createdAt)}
            </Anchor>
          ),
        },
        { title: 'State', cell: ({ status }) => <Status of={status} /> },
        { title: 'Account', cell: ({ merchantAccountId }) => merchantAccountId ?? 'All' },
        { title: 'Left to a person', numeric: true, cell: ({ raised }) => raised },
        { title: 'Ended', cell: ({ endedAt, error }) => error ?? (endedAt ? time(endedAt) : '') },
      ]}
      keyOf={({ id }) => id}
      empty={<Empty title="No run yet">One runs every hour, and whenever it is asked for.</Empty>}
    />
  );
}

/** The provider's books against ours: what differed, why, and what was done about it. */
export default function Reconciliation() {
  const [search, setSearch] = useSearchParams();
  const run = search.get('run');
  const start = async (): Promise<void> => {
    const { id } = await answerOf(api.POST('/v1/reconciliations', { body: {} }));
    setSearch({ run: id });
  };
  return (
    <Stack>
      <PageTitle actions={<Action run={start}>Compare now</Action>}>Reconciliation</PageTitle>
      {run !== null && <Run id={run} />}
      <Title order={2} size="h3">
        Runs
      </Title>
      <Runs />
    </Stack>
  );
}
