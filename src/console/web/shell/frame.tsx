import {
  Anchor,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import type { Session } from '../api/session.ts';
import { sandboxUrl } from './app.tsx';

export interface Section {
  readonly path: string;
  readonly label: string;
  /** The platform's own: an agency's key is refused there. */
  readonly platformOnly?: boolean;
}

export function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'light' ? 'dark' : 'light';
  return (
    <Button variant="default" size="xs" onClick={() => setColorScheme(other)}>
      {other === 'dark' ? 'Dark' : 'Light'}
    </Button>
  );
}

export function SandboxBanner() {
  if (sandboxUrl === '') return null;
  return (
    <Text component="div" size="sm" px="md" py={4} bg="yellow.3" c="black" role="note">
      This is a sandbox: no card is charged and no money moves. Its clock, faults and cards are at{' '}
      <Anchor href={`${sandboxUrl}/sandbox`} c="black" underline="always" inherit>
        the sandbox’s own page
      </Anchor>
      .
    </Text>
  );
}

interface FrameProps {
  readonly session: Session;
  readonly sections: readonly Section[];
  readonly onSignOut: () => void;
  readonly children: ReactNode;
}

/** What stands around every page of the console. */
export function Frame({ session, sections, onSignOut, children }: FrameProps) {
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const shown = sections.filter(({ platformOnly }) => !platformOnly || session.role === 'platform');
  const current = (path: string): boolean => (path === '/' ? pathname === '/' : pathname.startsWith(path));
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
      transitionDuration={0}
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Text fw={700}>Baisa</Text>
            <Text truncate>{session.agencyName}</Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ThemeSwitch />
            <Button variant="default" size="xs" onClick={onSignOut}>
              Sign out
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Sections">
        {shown.map(({ path, label }) => (
          <NavLink
            key={path}
            component={Link}
            to={path}
            label={label}
            active={current(path)}
            color="gray"
            variant="light"
            c="var(--mantine-color-text)"
            {...(current(path) ? { 'aria-current': 'page' as const, fw: 700 } : {})}
            onClick={close}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <SandboxBanner />
        <div style={{ maxWidth: 1200, margin: '1rem auto 0' }}>{children}</div>
      </AppShell.Main>
    </AppShell>
  );
}
