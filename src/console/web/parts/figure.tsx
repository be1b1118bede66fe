import { Paper, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

/** One figure with its name; with `to`, a link to what it counts. */
export function Figure({
  label,
  children,
  to,
}: {
  readonly label: string;
  readonly children: ReactNode;
  readonly to?: string;
}) {
  const content = (
    <Paper withBorder p="md" radius="md" h="100%">
      <Text size="sm">{label}</Text>
      <Text size="xl" fw={700} component="div">
        {children}
      </Text>
    </Paper>
  );
  return to === undefined ? (
    content
  ) : (
    <Link to={to} style={{ color: 'inherit', textDecoration: 'none' }}>
      {content}
    </Link>
  );
}
