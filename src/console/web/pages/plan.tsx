import { Alert, Badge, Button, Group, List, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from 'react-router';
import { answerOf, api, done } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { date, money, quantity, words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { PagedTable, PlainTable, pageSize } from '../parts/paged-table.tsx';
import { Status } from '../parts/status.tsx';
import { TextLink } from '../parts/text-link.tsx';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';
import { Change, Sold } from './plan/actions.tsx';
import { Price } from './plan/price.tsx';

type Plan = Schemas['Plan'];

/** What is sold, in sentences. */
function Terms({ plan }: { readonly plan: Plan }) {
  const { currency } = plan;
  const frozen = plan.frozen?.usage ?? [];
  const priced = (feature: string): string => {
    const price = frozen.find((line) => line.feature === feature)?.price;
    if (plan.frozen === null) return '';
    return price ? `, then ${money({ amount: price, currency: 'USD' })} each` : ', then it stops';
  };
  return (
    <List>
      <List.Item>
        <Price plan={plan} />
        {plan.tax
          ? `, ${plan.tax.inclusive ? 'with' : 'plus'} ${quantity(plan.tax.percent)} % ${plan.tax.name}`
          : ', without tax'}
      </List.Item>
      {plan.usage?.map(({ feature, included = '0' }) => (
        <List.Item key={feature}>
          {words(feature)}: {quantity(included)} included{priced(feature)}
        </List.Item>
      ))}
      {plan.recurring?.map(({ feature, included, unitPrice }) => (
        <List.Item key={feature}>
          {words(feature)}: {included} included
          {unitPrice ? `, each one more ${money({ amount: unitPrice, currency })} a month` : ''}
        </List.Item>
      ))}
      {plan.packs?.map((pack) => (
        <List.Item key={`${pack.feature} ${pack.quantity}`}>
          Pack: {quantity(pack.quantity)} {words(pack.feature).toLowerCase()} for{' '}
          {money({ amount: pack.price, currency })}
          {pack.validDays ? `, good for ${pack.validDays} days` : ''}
        </List.Item>
      ))}
      {plan.limits?.maxConcurrency && <List.Item>At most {plan.limits.maxConcurrency} calls at once</List.Item>}
      {plan.revenueShare && <List.Item>The agency keeps {quantity(plan.revenueShare.agencyPercent)} %</List.Item>}
    </List>
  );
}

function Draft({ plan }: { readonly plan: Plan }) {
  if (!plan.draft) return null;
  return (
    <Alert color="teal" title={`Version ${plan.draft.version} is drafted`}>
      <Stack align="flex-start" gap="xs">
        <Text c="var(--mantine-color-text)">Clients go on with what they have until it is published.</Text>
        <Action
          color="red"
          confirm="The plan goes back to what is for sale."
          run={() => answerOf(api.DELETE('/v1/plans/{id}/draft', { params: { path: { id: plan.id } } }))}
        >
          Discard the draft
        </Action>
      </Stack>
    </Alert>
  );
}

/** How often a page that is open asks again while something is on its way, in milliseconds. */
const whilePendingMs = 1_000;

function Accounts({ id }: { readonly id: string }) {
  const status = useQuery({
    queryKey: ['catalog', 'status', id],
    queryFn: () => answerOf(api.GET('/v1/catalog/status', { params: { query: { planId: id } } })),
    refetchInterval: ({ state }) => (state.data?.plans.some(({ pending }) => pending > 0) ? whilePendingMs : false),
  });
  return (
    <Answer of={status}>
      {({ data, plans }) => {
        const [progress] = plans;
        if (!progress) return <Empty title="No account carries it">It is published to each account that can.</Empty>;
        return (
          <Stack gap="xs">
            <Progress
              value={(progress.inSync / progress.accounts) * 100}
              aria-label={`${progress.inSync} of ${progress.accounts} accounts`}
            />
            <PlainTable
              caption="Accounts that carry it"
              rows={data}
              keyOf={({ merchantAccountId }) => merchantAccountId}
              columns={[
                { title: 'Account', cell: ({ merchantAccountId }) => merchantAccountId },
                { title: 'Version', numeric: true, cell: ({ version }) => version },
                { title: 'State', cell: (row) => <Status of={row.status} /> },
                { title: 'Why', cell: ({ reason }) => reason ?? '' },
              ]}
            />
          </Stack>
        );
      }}
    </Answer>
  );
}

function Versions({ id, current }: { readonly id: string; readonly current: number }) {
  const versions = useQuery({
    queryKey: ['plan', id, 'versions'],
    queryFn: () => answerOf(api.GET('/v1/plans/{id}/subscribers', { params: { path: { id }, query: { limit: '1' } } })),
  });
  return (
    <Answer of={versions}>
      {({ versions: counted }) =>
        counted.length > 0 && (
          <PlainTable
            caption="Versions that clients live on"
            rows={counted}
            keyOf={({ version }) => String(version)}
            columns={[
              {
                title: 'Version',
                cell: ({ version }) => (
                  <>
                    {version} {version === current && <Badge color="teal">For sale</Badge>}
                  </>
                ),
              },
              { title: 'Clients', numeric: true, cell: ({ subscribers }) => subscribers },
              { title: 'Published', cell: ({ publishedAt }) => (publishedAt ? date(publishedAt) : '') },
            ]}
          />
        )
      }
    </Answer>
  );
}

function Subscribers({ id }: { readonly id: string }) {
  return (
    <PagedTable
      caption="Clients on this plan"
      queryKey={['plan', id, 'subscribers']}
      ask={(after) =>
        answerOf(
          api.GET('/v1/plans/{id}/subscribers', {
            params: { path: { id }, query: { limit: pageSize, ...(after ? { after } : {}) } },
          }),
        )
      }
      columns={[
        { title: 'Client', cell: ({ customerId, name }) => <TextLink to={`/clients/${customerId}`}>{name}</TextLink> },
        { title: 'Version', numeric: true, cell: ({ version }) => version },
        { title: 'State', cell: ({ status }) => <Status of={status} /> },
        { title: 'Since', cell: ({ startedAt }) => date(startedAt) },
      ]}
      keyOf={({ subscriptionId }) => subscriptionId}
      empty={<Empty title="Nobody lives on it yet">Assign it on a client’s page, or let clients choose it.</Empty>}
    />
  );
}

export default function PlanPage() {
  const { id = '' } = useParams();
  const navigate = useNavigate();
  const plan = useQuery({
    queryKey: ['plan', id],
    queryFn: () => answerOf(api.GET('/v1/plans/{id}', { params: { path: { id } } })),
  });
  return (
    <Answer of={plan}>
      {(found) => (
        <Stack>
          <PageTitle
            actions={
              <Group gap="xs">
                {found.status !== 'archived' && (
                  <Button component={Link} to={`/plans/${id}/edit`} size="xs">
                    Edit
                  </Button>
                )}
                <Change plan={found} />
                <Action
                  color="red"
                  confirm="Only a plan that nobody uses is deleted. Its name is free again."
                  run={async () => {
                    await done(api.DELETE('/v1/plans/{id}', { params: { path: { id } } }));
                    void navigate('/plans');
                  }}
                >
                  Delete
                </Action>
              </Group>
            }
          >
            {found.displayName}
          </PageTitle>
          <Group>
            <Text>
              {found.name} · {words(found.type)} · version {found.version}
            </Text>
            <Sold plan={found} />
          </Group>
          {found.description && <Text>{found.description}</Text>}
          <Draft plan={found} />
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <Stack gap="xs">
              <Title order={2} size="h3">
                What is sold
              </Title>
              <Terms plan={found} />
            </Stack>
            <Stack gap="xs">
              <Title order={2} size="h3">
                Where it stands
              </Title>
              <Accounts id={id} />
            </Stack>
          </SimpleGrid>
          <Title order={2} size="h3">
            Who is on which version
          </Title>
          <Versions id={id} current={found.version} />
          <Subscribers id={id} />
        </Stack>
      )}
    </Answer>
  );
}
