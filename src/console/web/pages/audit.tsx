import { Code, Stack } from '@mantine/core';
import { answerOf, api } from '../api/client.ts';
import { time, words } from '../format.ts';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { Empty, PageTitle } from '../shell/states.tsx';

const changed = (before: unknown, after: unknown): string =>
  [before, after].map((side) => (side === null ? '' : JSON.stringify(side))).join(' → ');

export default function Audit() {
  return (
    <Stack>
      <PageTitle>Audit trail</PageTitle>
      <PagedTable
        caption="Who changed what"
        queryKey={['audit']}
        ask={(after) =>
          answerOf(api.GET('/v1/audit', { params: { query: { limit: pageSize, ...(after ? { after } : {}) } } }))
        }
        columns={[
          { title: 'When', cell: ({ at }) => time(at) },
          { title: 'Who', cell: ({ actor }) => `${words(actor.role)} ${actor.id}` },
          { title: 'Did', cell: ({ action }) => words(action) },
          { title: 'To', cell: ({ subject }) => subject },
          {
            title: 'From → to',
            cell: ({ before, after }) => (
              <details>
                <summary>Show</summary>
                <Code style={{ wordBreak: 'break-all' }}>{changed(before, after)}</Code>
              </details>
            ),
          },
        ]}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was changed yet" />}
      />
    </Stack>
  );
}
