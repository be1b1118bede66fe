import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { type SubmitEvent, useState } from 'react';
import { type Session, signIn } from '../api/session.ts';
import { sandboxUrl } from './app.tsx';
import { Failure } from './states.tsx';

export function SignIn({ onSignedIn }: { readonly onSignedIn: (session: Session) => void }) {
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      onSignedIn(await signIn(key.trim()));
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420} radius="md">
        <form onSubmit={(event) => void submit(event)}>
          <Stack>
            <Title order={1} size="h2">
              Baisa console
            </Title>
            <Text>
              Sign in with the platform’s key or an agency’s. It is sent once and kept nowhere in this browser.
            </Text>
            <PasswordInput
              label="Key"
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              autoComplete="off"
              required
              visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
            />
            {sandboxUrl !== '' && <Text size="sm">In a sandbox, `npm start` prints the platform’s key.</Text>}
            {error !== null && <Failure error={error} />}
            <Button type="submit" loading={busy}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
