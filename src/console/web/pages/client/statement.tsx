import { NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { answerOf, api } from '../../api/client.ts';
import { money, time, words } from '../../format.ts';
import { FormDialog, textOf } from '../../parts/form-dialog.tsx';
import { PagedTable, pageSize } from '../../parts/paged-table.tsx';
import { Empty } from '../../shell/states.tsx';
import { ExplainedStatement } from './explained.tsx';

function Adjust({ id }: { readonly id: string }) {
  return (
    <FormDialog
      title="Adjust"
      submitLabel="Post it"
      submit={(fields, idempotencyKey) =>
        answerOf(
          api.POST('/v1/customers/{id}/adjustments', {
            params: { path: { id }, header: { 'Idempotency-Key': idempotencyKey } },
            body: {
              kind: textOf(fields, 'kind') === 'payment' ? 'payment' : 'correction',
              amount: { amount: textOf(fields, 'amount'), currency: 'USD' },
              reason: textOf(fields, 'reason'),
            },
          }),
        )
      }
    >
      <NativeSelect
        name="kind"
        label="What it is"
        data={[
          { value: 'payment', label: 'A payment made outside' },
          { value: 'correction', label: 'A correction' },
        ]}
      />
      <TextInput name="amount" label="Amount in US dollars" placeholder="25.00" inputMode="decimal" required />
      <Textarea name="reason" label="Reason" required maxLength={500} />
      <Text size="sm">It is posted at once and stays on the statement. A correction may be negative.</Text>
    </FormDialog>
  );
}

/** Every line as the ledger has it, with the balance after it. */
export function StatementLines({ id }: { readonly id: string }) {
  return (
    <PagedTable
      caption="Statement"
      queryKey={['client', id, 'ledger']}
      ask={(after) =>
        answerOf(
          api.GET('/v1/customers/{id}/ledger', {
            params: { path: { id }, query: { limit: pageSize, ...(after ? { after } : {}) } },
          }),
        )
      }
      columns={[
        { title: 'When', cell: ({ postedAt }) => time(postedAt) },
        { title: 'What', cell: ({ code }) => words(code) },
        { title: 'Cause', cell: ({ reference }) => <span style={{ wordBreak: 'break-all' }}>{reference}</span> },
        { title: 'Amount', numeric: true, cell: ({ amount }) => money(amount) },
        { title: 'Balance after', numeric: true, cell: ({ balanceAfter }) => money(balanceAfter) },
      ]}
      keyOf={({ sequence }) => String(sequence)}
      empty={<Empty title="Nothing was posted yet" />}
    />
  );
}

export function Statement({ id }: { readonly id: string }) {
  return (
    <Stack>
      <ExplainedStatement id={id} actions={<Adjust id={id} />} />
    </Stack>
  );
}
