import { Anchor, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { money, quantity, time, words } from '../../format.ts';
import { PagedTable, PlainTable, pageSize } from '../../parts/paged-table.tsx';
import { postingName } from '../../parts/posting-names.ts';
import { TextLink } from '../../parts/text-link.tsx';
import { useSession } from '../../shell/session-context.ts';
import { Answer, Empty } from '../../shell/states.tsx';

type Line = Schemas['BalanceExplanation']['data'][number];

const explanationOf = (id: string, limit: string, after?: string) =>
  answerOf(
    api.GET('/v1/customers/{id}/balance/explanation', {
      params: { path: { id }, query: { limit, ...(after ? { after } : {}) } },
    }),
  );

/** What made a line: the provider's event, the order or the usage behind it. */
function Cause({ line }: { readonly line: Line }) {
  const { role } = useSession();
  const [opened, { open, close }] = useDisclosure();
  const { event } = line;
  return (
    <>
      <Anchor component="button" inherit underline="always" c="var(--mantine-color-text)" onClick={open}>
        {postingName(line.code)}
      </Anchor>
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        title={`${postingName(line.code)}, ${money(line.amount)}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack gap="xs">
          <Text>
            Posted {time(line.postedAt)} as line {line.sequence}; the balance after it was {money(line.balanceAfter)}.
          </Text>
          <Text style={{ wordBreak: 'break-word' }}>Posted by {line.source}.</Text>
          {event && (
            <Text>
              Heard through the provider’s event {event.type}:{' '}
              {role === 'platform' ? (
                <TextLink to={`/events?event=${event.id}`}>{event.eventId}</TextLink>
              ) : (
                event.eventId
              )}
              .
            </Text>
          )}
          {line.orderId && <Text>It belongs to the order {line.orderId}.</Text>}
          {line.usage.length > 0 && (
            <PlainTable
              caption="Usage that it carries"
              rows={line.usage}
              keyOf={(used) => used.id}
              columns={[
                { title: 'Event', cell: (used) => used.id },
                { title: 'Of', cell: ({ feature }) => words(feature) },
                { title: 'How much', numeric: true, cell: (used) => quantity(used.quantity) },
                { title: 'Cost', numeric: true, cell: ({ cost }) => money(cost) },
              ]}
            />
          )}
          <Text size="sm" style={{ wordBreak: 'break-all' }}>
            Reference: {line.reference}
          </Text>
        </Stack>
      </Modal>
    </>
  );
}

interface ExplainedProps {
  readonly id: string;
  /** Stands beside it. */
  readonly actions: ReactNode;
}

/** What the balance is made of, by kind of posting: the amounts come to it. */
function Composition({ id, actions }: ExplainedProps) {
  const [shown, { toggle }] = useDisclosure();
  const parts = useQuery({
    queryKey: ['client', id, 'composition'],
    queryFn: () => explanationOf(id, '1'),
    enabled: shown,
  });
  return (
    <Stack align="flex-start" gap="xs">
      <Group gap="xs">
        {actions}
        <Button variant="default" size="xs" aria-expanded={shown} onClick={toggle}>
          What the balance is made of
        </Button>
      </Group>
      {shown && (
        <Answer of={parts}>
          {({ balance, parts: made }) => (
            <>
              <PlainTable
                caption="What the balance is made of"
                rows={made}
                keyOf={({ code }) => code}
                columns={[
                  { title: 'Kind', cell: ({ code }) => postingName(code) },
                  { title: 'Lines', numeric: true, cell: ({ lines }) => lines },
                  { title: 'Sum', numeric: true, cell: ({ amount }) => money(amount) },
                ]}
              />
              <Text>Together {money(balance)}.</Text>
            </>
          )}
        </Answer>
      )}
    </Stack>
  );
}

/** Every line as the ledger has it, with the balance after it; each opens to what caused it. */
export function ExplainedStatement({ id, actions }: ExplainedProps) {
  return (
    <>
      <Composition id={id} actions={actions} />
      <PagedTable
        caption="Statement"
        queryKey={['client', id, 'explanation']}
        ask={(after) => explanationOf(id, pageSize, after)}
        columns={[
          { title: 'When', cell: ({ postedAt }) => time(postedAt) },
          { title: 'What', cell: (line) => <Cause line={line} /> },
          { title: 'Amount', numeric: true, cell: ({ amount }) => money(amount) },
          { title: 'Balance after', numeric: true, cell: ({ balanceAfter }) => money(balanceAfter) },
        ]}
        keyOf={({ sequence }) => String(sequence)}
        empty={<Empty title="Nothing was posted yet" />}
      />
    </>
  );
}
