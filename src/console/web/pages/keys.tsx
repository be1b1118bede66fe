import { NativeSelect, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api, done } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { time } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { PlainTable } from '../parts/paged-table.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { Status } from '../parts/status.tsx';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

function KeysOf({ agency }: { readonly agency: Schemas['Agency'] }) {
  const [secret, setSecret] = useState<string | null>(null);
  const keys = useQuery({
    queryKey: ['keys', agency.id],
    queryFn: () => answerOf(api.GET('/v1/agencies/{id}/api-keys', { params: { path: { id: agency.id } } })),
  });
  return (
    <Stack>
      <div>
        <FormDialog
          title="New key"
          submitLabel="Make it"
          submit={async (fields, idempotencyKey) => {
            const { key } = await answerOf(
              api.POST('/v1/agencies/{id}/api-keys', {
                params: { path: { id: agency.id }, header: { 'Idempotency-Key': idempotencyKey } },
                body: { name: textOf(fields, 'name') },
              }),
            );
            setSecret(key);
          }}
        >
          <TextInput name="name" label="Name" description="What it is for." required maxLength={100} />
        </FormDialog>
      </div>
      <Answer of={keys}>
        {({ data }) => (
          <PlainTable
            caption={`API keys of ${agency.name}`}
            rows={data}
            keyOf={({ id }) => id}
            columns={[
              { title: 'Name', cell: ({ name }) => name },
              { title: 'Key', cell: ({ hint }) => hint },
              { title: 'Made', cell: ({ createdAt }) => time(createdAt) },
              { title: 'Last used', cell: ({ lastUsedAt }) => (lastUsedAt ? time(lastUsedAt) : 'Never') },
              { title: 'State', cell: ({ revokedAt }) => <Status of={revokedAt ? 'revoked' : 'active'} /> },
              {
                title: 'Change',
                cell: ({ id, revokedAt }) =>
                  revokedAt === null && (
                    <Action
                      color="red"
                      confirm="Whoever calls with it is refused from now on, and signed out of the console."
                      run={() =>
                        done(
                          api.DELETE('/v1/agencies/{id}/api-keys/{keyId}', {
                            params: { path: { id: agency.id, keyId: id } },
                          }),
                        )
                      }
                    >
                      Revoke
                    </Action>
                  ),
              },
            ]}
          />
        )}
      </Answer>
      {secret !== null && <SecretOnce title="New key" secret={secret} onClose={() => setSecret(null)} />}
    </Stack>
  );
}

export default function Keys() {
  const [chosen, setChosen] = useState('');
  const agencies = useQuery({
    queryKey: ['agencies'],
    queryFn: () => answerOf(api.GET('/v1/agencies', { params: { query: { limit: '100' } } })),
  });
  return (
    <Stack>
      <PageTitle>API keys</PageTitle>
      <Answer of={agencies}>
        {({ data }) => {
          const agency = data.find(({ id }) => id === chosen) ?? data[0];
          return agency === undefined ? (
            <Empty title="No agencies yet">Keys are made for agencies. The platform’s own key is a setting.</Empty>
          ) : (
            <>
              <NativeSelect
                label="Agency"
                w={320}
                value={agency.id}
                data={data.map(({ id, name }) => ({ value: id, label: name }))}
                onChange={(event) => setChosen(event.currentTarget.value)}
              />
              <KeysOf key={agency.id} agency={agency} />
            </>
          );
        }}
      </Answer>
    </Stack>
  );
}
