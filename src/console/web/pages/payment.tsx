import { Alert, Anchor, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { isZero, money, time, words } from '../format.ts';
import { DocumentButton } from '../parts/document.tsx';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { PlainTable } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { amounts, reasonOf, type Transaction } from '../parts/transactions.tsx';
import { Answer, PageTitle } from '../shell/states.tsx';

const refundable: ReadonlySet<Transaction['kind']> = new Set(['top_up', 'refill', 'pack', 'invoice']);
const paid: ReadonlySet<Transaction['status']> = new Set(['paid', 'partially_refunded', 'disputed']);
const documented: ReadonlySet<Transaction['status']> = new Set([...paid, 'refunded']);

function Refund({ orderId, of }: { readonly orderId: string; readonly of: Transaction }) {
  const { currency } = of.amount;
  return (
    <FormDialog
      title="Refund"
      submitLabel="Send it back"
      submit={(fields, idempotencyKey) => {
        const amount = textOf(fields, 'amount');
        return answerOf(
          api.POST('/v1/transactions/{id}/refunds', {
            params: { path: { id: orderId }, header: { 'Idempotency-Key': idempotencyKey } },
            body: amount === '' ? {} : { amount: { amount, currency } },
          }),
        );
      }}
    >
      <TextInput
        name="amount"
        label={`Amount in ${currency}`}
        description="Left empty: all that is left goes back."
        inputMode="decimal"
      />
      <Text size="sm">
        It is off the client’s balance at once, which may go below zero, and is sent to the provider. Where that refuses
        it, the balance has it back.
      </Text>
    </FormDialog>
  );
}

function Dispute({ orderId }: { readonly orderId: string }) {
  const order = useQuery({
    queryKey: ['order', orderId],
    queryFn: () => answerOf(api.GET('/v1/orders/{id}', { params: { path: { id: orderId } } })),
  });
  const dispute: Schemas['Order']['dispute'] = order.data?.dispute ?? null;
  if (!dispute) return null;
  const isOpen = dispute.status === 'needs_response' || dispute.status === 'under_review';
  return (
    <Alert
      color={isOpen ? 'red' : 'gray'}
      title={`${dispute.isInquiry ? 'The bank asks' : 'Disputed'}: ${words(dispute.reason)}`}
    >
      <Text c="var(--mantine-color-text)">
        {words(dispute.status)}, {money(dispute.amount)}, since {time(dispute.openedAt)}.
        {dispute.answerDueAt ? ` Answer it at the provider until ${time(dispute.answerDueAt)}.` : ''}
        {dispute.isInquiry ? ' Nothing was taken so far.' : ''}
      </Text>
    </Alert>
  );
}

function Facts({ line }: { readonly line: Transaction }) {
  const { amountRefunded, orderId, kind, status } = line;
  const hasDocument = refundable.has(kind) ? documented.has(status) : kind === 'refund' && status !== 'failed';
  return (
    <Card withBorder>
      <Stack gap="xs">
        <Group>
          <Text size="xl" fw={700}>
            {amounts(line)}
          </Text>
          <Status of={status} />
        </Group>
        <Text>
          {time(line.occurredAt)}
          {line.paidAt ? `, paid ${time(line.paidAt)}` : ''}
          {line.expiredAt ? `, over since ${time(line.expiredAt)}` : ''}
        </Text>
        {reasonOf(line) !== '' && <Text>{reasonOf(line)}</Text>}
        {amountRefunded && !isZero(amountRefunded) && <Text>{money(amountRefunded)} went back.</Text>}
        <Text>
          Of{' '}
          <Anchor component={Link} to={`/clients/${line.customerId}`} underline="always" c="var(--mantine-color-text)">
            {line.customerId}
          </Anchor>
          {line.merchantAccountId ? `, on ${line.merchantAccountId}` : ''}
        </Text>
        <Group>
          {orderId !== null && refundable.has(kind) && paid.has(status) && <Refund orderId={orderId} of={line} />}
          {hasDocument && (
            <DocumentButton
              of={time(line.occurredAt)}
              path={`/v1/transactions/${encodeURIComponent(line.id)}/receipt.pdf`}
              fileName={`${line.id}.pdf`}
            >
              {kind === 'refund' ? 'Credit note (PDF)' : 'Receipt (PDF)'}
            </DocumentButton>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

/** One line of the billing history, and everything about the same order or invoice. */
export default function Payment() {
  const { id = '' } = useParams();
  const found = useQuery({
    queryKey: ['transactions', 'one', id],
    queryFn: () => answerOf(api.GET('/v1/transactions/{id}', { params: { path: { id } } })),
  });
  return (
    <Answer of={found}>
      {(line) => (
        <Stack>
          <PageTitle>{words(line.kind)}</PageTitle>
          <Facts line={line} />
          {line.orderId !== null && <Dispute orderId={line.orderId} />}
          <Title order={2} size="h3">
            All that belongs to it
          </Title>
          <PlainTable
            caption="All that belongs to it"
            rows={line.about}
            keyOf={(each) => each.id}
            columns={[
              { title: 'When', cell: ({ occurredAt }) => time(occurredAt) },
              { title: 'What', cell: ({ kind }) => words(kind) },
              { title: 'Outcome', cell: ({ status }) => <Status of={status} /> },
              { title: 'Why', cell: reasonOf },
              { title: 'Amount', numeric: true, cell: amounts },
            ]}
          />
        </Stack>
      )}
    </Answer>
  );
}
