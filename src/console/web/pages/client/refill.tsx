import { Alert, Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { money, time, words } from '../../format.ts';
import { Action } from '../../parts/action.tsx';
import { FormDialog, textOf } from '../../parts/form-dialog.tsx';
import { PlainTable } from '../../parts/paged-table.tsx';
import { Status } from '../../parts/status.tsx';
import { Answer } from '../../shell/states.tsx';

export function RefillForm({ id, refill }: { readonly id: string; readonly refill: Schemas['AutoRefill'] }) {
  const usd = (amount: string) => ({ amount, currency: 'USD' });
  return (
    <FormDialog
      title="Set auto-refill"
      submitLabel="Save"
      submit={(fields) => {
        const limit = textOf(fields, 'limit');
        return answerOf(
          api.PUT('/v1/customers/{id}/auto-refill', {
            params: { path: { id } },
            body: {
              enabled: fields.get('enabled') !== null,
              threshold: usd(textOf(fields, 'threshold')),
              amount: usd(textOf(fields, 'amount')),
              monthlyLimit: limit === '' ? null : usd(limit),
            },
          }),
        );
      }}
    >
      <Switch name="enabled" label="On" defaultChecked={refill.enabled} />
      <TextInput
        name="threshold"
        label="Below, in US dollars"
        inputMode="decimal"
        required
        defaultValue={refill.threshold.amount}
      />
      <TextInput
        name="amount"
        label="Charge, in US dollars"
        inputMode="decimal"
        required
        defaultValue={refill.amount.amount}
      />
      <TextInput
        name="limit"
        label="At most a month, in US dollars"
        inputMode="decimal"
        description="May be empty."
        defaultValue={refill.monthlyLimit?.amount ?? ''}
      />
    </FormDialog>
  );
}

/** `byClient`: the client itself looks, who cannot tell the breaker that its card pays again. */
export function Refill({ id, byClient = false }: { readonly id: string; readonly byClient?: boolean }) {
  const path = { params: { path: { id } } };
  const refill = useQuery({
    queryKey: ['client', id, 'refill'],
    queryFn: () => answerOf(api.GET('/v1/customers/{id}/auto-refill', path)),
  });
  return (
    <Answer of={refill}>
      {(now) => (
        <Stack>
          <Group>
            <Text>
              {now.enabled
                ? `On: below ${money(now.threshold)} the default card is charged for ${money(now.amount)}.`
                : 'Off.'}{' '}
              This month {money(now.refilledThisMonth)}
              {now.monthlyLimit ? ` of at most ${money(now.monthlyLimit)}` : ''}.
            </Text>
            <RefillForm id={id} refill={now} />
          </Group>
          {now.inFlight && <Text>A refill of {money(now.inFlight.amount)} is on its way.</Text>}
          {(now.enabled || !byClient) && (
            <Group>
              <Text>{byClient ? 'Charging your card:' : 'Breaker:'}</Text>
              <Status of={byClient ? (now.breaker.state === 'closed' ? 'active' : 'paused') : now.breaker.state} />
              {now.breaker.state !== 'closed' && !byClient && (
                <Action
                  confirm="For when you know that the card pays again."
                  run={() => answerOf(api.POST('/v1/customers/{id}/auto-refill/reset', path))}
                >
                  Try the card again
                </Action>
              )}
            </Group>
          )}
          {now.breaker.notice && (
            <Alert color="yellow" title={now.breaker.cause ? words(now.breaker.cause) : 'Held back'}>
              {now.breaker.notice} {now.breaker.nextAttemptAt ? `Next try: ${time(now.breaker.nextAttemptAt)}.` : ''}
            </Alert>
          )}
          {now.skips.length > 0 && (
            <PlainTable
              caption="Refills that were not tried"
              rows={now.skips}
              keyOf={({ reason, firstAt }) => `${reason} ${firstAt}`}
              columns={[
                { title: 'Why', cell: ({ message }) => message },
                { title: 'Times', numeric: true, cell: ({ times }) => times },
                { title: 'Last', cell: ({ lastAt }) => time(lastAt) },
              ]}
            />
          )}
        </Stack>
      )}
    </Answer>
  );
}
