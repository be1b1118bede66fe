import { NativeSelect, SimpleGrid, Stack, Title } from '@mantine/core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../api/client.ts';
import { type Amount, money } from '../format.ts';
import { DayBars, dayBefore } from '../parts/day-bars.tsx';
import { Figure } from '../parts/figure.tsx';
import { PlainTable } from '../parts/paged-table.tsx';
import { PlanBars } from '../parts/plan-bars.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { useSession } from '../shell/session-context.ts';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

/** A provider's fee in a currency that nobody paid in makes a line of its own, in which nothing was paid. */
const isZero = ({ amount }: Amount): boolean => /^-?[0.]+$/.test(amount);

/** Whose figures are shown: of everybody, which revenue is not summed over, or of one. */
function Agency({ value, onValue }: { readonly value: string; readonly onValue: (id: string) => void }) {
  const agencies = useQuery({
    queryKey: ['agencies', 'first'],
    queryFn: () => answerOf(api.GET('/v1/agencies', { params: { query: { limit: '100' } } })),
  });
  return (
    <Answer of={agencies}>
      {({ data }) => (
        <NativeSelect
          label="Agency"
          w={320}
          value={value}
          data={[{ value: '', label: 'All' }, ...data.map(({ id, name }) => ({ value: id, label: name }))]}
          onChange={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Answer>
  );
}

const useOverview = (agencyId: string) =>
  useQuery({
    queryKey: ['overview', agencyId],
    queryFn: () => answerOf(api.GET('/v1/overview', { params: { query: agencyId === '' ? {} : { agencyId } } })),
  });

/** Counts and sums of this moment, each a link to what it is made of. */
function Figures({ agencyId }: { readonly agencyId: string }) {
  const clientsWith = (filter: Readonly<Record<string, string>>): string =>
    `/clients?${new URLSearchParams({ ...filter, ...(agencyId === '' ? {} : { agency: agencyId }) })}`;
  return (
    <Answer of={useOverview(agencyId)}>
      {({ clients, paused, failingRefills, prepaid, owed, driftedPlans, driftChanges, parkedEvents }) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <Figure label="Balances held" to={clientsWith({})}>
            {money(prepaid)}
          </Figure>
          <Figure label="Owed below zero" to={clientsWith({ state: 'paused' })}>
            {money(owed)}
          </Figure>
          <Figure label="Clients" to={clientsWith({})}>
            {clients}
          </Figure>
          <Figure label="Clients paused" to={clientsWith({ state: 'paused' })}>
            {paused}
          </Figure>
          <Figure label="Refills that fail" to={clientsWith({ refill: 'failing' })}>
            {failingRefills}
          </Figure>
          <Figure label="Plans drifted" to="/publication">
            {driftedPlans}
            {driftChanges > driftedPlans ? ` (${driftChanges} changes)` : ''}
          </Figure>
          {parkedEvents !== null && (
            <Figure label="Parked events" to="/events?status=parked">
              {parkedEvents}
            </Figure>
          )}
        </SimpleGrid>
      )}
    </Answer>
  );
}

/** `to` is the service's day, which a sandbox's clock may have moved away from the browser's. */
function useRevenue(agencyId: string, to: string | undefined, groupBy: 'day' | 'plan') {
  return useQuery({
    queryKey: ['revenue', agencyId, to, groupBy],
    queryFn:
      to === undefined
        ? skipToken
        : () =>
            answerOf(
              api.GET('/v1/agencies/{id}/revenue', {
                params: { path: { id: agencyId }, query: { groupBy, from: dayBefore(to, 29), to } },
              }),
            ),
  });
}

/** Thirty days of revenue, summed by the ledger: nothing here adds anything up. */
export default function Overview() {
  const session = useSession();
  const [chosen, setChosen] = useState('');
  const agencyId = chosen === '' ? session.agencyId : chosen;
  const listOf = (path: string): string =>
    chosen === '' ? path : `${path}?${new URLSearchParams({ agency: chosen })}`;
  const today = useOverview(chosen).data?.asOf.slice(0, 10);
  const [byDay, byPlan] = [useRevenue(agencyId, today, 'day'), useRevenue(agencyId, today, 'plan')];
  return (
    <Stack>
      <PageTitle>Overview</PageTitle>
      {session.role === 'platform' && <Agency value={chosen} onValue={setChosen} />}
      <Figures agencyId={chosen} />
      <Title order={2} size="h3">
        {session.role === 'platform' && chosen === ''
          ? 'The platform’s own revenue, the last 30 days'
          : 'Revenue of the last 30 days'}
      </Title>
      <Answer of={byDay}>
        {({ data, totals, to }) =>
          totals.every(({ gross }) => isZero(gross)) ? (
            <Empty title="No revenue yet">What clients pay appears here as soon as the provider confirms it.</Empty>
          ) : (
            <Stack>
              {totals
                .filter(({ gross }) => !isZero(gross))
                .map((total) => (
                  <Stack key={total.currency} gap="xs">
                    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
                      <Figure label="Paid by clients" to={listOf('/payments')}>
                        {money(total.gross)}
                      </Figure>
                      <Figure label="The platform’s share" to={listOf('/payments')}>
                        {money(total.platformShare)}
                      </Figure>
                      <Figure label="The agency’s share" to={listOf('/payments')}>
                        {money(total.agencyShare)}
                      </Figure>
                      <Figure label="Refunded" to={listOf('/reversals')}>
                        {money(total.refunds)}
                      </Figure>
                    </SimpleGrid>
                    <DayBars
                      label={`Paid by clients by day, in ${total.currency}`}
                      until={to}
                      days={data
                        .filter(({ currency }) => currency === total.currency)
                        .map(({ group, gross }) => ({ day: group ?? '', amount: gross }))}
                    />
                  </Stack>
                ))}
            </Stack>
          )
        }
      </Answer>
      <Title order={2} size="h3">
        By plan
      </Title>
      <Answer of={byPlan}>
        {({ data, totals }) => {
          const rows = data.filter(({ gross, refunds }) => !isZero(gross) || !isZero(refunds));
          return (
            <Stack>
              {totals
                .filter(({ gross }) => !isZero(gross))
                .map(({ currency }) => (
                  <PlanBars key={currency} lines={rows.filter((row) => row.currency === currency)} />
                ))}
              <PlainTable
                caption="Revenue by plan"
                rows={rows}
                keyOf={({ group, currency }) => `${group} ${currency}`}
                columns={[
                  {
                    title: 'Plan',
                    cell: ({ name, group }) =>
                      group === null ? 'No plan' : <TextLink to={`/plans/${group}`}>{name ?? group}</TextLink>,
                  },
                  { title: 'Paid', numeric: true, cell: ({ gross }) => money(gross) },
                  { title: 'Refunded', numeric: true, cell: ({ refunds }) => money(refunds) },
                  { title: 'Platform’s share', numeric: true, cell: ({ platformShare }) => money(platformShare) },
                  { title: 'Agency’s share', numeric: true, cell: ({ agencyShare }) => money(agencyShare) },
                ]}
              />
            </Stack>
          );
        }}
      </Answer>
    </Stack>
  );
}
