import { Alert, Anchor, Button, Card, Center, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { answerOf, api, done } from './api/client.ts';
import { money } from './format.ts';
import { Cards } from './pages/client/cards.tsx';
import { Refill } from './pages/client/refill.tsx';
import { StatementLines } from './pages/client/statement.tsx';
import { Usage } from './pages/client/usage.tsx';
import { AddCard } from './portal/add-card.tsx';
import { type Holder, readHolder } from './portal/holder.ts';
import { PortalPlan } from './portal/plan.tsx';
import { TopUp } from './portal/top-up.tsx';
import { start } from './shell/app.tsx';
import { SandboxBanner, ThemeSwitch } from './shell/frame.tsx';
import { Answer, Empty } from './shell/states.tsx';

function Section({
  name,
  title,
  children,
}: {
  readonly name: string;
  readonly title: string;
  readonly children: ReactNode;
}) {
  return (
    <Card withBorder component="section" aria-labelledby={name}>
      <Stack>
        <Title order={2} size="h3" id={name}>
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}

function Balance({ id }: { readonly id: string }) {
  const balance = useQuery({
    queryKey: ['client', id, 'balance'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/balance', { params: { path: { id } } })),
  });
  return (
    <Answer of={balance}>
      {({ available, held, status }) => (
        <Stack gap="xs">
          <Text size="2rem" fw={700} role="status" aria-label="Available balance">
            {money(available)}
          </Text>
          {/^0*\.?0*$/.test(held.amount) ? null : <Text>{money(held)} more is set aside for calls that are on.</Text>}
          {status === 'paused' && (
            <Alert color="red" title="Your service is paused">
              <Text c="var(--mantine-color-text)">It goes on as soon as your balance is above zero: top up below.</Text>
            </Alert>
          )}
        </Stack>
      )}
    </Answer>
  );
}

function Support({ email, url }: NonNullable<Holder['support']>) {
  if (!email && !url) return null;
  return (
    <Text size="sm">
      Questions?{' '}
      {email && (
        <Anchor href={`mailto:${email}`} underline="always" c="var(--mantine-color-text)">
          {email}
        </Anchor>
      )}{' '}
      {url && (
        <Anchor href={url} underline="always" c="var(--mantine-color-text)">
          Help
        </Anchor>
      )}
    </Text>
  );
}

async function leave(): Promise<void> {
  await done(api.DELETE('/v1/portal-sessions/current'));
  window.location.reload();
}

function Account({ holder }: { readonly holder: Holder }) {
  const { agencyName, customerName, customerId: id, branding, support } = holder;
  useEffect(() => {
    document.title = agencyName;
  }, [agencyName]);
  return (
    <>
      <SandboxBanner />
      <div style={{ borderTop: `4px solid ${branding?.color ?? 'var(--mantine-color-teal-9)'}` }} />
      <Stack component="main" p="md" maw={820} mx="auto">
        <Group justify="space-between" component="header">
          <Group gap="sm">
            {branding?.logoUrl && <img src={branding.logoUrl} alt="" height={40} />}
            <div>
              <Title order={1} size="h2">
                {agencyName}
              </Title>
              <Text>{customerName}</Text>
            </div>
          </Group>
          <Group gap="xs">
            <ThemeSwitch />
            <Button size="xs" variant="default" onClick={() => void leave()}>
              Sign out
            </Button>
          </Group>
        </Group>
        <Section name="balance" title="Balance">
          <Balance id={id} />
        </Section>
        <Section name="top-up" title="Top up">
          <TopUp id={id} />
        </Section>
        <Section name="usage" title="This period">
          <Usage id={id} />
        </Section>
        <PortalPlan id={id} />
        <Section name="cards" title="Cards">
          <Cards id={id} level={3} />
          <AddCard id={id} />
        </Section>
        <Section name="refill" title="Auto-refill">
          <Refill id={id} byClient />
        </Section>
        <Section name="history" title="History">
          <StatementLines id={id} />
        </Section>
        {support && <Support {...support} />}
      </Stack>
    </>
  );
}

function Portal() {
  const holder = useQuery({ queryKey: ['holder'], queryFn: readHolder, staleTime: Number.POSITIVE_INFINITY });
  return (
    <Answer of={holder}>
      {(found) =>
        found ? (
          <Account holder={found} />
        ) : (
          <Center mih="60vh">
            <Empty title="You are signed out">Ask for a new link where you got your last one.</Empty>
          </Center>
        )
      }
    </Answer>
  );
}

start(new URL('../portal', document.baseURI).pathname, <Portal />);
