import { Group, TextInput } from '@mantine/core';
import { answerOf, api } from '../../api/client.ts';
import type { paths, Schemas } from '../../api/schema.ts';
import { Action } from '../../parts/action.tsx';
import { FormDialog, textOf } from '../../parts/form-dialog.tsx';

type Change = paths['/v1/customers/{id}']['patch']['requestBody']['content']['application/json'];

/** Who the client is, how it pays, and whether it is served at all. */
export function ChangeClient({ client }: { readonly client: Schemas['Customer'] }) {
  const change = (body: Change) =>
    answerOf(api.PATCH('/v1/customers/{id}', { params: { path: { id: client.id } }, body }));
  const byCard = client.collection === 'card';
  return (
    <Group gap="xs">
      <FormDialog
        title="Change"
        submitLabel="Save"
        submit={(fields) => {
          const externalId = textOf(fields, 'externalId');
          return change({
            name: textOf(fields, 'name'),
            email: textOf(fields, 'email'),
            externalId: externalId === '' ? null : externalId,
          });
        }}
      >
        <TextInput name="name" label="Name" required maxLength={200} defaultValue={client.name} />
        <TextInput name="email" label="E-mail" type="email" required defaultValue={client.email} />
        <TextInput
          name="externalId"
          label="Your own id"
          description="As your systems name this client; may be empty."
          defaultValue={client.externalId ?? ''}
        />
      </FormDialog>
      <Action
        confirm={
          byCard
            ? 'From its next cycle on the client is sent invoices, which you mark as paid. No card is charged.'
            : 'From its next cycle on the client’s default card is charged.'
        }
        run={() => change({ collection: byCard ? 'offline' : 'card' })}
      >
        {byCard ? 'Let it pay offline' : 'Let it pay by card'}
      </Action>
      {client.disabled ? (
        <Action run={() => change({ disabled: false })}>Enable</Action>
      ) : (
        <Action
          color="red"
          confirm="Its portal closes and nothing new is sold to it. What was paid is still credited."
          run={() => change({ disabled: true })}
        >
          Disable
        </Action>
      )}
    </Group>
  );
}
