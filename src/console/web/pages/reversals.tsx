import { Stack, Text, Title } from '@mantine/core';
import { AgencyChoice, useAgencyId } from '../parts/agency-choice.tsx';
import { TransactionTable } from '../parts/transactions.tsx';
import { PageTitle } from '../shell/states.tsx';

const lists = [
  { kind: 'refund', title: 'Refunds', empty: 'Nothing was refunded' },
  { kind: 'dispute', title: 'Disputes', empty: 'No bank has taken anything back' },
  { kind: 'inquiry', title: 'Questions of banks', empty: 'No bank has asked' },
] as const;

/** Money that went back, or that somebody wants back. */
export default function Reversals() {
  const agencyId = useAgencyId();
  return (
    <Stack>
      <PageTitle actions={<AgencyChoice />}>Refunds and disputes</PageTitle>
      <Text>
        A payment is refunded from its own page. A dispute is answered at the provider; what the bank takes is off the
        client’s balance until it is won.
      </Text>
      {lists.map(({ kind, title, empty }) => (
        <Stack key={kind} gap="xs">
          <Title order={2} size="h3">
            {title}
          </Title>
          <TransactionTable caption={title} agencyId={agencyId} filter={{ kind }} empty={empty} />
        </Stack>
      ))}
    </Stack>
  );
}
