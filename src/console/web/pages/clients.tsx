import { Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { money, words } from '../format.ts';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { useSession } from '../shell/session-context.ts';
import { Empty, PageTitle } from '../shell/states.tsx';

function NewClient({ agencyId }: { readonly agencyId: string }) {
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

type Standing = Schemas['Standing'];

const columns = [
  {
    title: 'Name',
    cell: ({ customerId, name }: Standing) => <TextLink to={`/clients/${customerId}`}>{name}</TextLink>,
  },
  { title: 'E-mail', cell: ({ email }: Standing) => email },
  { title: 'Plan', cell: ({ plan }: Standing) => plan?.displayName ?? '' },
  { title: 'Balance', numeric: true, cell: ({ balance }: Standing) => money(balance) },
  { title: 'State', cell: ({ disabled, state }: Standing) => <Status of={disabled ? 'disabled' : state} /> },
  { title: 'Auto-refill', cell: ({ refill }: Standing) => <Status of={refill} /> },
  { title: 'Pays', cell: ({ collection }: Standing) => words(collection) },
];

const states = ['active', 'paused'] as const;
const refills = ['on', 'failing', 'off'] as const;
const choices = (values: readonly string[]) => [
  { value: '', label: 'All' },
  ...values.map((value) => ({ value, label: words(value) })),
];

export default function Clients() {
  const session = useSession();
  const [search, setSearch] = useSearchParams();
  const named = search.get('agency');
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 300);
  const state = states.find((each) => each === search.get('state'));
  const refill = refills.find((each) => each === search.get('refill'));
  const filter = {
    ...(wanted === '' ? {} : { q: wanted }),
    ...(state ? { state } : {}),
    ...(refill ? { refill } : {}),
    ...(named ? { agencyId: named } : {}),
  };
  const choose = (name: string, value: string): void => {
    const next = new URLSearchParams(search);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next);
  };
  return (
    <Stack>
      <PageTitle actions={<NewClient agencyId={named ?? session.agencyId} />}>Clients</PageTitle>
      <Group align="end">
        <TextInput
          label="Find by name, e-mail or your own id"
          type="search"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          w={320}
        />
        <NativeSelect
          label="State"
          value={state ?? ''}
          data={choices(states)}
          onChange={(event) => choose('state', event.currentTarget.value)}
        />
        <NativeSelect
          label="Auto-refill"
          value={refill ?? ''}
          data={choices(refills)}
          onChange={(event) => choose('refill', event.currentTarget.value)}
        />
      </Group>
      <PagedTable
        caption="Clients"
        queryKey={['clients', filter]}
        ask={(after) =>
          answerOf(
            api.GET('/v1/standings', {
              params: { query: { limit: pageSize, ...(after ? { after } : {}), ...filter } },
            }),
          )
        }
        columns={columns}
        keyOf={({ customerId }) => customerId}
        empty={
          wanted === '' && !state && !refill ? (
            <Empty title="No clients yet">Create one, and send it a link to its portal.</Empty>
          ) : (
            <Empty title="No such clients" />
          )
        }
      />
    </Stack>
  );
}
