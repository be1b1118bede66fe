import { Stack, TextInput } from '@mantine/core';
import { useNavigate } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { date } from '../format.ts';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { Empty, PageTitle } from '../shell/states.tsx';

function NewAgency() {
  const navigate = useNavigate();
  return (
    <FormDialog
      title="New agency"
      submitLabel="Create"
      submit={async (fields, idempotencyKey) => {
        const { id } = await answerOf(
          api.POST('/v1/agencies', {
            params: { header: { 'Idempotency-Key': idempotencyKey } },
            body: {
              name: textOf(fields, 'name'),
              email: textOf(fields, 'email'),
              country: textOf(fields, 'country').toUpperCase(),
            },
          }),
        );
        void navigate(`/agencies/${id}`);
      }}
    >
      <TextInput name="name" label="Name" required maxLength={200} />
      <TextInput name="email" label="E-mail" type="email" required />
      <TextInput name="country" label="Country" description="Two letters, such as OM." required maxLength={2} />
    </FormDialog>
  );
}

/** The agencies that resell: the platform's to look after. */
export default function Agencies() {
  return (
    <Stack>
      <PageTitle actions={<NewAgency />}>Agencies</PageTitle>
      <PagedTable
        caption="Agencies"
        queryKey={['agencies']}
        ask={(after) =>
          answerOf(api.GET('/v1/agencies', { params: { query: { limit: pageSize, ...(after ? { after } : {}) } } }))
        }
        columns={[
          { title: 'Name', cell: ({ id, name }) => <TextLink to={`/agencies/${id}`}>{name}</TextLink> },
          { title: 'E-mail', cell: ({ email }) => email },
          { title: 'Country', cell: ({ country }) => country },
          {
            title: 'State',
            cell: ({ disabled, platform }) => <Status of={disabled ? 'disabled' : platform ? 'platform' : 'active'} />,
          },
          { title: 'Since', cell: ({ createdAt }) => date(createdAt) },
        ]}
        keyOf={({ id }) => id}
        empty={<Empty title="No agencies yet">Create one, and make a key for it.</Empty>}
      />
    </Stack>
  );
}
