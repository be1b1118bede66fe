import { Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { time, words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { PagedTable, PlainTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { useSession } from '../shell/session-context.ts';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

/** How often a page that is open asks again while something is on its way, in milliseconds. */
const whilePendingMs = 1_000;

/** How far a plan has come; it moves while a synchronisation runs. */
function Carried({ of }: { readonly of: Schemas['CatalogProgress'] | undefined }) {
  if (!of) return null;
  const told = `${of.inSync} of ${of.accounts}`;
  return (
    <>
      <Progress
        value={(of.inSync / of.accounts) * 100}
        animated={of.pending > 0}
        color={of.drifted + of.blocked > 0 ? 'orange' : 'teal'}
        aria-label={told}
      />
      <Text size="sm">{told}</Text>
    </>
  );
}

function Grid() {
  const names = useQuery({
    queryKey: ['plans', 'names'],
    queryFn: () => answerOf(api.GET('/v1/plans', { params: { query: { limit: '100' } } })),
  });
  const status = useQuery({
    queryKey: ['catalog', 'status'],
    queryFn: () => answerOf(api.GET('/v1/catalog/status', { params: { query: { limit: '100' } } })),
    refetchInterval: ({ state }) => (state.data?.plans.some(({ pending }) => pending > 0) ? whilePendingMs : false),
  });
  const { agencyId } = useSession();
  const own = useQuery({
    queryKey: ['accounts', agencyId],
    queryFn: () => answerOf(api.GET('/v1/agencies/{id}/merchant-accounts', { params: { path: { id: agencyId } } })),
  });
  const accountName = (id: string): string => {
    const account = own.data?.data.find((each) => each.id === id);
    return account ? `${words(account.provider)} ${account.providerAccountId}, ${account.effectiveCurrency}` : id;
  };
  const nameOf = (id: string): string => names.data?.data.find((plan) => plan.id === id)?.displayName ?? id;
  return (
    <Answer of={status}>
      {({ data, plans: progress }) => {
        const accounts = [...new Set(data.map(({ merchantAccountId }) => merchantAccountId))];
        const plans = [...new Set(data.map(({ planId }) => planId))];
        if (plans.length === 0) return <Empty title="Nothing is published yet" />;
        const find = (plan: string, account: string): Schemas['CatalogStatus'] | undefined =>
          data.find(({ planId, merchantAccountId }) => planId === plan && merchantAccountId === account);
        return (
          <Table.ScrollContainer
            minWidth={480}
            scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Plans by account' } }}
          >
            <Table aria-label="Plans by account" withColumnBorders>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Plan</Table.Th>
                  <Table.Th>Carried</Table.Th>
                  {accounts.map((account) => (
                    <Table.Th key={account}>{accountName(account)}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {plans.map((plan) => (
                  <Table.Tr key={plan}>
                    <Table.Th scope="row">
                      <TextLink to={`/plans/${plan}`}>{nameOf(plan)}</TextLink>
                    </Table.Th>
                    <Table.Td>
                      <Carried of={progress.find(({ planId }) => planId === plan)} />
                    </Table.Td>
                    {accounts.map((account) => {
                      const cell = find(plan, account);
                      return (
                        <Table.Td key={account}>
                          {cell && (
                            <>
                              <Status of={cell.status} />{' '}
                              <Text span size="sm">
                                {cell.reason}
                              </Text>
                            </>
                          )}
                        </Table.Td>
                      );
                    })}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        );
      }}
    </Answer>
  );
}

const resolutions = {
  restore: (id: string) => answerOf(api.POST('/v1/catalog/drift/{id}/restore', { params: { path: { id } } })),
  adopt: (id: string) => answerOf(api.POST('/v1/catalog/drift/{id}/adopt', { params: { path: { id } } })),
  ignore: (id: string) => answerOf(api.POST('/v1/catalog/drift/{id}/ignore', { params: { path: { id } } })),
} as const;

function Resolve({ finding }: { readonly finding: Schemas['DriftFinding'] }) {
  const { id, status } = finding;
  if (status !== 'open') return <Status of={status} />;
  return (
    <Group gap="xs" wrap="nowrap">
      <Action confirm="It becomes again what was published here." run={() => resolutions.restore(id)}>
        Restore
      </Action>
      <Action confirm="What is at the provider is taken over as it is." run={() => resolutions.adopt(id)}>
        Adopt
      </Action>
      <Action run={() => resolutions.ignore(id)}>Ignore</Action>
    </Group>
  );
}

function Doctor() {
  return (
    <PagedTable
      caption="Changes found at providers"
      queryKey={['drift', 'list']}
      ask={(after) =>
        answerOf(api.GET('/v1/catalog/drift', { params: { query: { limit: pageSize, ...(after ? { after } : {}) } } }))
      }
      columns={[
        { title: 'What', cell: ({ kind, remoteId }) => `${words(kind)} ${remoteId}` },
        { title: 'Problem', cell: ({ problem }) => words(problem) },
        {
          title: 'Field: published → found',
          cell: ({ differences }) =>
            differences.map(({ field, expected, found }) => (
              <Text key={field} size="sm">
                {field}: {expected ?? 'nothing'} → {found ?? 'nothing'}
              </Text>
            )),
        },
        { title: 'Found', cell: ({ foundAt }) => time(foundAt) },
        { title: 'Change', cell: (finding) => <Resolve finding={finding} /> },
      ]}
      keyOf={({ id }) => id}
      empty={<Empty title="Everything is as it was published" />}
    />
  );
}

function Checks() {
  const drift = useQuery({
    queryKey: ['drift', 'checks'],
    queryFn: () => answerOf(api.GET('/v1/catalog/drift', { params: { query: { limit: '1' } } })),
  });
  return (
    <Answer of={drift}>
      {({ checks }) =>
        checks.length > 0 && (
          <PlainTable
            caption="Last check of each account"
            rows={checks}
            keyOf={({ merchantAccountId }) => merchantAccountId}
            columns={[
              { title: 'Account', cell: ({ merchantAccountId }) => merchantAccountId },
              { title: 'Checked', cell: ({ checkedAt }) => time(checkedAt) },
              { title: 'Other business there', numeric: true, cell: ({ foreign }) => foreign },
              { title: 'Not read', cell: ({ failure }) => failure ?? '' },
            ]}
          />
        )
      }
    </Answer>
  );
}

/** Where plans stand in each account, and what was changed there behind our back. */
export default function Publication() {
  return (
    <Stack>
      <PageTitle
        actions={
          <Action run={() => answerOf(api.POST('/v1/catalog/sync', { body: { dryRun: false } }))}>
            Publish what waits
          </Action>
        }
      >
        Publication
      </PageTitle>
      <Grid />
      <Group justify="space-between">
        <Title order={2} size="h3">
          Drift doctor
        </Title>
        <Action run={() => answerOf(api.POST('/v1/catalog/drift', { body: {} }))}>Look now</Action>
      </Group>
      <Doctor />
      <Checks />
    </Stack>
  );
}
