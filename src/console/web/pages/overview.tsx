import { SimpleGrid, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../api/client.ts';
import { type Amount, money } from '../format.ts';
import { DayBars } from '../parts/day-bars.tsx';
import { Figure } from '../parts/figure.tsx';
import { PlainTable } from '../parts/paged-table.tsx';
import { useSession } from '../shell/session-context.ts';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

const listed = '100';
/** How many of a list's first page, and whether there are more. */
const count = ({ data, next }: { readonly data: readonly unknown[]; readonly next: string | null }): string =>
  next === null ? String(data.length) : `${data.length}+`;

/** A provider's fee in a currency that nobody paid in makes a line of its own, in which nothing was paid. */
const isZero = ({ amount }: Amount): boolean => /^-?[0.]+$/.test(amount);

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

function Counts() {
  const { role } = useSession();
  const clients = useQuery({
    queryKey: ['clients', 'count'],
    queryFn: () => answerOf(api.GET('/v1/customers', { params: { query: { limit: listed } } })),
  });
  const drift = useQuery({
    queryKey: ['drift', 'count'],
    queryFn: () => answerOf(api.GET('/v1/catalog/drift', { params: { query: { status: 'open', limit: listed } } })),
  });
  const parked = useQuery({
    queryKey: ['events', 'parked', 'count'],
    queryFn: () => answerOf(api.GET('/v1/events', { params: { query: { status: 'parked', limit: listed } } })),
    enabled: role === 'platform',
  });
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
      <Answer of={clients}>
        {(page) => (
          <Figure label="Clients" to="/clients">
            {count(page)}
          </Figure>
        )}
      </Answer>
      <Answer of={drift}>
        {(page) => (
          <Figure label="Changes found at providers" to="/publication">
            {count(page)}
          </Figure>
        )}
      </Answer>
      {role === 'platform' && (
        <Answer of={parked}>
          {(page) => (
            <Figure label="Parked events" to="/events?status=parked">
              {count(page)}
            </Figure>
          )}
        </Answer>
      )}
    </SimpleGrid>
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
      <Counts />
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
        {({ data }) => (
          <PlainTable
            caption="Revenue by plan"
            rows={data.filter(({ gross, refunds }) => !isZero(gross) || !isZero(refunds))}
            keyOf={({ group, currency }) => `${group} ${currency}`}
            columns={[
              { title: 'Plan', cell: ({ name, group }) => name ?? group ?? 'No plan' },
              { title: 'Paid', numeric: true, cell: ({ gross }) => money(gross) },
              { title: 'Refunded', numeric: true, cell: ({ refunds }) => money(refunds) },
              { title: 'Platform’s share', numeric: true, cell: ({ platformShare }) => money(platformShare) },
              { title: 'Agency’s share', numeric: true, cell: ({ agencyShare }) => money(agencyShare) },
            ]}
          />
        )}
      </Answer>
    </Stack>
  );
}
