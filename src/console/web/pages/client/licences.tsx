import { NativeSelect, Stack, TextInput } from '@mantine/core';
import { answerOf, api, done } from '../../api/client.ts';
import { date, quantity, words } from '../../format.ts';
import { Action } from '../../parts/action.tsx';
import { FormDialog, textOf } from '../../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../../parts/paged-table.tsx';
import { Status } from '../../parts/status.tsx';
import { Empty } from '../../shell/states.tsx';

function Grant({ id }: { readonly id: string }) {
  return (
    <FormDialog
      title="Grant a licence"
      submitLabel="Grant"
      submit={(fields, idempotencyKey) => {
        const count = textOf(fields, 'count');
        const granted = textOf(fields, 'kind') === 'days' ? { days: Number(count) } : { quantity: count };
        return answerOf(
          api.POST('/v1/customers/{id}/licences', {
            params: { path: { id }, header: { 'Idempotency-Key': idempotencyKey } },
            body: { ...granted, remarks: textOf(fields, 'remarks') },
          }),
        );
      }}
    >
      <NativeSelect
        name="kind"
        label="Of"
        data={[
          { value: 'quantity', label: 'Call minutes' },
          { value: 'days', label: 'Days of service' },
        ]}
      />
      <TextInput name="count" label="How many" inputMode="decimal" required />
      <TextInput name="remarks" label="Why" description="For you; the client does not see it." required />
    </FormDialog>
  );
}

export function Licences({ id }: { readonly id: string }) {
  return (
    <Stack>
      <div>
        <Grant id={id} />
      </div>
      <PagedTable
        caption="Licences"
        queryKey={['client', id, 'licences']}
        ask={(after) =>
          answerOf(
            api.GET('/v1/customers/{id}/licences', {
              params: { path: { id }, query: { limit: pageSize, ...(after ? { after } : {}) } },
            }),
          )
        }
        columns={[
          {
            title: 'Of',
            cell: ({ kind, days, feature, quantity: granted }) =>
              kind === 'days' ? `${days} days` : `${quantity(granted ?? '0')} ${words(feature ?? '').toLowerCase()}`,
          },
          { title: 'State', cell: ({ status }) => <Status of={status} /> },
          { title: 'Left', numeric: true, cell: ({ remaining, daysRemaining }) => remaining ?? daysRemaining ?? '' },
          { title: 'From', cell: ({ startsAt }) => date(startsAt) },
          { title: 'Until', cell: ({ expiresAt }) => (expiresAt ? date(expiresAt) : 'No end') },
          { title: 'Why', cell: ({ remarks, source }) => remarks ?? words(source) },
          {
            title: 'Change',
            cell: (licence) =>
              (licence.status === 'active' || licence.status === 'scheduled') && (
                <Action
                  color="red"
                  confirm="From now on. What was used of it stays used."
                  run={() =>
                    done(
                      api.DELETE('/v1/customers/{id}/licences/{licenceId}', {
                        params: { path: { id, licenceId: licence.id } },
                      }),
                    )
                  }
                >
                  Revoke
                </Action>
              ),
          },
        ]}
        keyOf={(licence) => licence.id}
        empty={<Empty title="No licences" />}
      />
    </Stack>
  );
}
