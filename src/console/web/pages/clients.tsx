import { Anchor, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { Link } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { date, words } from '../format.ts';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { useSession } from '../shell/session-context.ts';
import { Empty, PageTitle } from '../shell/states.tsx';

function NewClient() {
  const { agencyId } = useSession();
  return (
    <FormDialog
      title="New client"
      submitLabel="Create"
      submit={(fields, idempotencyKey) => {
        const externalId = textOf(fields, 'externalId');
        return answerOf(
          api.POST('/v1/customers', {
            params: { header: { 'Idempotency-Key': idempotencyKey } },
            body: {
              agencyId,
              name: textOf(fields, 'name'),
              email: textOf(fields, 'email'),
              collection: textOf(fields, 'collection') === 'offline' ? 'offline' : 'card',
              ...(externalId === '' ? {} : { externalId }),
            },
          }),
        );
      }}
    >
      <TextInput name="name" label="Name" required maxLength={200} />
      <TextInput name="email" label="E-mail" type="email" required />
      <TextInput name="externalId" label="Your own id" description="As your systems name this client; may be empty." />
      <NativeSelect
        name="collection"
        label="Pays"
        data={[
          { value: 'card', label: 'By card' },
          { value: 'offline', label: 'Outside, by invoice' },
        ]}
      />
    </FormDialog>
  );
}

const columns = [
  {
    title: 'Name',
    cell: ({ id, name }: Schemas['Customer']) => (
      <Anchor component={Link} to={`/clients/${id}`} underline="always" c="var(--mantine-color-text)">
        {name}
      </Anchor>
    ),
  },
  { title: 'E-mail', cell: ({ email }: Schemas['Customer']) => email },
  { title: 'Pays', cell: ({ collection }: Schemas['Customer']) => words(collection) },
  {
    title: 'State',
    cell: ({ disabled }: Schemas['Customer']) => <Status of={disabled ? 'disabled' : 'active'} />,
  },
  { title: 'Since', cell: ({ createdAt }: Schemas['Customer']) => date(createdAt) },
];

export default function Clients() {
  const [email, setEmail] = useState('');
  const [wanted] = useDebouncedValue(email.trim(), 300);
  return (
    <Stack>
      <PageTitle actions={<NewClient />}>Clients</PageTitle>
      <Group>
        <TextInput
          label="Find by e-mail"
          type="search"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          w={320}
        />
      </Group>
      <PagedTable
        caption="Clients"
        queryKey={['clients', wanted]}
        ask={(after) =>
          answerOf(
            api.GET('/v1/customers', {
              params: {
                query: { limit: pageSize, ...(after ? { after } : {}), ...(wanted === '' ? {} : { email: wanted }) },
              },
            }),
          )
        }
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          wanted === '' ? (
            <Empty title="No clients yet">Create one, and send it a link to its portal.</Empty>
          ) : (
            <Empty title="Nobody has this e-mail address." />
          )
        }
      />
    </Stack>
  );
}
