import { Alert, Group, SimpleGrid, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { answerOf, api } from '../api/client.ts';
import { money, words } from '../format.ts';
import { Figure } from '../parts/figure.tsx';
import { Status } from '../parts/status.tsx';
import { Answer, PageTitle } from '../shell/states.tsx';
import { Cards } from './client/cards.tsx';
import { ChangeClient } from './client/change-client.tsx';
import { History } from './client/history.tsx';
import { Invoices } from './client/invoices.tsx';
import { Licences } from './client/licences.tsx';
import { Offers } from './client/offers.tsx';
import { Plan } from './client/plan.tsx';
import { PortalLink } from './client/portal-link.tsx';
import { Refill } from './client/refill.tsx';
import { Statement } from './client/statement.tsx';
import { Usage } from './client/usage.tsx';

function Balance({ id }: { readonly id: string }) {
  const balance = useQuery({
    queryKey: ['client', id, 'balance'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/balance', { params: { path: { id } } })),
  });
  return (
    <Answer of={balance}>
      {(now) => (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <Figure label="Balance">{money(now.balance)}</Figure>
          <Figure label="Set aside for calls">{money(now.held)}</Figure>
          <Figure label="Available">{money(now.available)}</Figure>
          <Figure label="State">
            <Status of={now.status} />
          </Figure>
        </SimpleGrid>
      )}
    </Answer>
  );
}

const tabs = [
  { value: 'statement', Content: Statement },
  { value: 'plan', Content: Plan },
  { value: 'invoices', Content: Invoices },
  { value: 'offers', Content: Offers },
  { value: 'usage', Content: Usage },
  { value: 'cards', Content: Cards },
  { value: 'refill', Content: Refill },
  { value: 'licences', Content: Licences },
  { value: 'history', Content: History },
] as const;
const tabNames: Readonly<Record<string, string>> = { refill: 'Auto-refill' };

export default function Client() {
  const { id = '' } = useParams();
  const client = useQuery({
    queryKey: ['client', id],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}', { params: { path: { id } } })),
  });
  return (
    <Answer of={client}>
      {(found) => (
        <Stack>
          <PageTitle
            actions={
              <Group gap="xs">
                <ChangeClient client={found} />
                <PortalLink id={id} />
              </Group>
            }
          >
            {found.name}
          </PageTitle>
          {found.disabled && (
            <Alert color="red" title="Disabled">
              <Text c="var(--mantine-color-text)">Its portal is closed, and nothing new is sold to it.</Text>
            </Alert>
          )}
          <Text>
            {found.email} · pays {found.collection === 'card' ? 'by card' : 'outside, by invoice'}
            {found.externalId ? ` · your id ${found.externalId}` : ''}
          </Text>
          <Balance id={id} />
          <Tabs defaultValue="statement" keepMounted={false}>
            <Tabs.List>
              {tabs.map(({ value }) => (
                <Tabs.Tab key={value} value={value}>
                  {tabNames[value] ?? words(value)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {tabs.map(({ value, Content }) => (
              <Tabs.Panel key={value} value={value} pt="md">
                <Content id={id} />
              </Tabs.Panel>
            ))}
          </Tabs>
        </Stack>
      )}
    </Answer>
  );
}
