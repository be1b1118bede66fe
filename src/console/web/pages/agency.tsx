import { Alert, Button, Fieldset, Group, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { useParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import type { paths, Schemas } from '../api/schema.ts';
import { words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { textOf } from '../parts/form-dialog.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { useSession } from '../shell/session-context.ts';
import { Answer, Failure, PageTitle } from '../shell/states.tsx';
import { ResoldPlans } from './agency/resold-plans.tsx';
import { SettingsFields, settingsOf } from './agency/settings-fields.tsx';

type Change = paths['/v1/agencies/{id}']['patch']['requestBody']['content']['application/json'];

function Settings({ agency }: { readonly agency: Schemas['Agency'] }) {
  const { role } = useSession();
  const queries = useQueryClient();
  const path = { id: agency.id };
  const saving = useMutation({
    mutationFn: (body: Change) => answerOf(api.PATCH('/v1/agencies/{id}', { params: { path }, body })),
    onSuccess: () => queries.invalidateQueries(),
  });
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    // Under which name it is known, is the platform's to say.
    const named = role === 'platform' ? { name: textOf(fields, 'name'), email: textOf(fields, 'email') } : {};
    saving.mutate({ ...named, ...settingsOf(fields) });
  };
  const errors = saving.error instanceof Refusal ? saving.error.fields : [];
  const errorAt = (path: string): string | false => errors.find((each) => each.path === path)?.message ?? false;
  return (
    <form onSubmit={submit}>
      <Stack>
        {role === 'platform' ? (
          <Fieldset legend="The agency">
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput
                name="name"
                label="Name"
                required
                maxLength={200}
                defaultValue={agency.name}
                error={errorAt('name')}
              />
              <TextInput
                name="email"
                label="E-mail"
                type="email"
                required
                defaultValue={agency.email}
                error={errorAt('email')}
              />
            </SimpleGrid>
          </Fieldset>
        ) : (
          <Text>
            {agency.name} · {agency.email}
          </Text>
        )}
        <SettingsFields agency={agency} errorAt={errorAt} />
        {saving.isError && <Failure error={saving.error} />}
        <Group>
          <Button type="submit" loading={saving.isPending}>
            Save
          </Button>
          {saving.isSuccess && <Text role="status">Saved.</Text>}
        </Group>
      </Stack>
    </form>
  );
}

/** What the agency's own plan at the platform lets it do. */
function Limits({ id }: { readonly id: string }) {
  const limits = useQuery({
    queryKey: ['agency', id, 'limits'],
    queryFn: () => answerOf(api.GET('/v1/agencies/{id}/limits', { params: { path: { id } } })),
  });
  return (
    <Answer of={limits}>
      {(found) => (
        <Text>
          {found === null
            ? 'It lives on no plan of the platform.'
            : `It lives on ${found.displayName}, version ${found.version}${
                found.limits?.maxConcurrency ? `: at most ${found.limits.maxConcurrency} calls at once` : ''
              }${found.recurring.map(({ feature, included }) => `, ${included} ${words(feature).toLowerCase()}`).join('')}.`}
        </Text>
      )}
    </Answer>
  );
}

/** An agency: its own to set, and the platform's to look after. */
export default function AgencyPage() {
  const session = useSession();
  const { id = session.agencyId } = useParams();
  const agency = useQuery({
    queryKey: ['agency', id],
    queryFn: () => answerOf(api.GET('/v1/agencies/{id}', { params: { path: { id } } })),
  });
  const turn = (disabled: boolean) =>
    answerOf(api.PATCH('/v1/agencies/{id}', { params: { path: { id } }, body: { disabled } }));
  const looksAfter = session.role === 'platform' && id !== session.agencyId;
  return (
    <Answer of={agency}>
      {(found) => (
        <Stack>
          <PageTitle
            actions={
              looksAfter &&
              (found.disabled ? (
                <Action run={() => turn(false)}>Enable</Action>
              ) : (
                <Action
                  color="red"
                  confirm="Its keys and its clients’ portals are refused. What is paid is still credited."
                  run={() => turn(true)}
                >
                  Disable
                </Action>
              ))
            }
          >
            {id === session.agencyId ? 'Settings' : found.name}
          </PageTitle>
          {found.disabled && (
            <Alert color="red" title="Disabled">
              <Text c="var(--mantine-color-text)">Its keys and portals are refused.</Text>
            </Alert>
          )}
          {/* Fields keep what was typed; another agency is another form. */}
          <Settings key={found.id} agency={found} />
          {!found.platform && (
            <>
              <Title order={2} size="h3">
                At the platform
              </Title>
              <Limits id={id} />
              {looksAfter && found.customerId && (
                <Text>
                  It buys for itself as{' '}
                  <TextLink to={`/clients/${found.customerId}`}>a client of the platform</TextLink>.
                </Text>
              )}
              <ResoldPlans id={id} mayChange={looksAfter} />
            </>
          )}
        </Stack>
      )}
    </Answer>
  );
}
