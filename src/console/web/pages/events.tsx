import { Anchor, Code, Modal, NativeSelect, ScrollArea, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { time } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

const statuses = ['received', 'done', 'ignored', 'parked'] as const;

function EventDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const event = useQuery({
    queryKey: ['events', id],
    queryFn: () => answerOf(api.GET('/v1/events/{id}', { params: { path: { id } } })),
  });
  return (
    <Modal opened onClose={onClose} size="xl" title="Event" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Answer of={event}>
        {({ type, status, reason, eventId, account, attempts, payload, translation }) => (
          <Stack>
            <Text component="div">
              {type} · {eventId} · {account} · <Status of={status} /> after {attempts} attempts
            </Text>
            {reason && <Text>{reason}</Text>}
            <Text size="sm">
              Applying it again is harmless for what was applied: each fact is posted once. It helps what was parked.
            </Text>
            <div>
              <Action run={() => answerOf(api.POST('/v1/events/{id}/replay', { params: { path: { id } } }))}>
                Replay
              </Action>
            </div>
            <Text fw={600}>What it means here</Text>
            <Code block>{JSON.stringify(translation, null, 2)}</Code>
            <Text fw={600}>What was delivered</Text>
            <ScrollArea.Autosize mah="50vh" viewportProps={{ tabIndex: 0, 'aria-label': 'Payload' }}>
              <Code block>{JSON.stringify(payload, null, 2)}</Code>
            </ScrollArea.Autosize>
          </Stack>
        )}
      </Answer>
    </Modal>
  );
}

export default function Events() {
  const [search, setSearch] = useSearchParams();
  const [opened, setOpened] = useState(search.get('event'));
  const status = statuses.find((each) => each === search.get('status'));
  return (
    <Stack>
      <PageTitle>Events</PageTitle>
      <NativeSelect
        label="Outcome"
        w={220}
        value={status ?? ''}
        data={[{ value: '', label: 'All' }, ...statuses.map((value) => ({ value, label: value }))]}
        onChange={({ currentTarget: { value } }) => setSearch(value === '' ? {} : { status: value })}
      />
      <PagedTable
        caption="Events"
        queryKey={['events', 'list', status]}
        ask={(after) =>
          answerOf(
            api.GET('/v1/events', {
              params: { query: { limit: pageSize, ...(after ? { after } : {}), ...(status ? { status } : {}) } },
            }),
          )
        }
        columns={[
          {
            title: 'Type',
            cell: ({ id, type }) => (
              <Anchor
                component="button"
                inherit
                underline="always"
                c="var(--mantine-color-text)"
                onClick={() => setOpened(id)}
              >
                {type}
              </Anchor>
            ),
          },
          { title: 'Outcome', cell: (event) => <Status of={event.status} /> },
          { title: 'Why', cell: ({ reason }) => reason ?? '' },
          { title: 'Account', cell: ({ account }) => account },
          { title: 'Received', cell: ({ receivedAt }) => time(receivedAt) },
        ]}
        keyOf={({ id }) => id}
        empty={<Empty title="No such events" />}
      />
      {opened !== null && <EventDialog id={opened} onClose={() => setOpened(null)} />}
    </Stack>
  );
}
