import { Button, Card, Group, NativeSelect, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { type Faults as FaultSettings, sandbox } from '../../api/sandbox.ts';
import { textOf } from '../../parts/form-dialog.tsx';
import { Answer, Failure } from '../../shell/states.tsx';

/** Its name in the form -> what the provider's API does. */
const apiFaults: Readonly<Record<string, NonNullable<FaultSettings['api']>>> = {
  throttle: { status: 429 },
  fail: { status: 500 },
  cut_before: { cut: 'before' },
  cut_after: { cut: 'after' },
};

const apiChoices = [
  { value: '', label: 'Answers' },
  { value: 'throttle', label: 'Refuses calls as too many (429)' },
  { value: 'fail', label: 'Fails (500)' },
  { value: 'cut_before', label: 'Cuts the line before it did anything' },
  { value: 'cut_after', label: 'Cuts the line after it did it' },
];

const apiFaultOf = ({ api }: FaultSettings): string =>
  Object.keys(apiFaults).find(
    (name) => api && apiFaults[name]?.status === api.status && apiFaults[name]?.cut === api.cut,
  ) ?? '';

/** A whole number of the form; 0 where it is none, which switches the fault off. */
const countOf = (fields: FormData, name: string): number => Number.parseInt(textOf(fields, name), 10) || 0;

function faultsOf(fields: FormData): FaultSettings {
  const api = apiFaults[textOf(fields, 'api')];
  const times = countOf(fields, 'times');
  return {
    duplicateDeliveries: countOf(fields, 'duplicates'),
    reorderDeliveries: fields.get('reorder') !== null,
    delayDeliveriesMs: countOf(fields, 'delay') * 1_000,
    dropDeliveries: countOf(fields, 'drop') / 100,
    ...(api ? { api: { ...api, ...(times > 0 ? { times } : {}) } } : {}),
  };
}

function FaultForm({ faults }: { readonly faults: FaultSettings }) {
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: sandbox.setFaults,
    onSuccess: (now) => queries.setQueryData(['sandbox', 'faults'], now),
  });
  const send = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    save.mutate(faultsOf(new FormData(event.currentTarget)));
  };
  return (
    // What was saved, or switched off, is what the form begins with.
    <form key={JSON.stringify(faults)} onSubmit={send}>
      <Stack>
        <Group align="end">
          <NativeSelect name="api" label="The provider’s API" data={apiChoices} defaultValue={apiFaultOf(faults)} />
          <TextInput
            name="times"
            label="For so many calls"
            inputMode="numeric"
            placeholder="until it is changed"
            defaultValue={faults.api?.times ?? ''}
          />
        </Group>
        <Group align="end">
          <TextInput
            name="duplicates"
            label="Extra copies of each event"
            inputMode="numeric"
            defaultValue={faults.duplicateDeliveries ?? 0}
          />
          <TextInput
            name="delay"
            label="Delay of events, in seconds"
            inputMode="numeric"
            defaultValue={(faults.delayDeliveriesMs ?? 0) / 1_000}
          />
          <TextInput
            name="drop"
            label="Events lost, in percent"
            inputMode="numeric"
            defaultValue={Math.round((faults.dropDeliveries ?? 0) * 100)}
          />
        </Group>
        <Switch name="reorder" label="Events arrive out of order" defaultChecked={faults.reorderDeliveries ?? false} />
        {save.isError && <Failure error={save.error} />}
        <Group>
          <Button type="submit" size="xs" loading={save.isPending}>
            Set the faults
          </Button>
          <Button size="xs" variant="default" disabled={save.isPending} onClick={() => save.mutate({})}>
            Switch all off
          </Button>
        </Group>
        <Text size="sm" role="status">
          {save.isSuccess ? 'Set.' : ''}
        </Text>
      </Stack>
    </form>
  );
}

/** What goes wrong at the provider, on purpose. */
export function Faults() {
  const faults = useQuery({ queryKey: ['sandbox', 'faults'], queryFn: sandbox.faults });
  return (
    <Card withBorder component="section" aria-label="Faults">
      <Stack>
        <Title order={2} size="h3">
          Faults
        </Title>
        <Text size="sm">Balances stay right with any of them on: what is lost is found by reconciliation.</Text>
        <Answer of={faults}>{(now) => <FaultForm faults={now} />}</Answer>
      </Stack>
    </Card>
  );
}
