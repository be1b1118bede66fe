import { SimpleGrid, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../api/client.ts';
import { type Amount, money } from '../format.ts';
import { DayBars } from '../parts/day-bars.tsx';
import { Figure } from '../parts/figure.tsx';
import { PlainTable } from '../parts/paged-table.tsx';
import { PlanBars } from '../parts/plan-bars.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { useSession } from '../shell/session-context.ts';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

/** A provider's fee in a currency that nobody paid in makes a line of its own, in which nothing was paid. */
const isZero = ({ amount }: Amount): boolean => /^-?[0.]+$/.test(amount);

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** Counts and sums of this moment, each a link to what it is made of. */
function Figures() {
  const overview = useQuery({ queryKey: ['overview'], queryFn: () => answerOf(api.GET('/v1/overview')) });
  return (
    <Answer of={overview}>
      {({ clients, paused, failingRefills, prepaid, owed, driftedPlans, driftChanges, parkedEvents }) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <Figure label="Balances held" to="/clients">
            {money(prepaid)}
          </Figure>
          <Figure label="Owed below zero" to="/clients?state=paused">
            {money(owed)}
          </Figure>
          <Figure label="Clients" to="/clients">
            {clients}
          </Figure>
          <Figure label="Clients paused" to="/clients?state=paused">
            {paused}
          </Figure>
          <Figure label="Refills that fail" to="/clients?refill=failing">
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

function useRevenue(groupBy: 'day' | 'plan') {
  const { agencyId } = useSession();
  return useQuery({
    queryKey: ['revenue', agencyId, groupBy],
    queryFn: () =>
      answerOf(
        api.GET('/v1/agencies/{id}/revenue', {
          params: { path: { id: agencyId }, query: { groupBy, from: day(-29), to: day(0) } },
        }),
      ),
  });
}

/** Thirty days of revenue, summed by the ledger: nothing here adds anything up. */
export default function Overview() {
  const [byDay, byPlan] = [useRevenue('day'), useRevenue('plan')];
  return (
    <Stack>
      <PageTitle>Overview</PageTitle>
      <Figures />
      <Title order={2} size="h3">
        Revenue of the last 30 days
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
                      <Figure label="Paid by clients">{money(total.gross)}</Figure>
                      <Figure label="The platform’s share">{money(total.platformShare)}</Figure>
                      <Figure label="The agency’s share">{money(total.agencyShare)}</Figure>
                      <Figure label="Refunded">{money(total.refunds)}</Figure>
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
