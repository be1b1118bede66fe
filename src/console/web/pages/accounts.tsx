import { Alert, Anchor, Card, Group, List, NativeSelect, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api, done } from '../api/client.ts';
import type { Schemas } from '../api/schema.ts';
import { words } from '../format.ts';
import { Action } from '../parts/action.tsx';
import { FormDialog, textOf } from '../parts/form-dialog.tsx';
import { Status } from '../parts/status.tsx';
import { useSession } from '../shell/session-context.ts';
import { Answer, Empty, PageTitle } from '../shell/states.tsx';

/** The account's owner goes to the provider's form, which sends them back. */
function goTo(url: string | null): void {
  if (url !== null) window.location.assign(url);
}

function Connect({ agencyId }: { readonly agencyId: string }) {
  return (
    <FormDialog
      title="Connect an account"
      submitLabel="Go to the provider"
      submit={async (fields, idempotencyKey) => {
        const { onboardingUrl } = await answerOf(
          api.POST('/v1/agencies/{id}/merchant-accounts', {
            params: { path: { id: agencyId }, header: { 'Idempotency-Key': idempotencyKey } },
            body: { provider: 'stripe', country: textOf(fields, 'country').toUpperCase() },
          }),
        );
        goTo(onboardingUrl);
      }}
    >
      <NativeSelect label="Provider" data={[{ value: 'stripe', label: 'Stripe' }]} disabled />
      <TextInput
        name="country"
        label="Country"
        description="Two letters, as in AE."
        required
        minLength={2}
        maxLength={2}
      />
    </FormDialog>
  );
}

function Account({ account, own }: { readonly account: Schemas['MerchantAccount']; readonly own: boolean }) {
  const path = { id: account.agencyId, accountId: account.id };
  const { currentlyDue, pastDue, pendingVerification, disabledReason } = account.requirements;
  const missing = [...new Set([...pastDue, ...currentlyDue])];
  const link = async (): Promise<void> => {
    const { onboardingUrl } = await answerOf(
      api.POST('/v1/agencies/{id}/merchant-accounts/{accountId}/onboarding-link', { params: { path } }),
    );
    goTo(onboardingUrl);
  };
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {words(account.provider)} {account.providerAccountId}
          </Title>
          <Status of={account.status} />
        </Group>
        <Text>
          Charges {account.effectiveCurrency}
          {account.effectiveCurrency === 'USD' ? '' : ` at ${account.usdRate} to the dollar`}. Can charge{' '}
          {account.chargeableCurrencies.join(', ') || 'nothing yet'}.
        </Text>
        {account.currencyNotice && <Alert color="yellow">{account.currencyNotice}</Alert>}
        {missing.length > 0 && (
          <Alert color="yellow" title="Still required">
            <List size="sm">
              {missing.map((name) => (
                <List.Item key={name}>{words(name)}</List.Item>
              ))}
            </List>
          </Alert>
        )}
        {pendingVerification.length > 0 && (
          <Text>The provider is checking {pendingVerification.map(words).join(', ')}.</Text>
        )}
        {disabledReason && <Text>Held back: {words(disabledReason)}.</Text>}
        <Group>
          {account.dashboardUrl && (
            <Anchor href={account.dashboardUrl} underline="always" c="var(--mantine-color-text)">
              The provider’s pages
            </Anchor>
          )}
          {own && account.status !== 'disconnected' && missing.length > 0 && <Action run={link}>Complete it</Action>}
          {own && account.status !== 'disconnected' && (
            <Action
              color="red"
              confirm="Nothing new is sold on it. What was sold, and its history, stay."
              run={() => done(api.DELETE('/v1/agencies/{id}/merchant-accounts/{accountId}', { params: { path } }))}
            >
              Disconnect
            </Action>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

export default function Accounts() {
  const { agencyId, role } = useSession();
  const accounts = useQuery({
    queryKey: ['accounts', agencyId],
    queryFn: () => answerOf(api.GET('/v1/agencies/{id}/merchant-accounts', { params: { path: { id: agencyId } } })),
  });
  const own = role === 'agency';
  return (
    <Stack>
      <PageTitle actions={own && <Connect agencyId={agencyId} />}>Merchant accounts</PageTitle>
      <Answer of={accounts}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No account yet">Connect one, and your plans are published to it.</Empty>
          ) : (
            data.map((account) => <Account key={account.id} account={account} own={own} />)
          )
        }
      </Answer>
    </Stack>
  );
}
