import { Anchor, TextInput } from '@mantine/core';
import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { date, money, words } from '../../format.ts';
import { FormDialog, textOf } from '../../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../../parts/paged-table.tsx';
import { Status } from '../../parts/status.tsx';
import { Empty } from '../../shell/states.tsx';

/** An invoice that is paid outside is marked by hand; a card's payments are told by their provider. */
function MarkPaid({ invoice }: { readonly invoice: Schemas['Invoice'] }) {
  return (
    <FormDialog
      title="Mark as paid"
      submitLabel="It is paid"
      submit={(fields, idempotencyKey) => {
        const reference = textOf(fields, 'reference');
        return answerOf(
          api.POST('/v1/invoices/{id}/mark-paid', {
            params: { path: { id: invoice.id }, header: { 'Idempotency-Key': idempotencyKey } },
            body: reference === '' ? {} : { externalReference: reference },
          }),
        );
      }}
    >
      <TextInput name="reference" label="Reference" description="Of the bank’s transfer, for one; may be empty." />
    </FormDialog>
  );
}

/** What the client was invoiced, newest first. */
export function Invoices({ id }: { readonly id: string }) {
  return (
    <PagedTable
      caption="Invoices"
      queryKey={['client', id, 'invoices']}
      ask={(after) =>
        answerOf(
          api.GET('/v1/customers/{id}/invoices', {
            params: { path: { id }, query: { limit: pageSize, ...(after ? { after } : {}) } },
          }),
        )
      }
      columns={[
        {
          title: 'Number',
          cell: ({ number, hostedUrl }) =>
            hostedUrl ? (
              <Anchor href={hostedUrl} inherit underline="always" c="var(--mantine-color-text)">
                {number ?? 'Draft'}
              </Anchor>
            ) : (
              (number ?? 'Draft')
            ),
        },
        { title: 'Made', cell: ({ createdAt }) => date(createdAt) },
        {
          title: 'For',
          cell: ({ periodStart, periodEnd, billingReason }) =>
            periodStart && periodEnd ? `${date(periodStart)} to ${date(periodEnd)}` : words(billingReason ?? ''),
        },
        { title: 'State', cell: ({ status }) => <Status of={status} /> },
        { title: 'Total', numeric: true, cell: ({ total }) => money(total) },
        { title: 'Due', numeric: true, cell: ({ amountDue }) => money(amountDue) },
        {
          title: 'Change',
          cell: (invoice) => invoice.kind === 'offline' && invoice.status === 'open' && <MarkPaid invoice={invoice} />,
        },
      ]}
      keyOf={(invoice) => invoice.id}
      empty={<Empty title="No invoices">Plans with a price by the month, the quarter or the year make them.</Empty>}
    />
  );
}
