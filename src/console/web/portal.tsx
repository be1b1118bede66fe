import { Anchor, Button, Card, Center, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { api, done } from './api/client.ts';
import { useLiveUpdates } from './api/live.ts';
import { Refill } from './pages/client/refill.tsx';
import { Usage } from './pages/client/usage.tsx';
import { Balance } from './portal/balance.tsx';
import { Cards } from './portal/cards.tsx';
import { History } from './portal/history.tsx';
import { type Holder, readHolder } from './portal/holder.ts';
import { Notices } from './portal/notice-list.tsx';
import { Packs } from './portal/packs.tsx';
import { PortalPlan } from './portal/plan.tsx';
import { TopUp } from './portal/top-up.tsx';
import { Worries } from './portal/worries.tsx';
import { start, useBrandColor } from './shell/app.tsx';
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

function Support({ email, url }: NonNullable<Holder['support']>) {
  if (!email && !url) return null;
  return (
    <Text>
      Anything else? Ask us:{' '}
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
  useBrandColor(branding?.color);
  useLiveUpdates('/portal/updates');
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
        <Notices id={id} />
        <Section name="balance" title="Balance">
          <Balance id={id} />
        </Section>
        <Section name="top-up" title="Top up">
          <TopUp id={id} />
          <Packs id={id} />
        </Section>
        <Section name="usage" title="This period">
          <Usage id={id} />
        </Section>
        <PortalPlan id={id} />
        <Section name="cards" title="Cards">
          <Cards id={id} />
        </Section>
        <Section name="refill" title="Auto-refill">
          <Refill id={id} byClient />
        </Section>
        <Section name="history" title="History">
          <History id={id} />
        </Section>
        <Section name="worries" title="Good to know">
          <Worries />
          {support && <Support {...support} />}
        </Section>
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
