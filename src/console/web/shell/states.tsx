import { Alert, Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Refusal } from '../api/refusal.ts';

/** A page's heading, and the title of its window. */
export function PageTitle({ children, actions }: { readonly children: string; readonly actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${children} · Baisa`;
  }, [children]);
  return (
    <div style={{ display: 'flex', flexWrap: 'wrap', gap: 12, alignItems: 'center', justifyContent: 'space-between' }}>
      <Title order={1} size="h2">
        {children}
      </Title>
      {actions}
    </div>
  );
}

export function Loading() {
  return (
    <Center py="xl" role="status" aria-label="Loading">
      <Loader />
    </Center>
  );
}

/** What was refused or failed, in the API's words, with what its log knows it by. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) {
  const refusal = error instanceof Refusal ? error : undefined;
  const title = refusal?.status === 404 ? 'Not found' : 'This did not work';
  return (
    <Alert color="red" variant="light" title={title} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text c="var(--mantine-color-text)">{refusal?.message ?? 'The service cannot be reached.'}</Text>
        {refusal?.fields.map(({ path, message }) => (
          <Text key={path} size="sm" c="var(--mantine-color-text)">
            {path}: {message}
          </Text>
        ))}
        {refusal?.requestId && (
          <Text size="sm" c="var(--mantine-color-text)">
            Request {refusal.requestId}
          </Text>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <Stack align="center" py="xl" gap="xs">
      <Text fw={600}>{title}</Text>
      {children && (
        <Text component="div" ta="center" maw="32rem">
          {children}
        </Text>
      )}
    </Stack>
  );
}

/** Waiting, refused, or there: every question's three outcomes in one place. */
export function Answer<Data>({
  of,
  children,
}: {
  readonly of: UseQueryResult<Data>;
  readonly children: (data: Data) => ReactNode;
}) {
  if (of.data !== undefined) return children(of.data);
  return of.isError ? <Failure error={of.error} retry={() => void of.refetch()} /> : <Loading />;
}
