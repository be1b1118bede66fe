import { Anchor, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answerOf, api, done } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { time } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { Status } from '../parts/status.tsx';
import { Empty, PageTitle } from '../shell/states.tsx';

function Deliveries({
  endpoint,
  onClose,
}: {
  readonly endpoint: Schemas['WebhookEndpoint'];
  readonly onClose: () => void;
}) {
  const { id } = endpoint;
  return (
    <Modal opened onClose={onClose} size="xl" title={endpoint.url} closeButtonProps={{ 'aria-label': 'Close' }}>
      <PagedTable
        caption="Deliveries"
        queryKey={['webhooks', id, 'deliveries']}
        ask={(after) =>
          answerOf(
            api.GET('/v1/webhook-endpoints/{id}/deliveries', {
              params: { path: { id }, query: { limit: pageSize, ...(after ? { after } : {}) } },
            }),
          )
        }
        columns={[
          { title: 'Type', cell: ({ type }) => type },
          { title: 'Outcome', cell: ({ status }) => <Status of={status} /> },
          { title: 'Attempts', numeric: true, cell: ({ attempts }) => attempts },
          { title: 'Answer', cell: ({ responseStatus, error }) => error ?? responseStatus ?? '' },
          { title: 'Made', cell: ({ createdAt }) => time(createdAt) },
          {
            title: 'Change',
            cell: (delivery) => (
              <Action
                run={() =>
                  answerOf(
                    api.POST('/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/redeliver', {
                      params: { path: { id, deliveryId: delivery.id } },
                    }),
                  )
                }
              >
                Send again
              </Action>
            ),
          },
        ]}
        keyOf={(delivery) => delivery.id}
        empty={<Empty title="Nothing was sent yet" />}
      />
    </Modal>
  );
}

export default function Webhooks() {
  const [secret, setSecret] = useState<string | null>(null);
  const [opened, setOpened] = useState<Schemas['WebhookEndpoint'] | null>(null);
  const add = (
    <FormDialog
      title="New endpoint"
      submitLabel="Create"
      submit={async (fields, idempotencyKey) => {
        const made = await answerOf(
          api.POST('/v1/webhook-endpoints', {
            params: { header: { 'Idempotency-Key': idempotencyKey } },
            body: { url: textOf(fields, 'url') },
          }),
        );
        setSecret(made.secret);
      }}
    >
      <TextInput name="url" label="Address" type="url" required description="Where each event is posted as JSON." />
    </FormDialog>
  );
  return (
    <Stack>
      <PageTitle actions={add}>Webhooks</PageTitle>
      <Text>Your own systems hear of what happens here. Each message is signed with its endpoint’s secret.</Text>
      <PagedTable
        caption="Webhook endpoints"
        queryKey={['webhooks']}
        ask={(after) =>
          answerOf(
            api.GET('/v1/webhook-endpoints', { params: { query: { limit: pageSize, ...(after ? { after } : {}) } } }),
          )
        }
        columns={[
          {
            title: 'Address',
            cell: (endpoint) => (
              <Anchor
                component="button"
                underline="always"
                c="var(--mantine-color-text)"
                onClick={() => setOpened(endpoint)}
              >
                {endpoint.url}
              </Anchor>
            ),
          },
          { title: 'Hears of', cell: ({ eventTypes }) => eventTypes.join(', ') },
          {
            title: 'State',
            cell: ({ disabledAt, disabledReason }) => (
              <>
                <Status of={disabledAt ? 'disabled' : 'active'} /> {disabledReason}
              </>
            ),
          },
          {
            title: 'Change',
            cell: ({ id }) => (
              <Action
                color="red"
                confirm="Nothing more is sent to it."
                run={() => done(api.DELETE('/v1/webhook-endpoints/{id}', { params: { path: { id } } }))}
              >
                Remove
              </Action>
            ),
          },
        ]}
        keyOf={({ id }) => id}
        empty={<Empty title="No endpoint yet">Add the address of your system.</Empty>}
      />
      {secret !== null && <SecretOnce title="The endpoint’s secret" secret={secret} onClose={() => setSecret(null)} />}
      {opened && <Deliveries endpoint={opened} onClose={() => setOpened(null)} />}
    </Stack>
  );
}
