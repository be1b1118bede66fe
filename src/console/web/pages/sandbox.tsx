import { Anchor, Button, Card, CopyButton, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, type SubmitEvent, useState } from 'react';
import { sandbox } from '../api/sandbox.ts';
import { time, words } from '../format.ts';
import { Figure } from '../parts/figure.tsx';
import { PlainTable } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { sandboxUrl } from '../shell/app.tsx';
import { Answer, Empty, Failure, PageTitle } from '../shell/states.tsx';
import { Faults } from './sandbox/faults.tsx';

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Stack>
        <Title order={2} size="h3">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}

const steps = [
  { label: 'An hour', advance: '1h' },
  { label: 'A day', advance: '1d' },
  { label: 'A week', advance: '1w' },
  { label: '31 days', advance: '31d' },
] as const;

function Clock() {
  const queries = useQueryClient();
  const clock = useQuery({ queryKey: ['sandbox', 'clock'], queryFn: sandbox.clock });
  const [day, setDay] = useState('');
  const move = useMutation({
    mutationFn: sandbox.moveClock,
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' }),
  });
  const moveTo = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    move.mutate({ to: `${day}T00:00:00Z` });
  };
  return (
    <Section title="Clock">
      <Answer of={clock}>
        {({ now }) => (
          <Text role="status" aria-label="The sandbox’s time">
            It is {time(now)}.
          </Text>
        )}
      </Answer>
      <Text size="sm">
        Renewals, retries, reminders and expiries happen as it passes them. It only moves forward, for the service and
        its provider at once. Clients are signed out of the portal as hours pass; you are not.
      </Text>
      <Group>
        {steps.map(({ label, advance }) => (
          <Button
            key={advance}
            size="xs"
            variant="default"
            disabled={move.isPending}
            onClick={() => move.mutate({ advance })}
          >
            {`${label} later`}
          </Button>
        ))}
      </Group>
      <form onSubmit={moveTo}>
        <Group align="end">
          <TextInput
            label="To the beginning of a day (UTC)"
            type="date"
            required
            value={day}
            onChange={({ currentTarget }) => setDay(currentTarget.value)}
          />
          <Button type="submit" size="xs" variant="default" disabled={move.isPending}>
            Move to it
          </Button>
        </Group>
      </form>
      {move.isPending && <Text role="status">What falls due on the way is being done.</Text>}
      {move.isError && <Failure error={move.error} />}
    </Section>
  );
}

/** How often deliveries are asked for while some are on their way, in milliseconds. */
const whileInFlightMs = 1_000;

function Deliveries() {
  const deliveries = useQuery({
    queryKey: ['sandbox', 'deliveries'],
    queryFn: sandbox.deliveries,
    refetchInterval: ({ state }) => ((state.data?.inFlight ?? 0) > 0 ? whileInFlightMs : false),
  });
  return (
    <Section title="Deliveries">
      <Answer of={deliveries}>
        {({ inFlight, counts, data }) => (
          <>
            <Group>
              <Figure label="In flight">{inFlight}</Figure>
              {Object.entries(counts).map(([status, count]) => (
                <Figure key={status} label={words(status)}>
                  {count}
                </Figure>
              ))}
            </Group>
            {data.length === 0 ? (
              <Empty title="Nothing was delivered yet">Pay something, and its events appear here.</Empty>
            ) : (
              <PlainTable
                caption="Deliveries"
                rows={data.slice(0, deliveriesShown)}
                keyOf={({ id }) => String(id)}
                columns={[
                  { title: 'Event', cell: ({ type, eventId }) => type ?? eventId },
                  { title: 'Outcome', cell: ({ status }) => <Status of={status} /> },
                  { title: 'Attempts', numeric: true, cell: ({ attempts }) => attempts },
                  { title: 'Answer', cell: ({ lastResult }) => lastResult ?? '' },
                  { title: 'Due', cell: ({ dueAt }) => time(dueAt) },
                  { title: 'Account', cell: ({ account }) => account },
                ]}
              />
            )}
          </>
        )}
      </Answer>
    </Section>
  );
}

/** The newest; all of them are on the sandbox's own page. */
const deliveriesShown = 50;

function TestCards() {
  const cards = useQuery({ queryKey: ['sandbox', 'cards'], queryFn: sandbox.testCards, staleTime: Infinity });
  return (
    <Section title="Test cards">
      <Answer of={cards}>
        {({ data }) => (
          <PlainTable
            caption="Test cards"
            rows={data}
            keyOf={({ number }) => number}
            columns={[
              { title: 'What it does', cell: ({ label }) => label },
              { title: 'Number', cell: ({ number }) => number },
              {
                title: 'Copy',
                cell: ({ number }) => (
                  <CopyButton value={number}>
                    {({ copied, copy }) => (
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={`${copied ? 'Copied' : 'Copy'} ${number}`}
                        onClick={copy}
                      >
                        {copied ? 'Copied' : 'Copy'}
                      </Button>
                    )}
                  </CopyButton>
                ),
              },
            ]}
          />
        )}
      </Answer>
    </Section>
  );
}

/** The local provider: what time it is there, what goes wrong, and what is on its way. */
export default function Sandbox() {
  if (sandboxUrl === '') return <Empty title="There is no sandbox here: money is real." />;
  return (
    <Stack>
      <PageTitle>Sandbox</PageTitle>
      <Text>
        A local stand-in for the provider answers in its place: no card is charged and no money moves.{' '}
        <Anchor href={`${sandboxUrl}/sandbox`} underline="always" inherit c="inherit">
          Its own page
        </Anchor>{' '}
        refunds, disputes and fails payments as the provider’s side.
      </Text>
      <Clock />
      <Faults />
      <Deliveries />
      <TestCards />
    </Stack>
  );
}
