import { Fieldset, NativeSelect, SimpleGrid, Switch, Text, TextInput } from '@mantine/core';
import type { paths, Schemas } from '../../api/schema.ts';
import { textOf } from '../../parts/form-dialog.tsx';

type Change = paths['/v1/agencies/{id}']['patch']['requestBody']['content']['application/json'];

const trialEnds = [
  { value: 'pause', label: 'Service pauses' },
  { value: 'continue', label: 'Service goes on, paid from the balance' },
  { value: 'convert', label: 'The plan begins' },
] as const;

const endOf = (text: string) => trialEnds.find(({ value }) => value === text)?.value ?? 'pause';

/** Those of the fields that say something, by name; null where none does. */
function group<Name extends string>(fields: FormData, names: Readonly<Record<Name, string>>) {
  const isName = (name: string): name is Name => Object.hasOwn(names, name);
  const given: Partial<Record<Name, string>> = {};
  for (const name of Object.keys(names).filter(isName)) {
    const text = textOf(fields, names[name]);
    if (text !== '') given[name] = text;
  }
  return Object.keys(given).length === 0 ? null : given;
}

/** What the form says; a setting that is empty is removed. */
export function settingsOf(
  fields: FormData,
): Pick<Change, 'trial' | 'graceDays' | 'offlineCollection' | 'branding' | 'support'> {
  const grace = textOf(fields, 'graceDays');
  const offline = textOf(fields, 'offlineCollection');
  const trial = {
    days: Number(textOf(fields, 'trialDays')),
    minutes: Number(textOf(fields, 'trialMinutes')),
    concurrency: Number(textOf(fields, 'trialConcurrency')),
    end: endOf(textOf(fields, 'trialEnd')),
  };
  return {
    trial: fields.get('trial') === null ? null : trial,
    graceDays: grace === '' ? null : Number(grace),
    offlineCollection: offline === 'balance' || offline === 'outside' ? offline : null,
    branding: group(fields, { displayName: 'brandName', logoUrl: 'logoUrl', color: 'brandColor' }),
    support: group(fields, { email: 'supportEmail', url: 'supportUrl' }),
  };
}

interface SettingsProps {
  readonly agency: Schemas['Agency'];
  readonly errorAt: (path: string) => string | false;
}

/** How clients begin, how late they may pay, and what they see. */
export function SettingsFields({ agency, errorAt }: SettingsProps) {
  const { trial, graceDays, offlineCollection, branding, support } = agency;
  return (
    <>
      <Fieldset legend="New clients begin with a trial">
        <Switch name="trial" label="A trial" defaultChecked={trial !== undefined} mb="xs" />
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <TextInput
            name="trialDays"
            label="Days"
            inputMode="numeric"
            defaultValue={trial?.days ?? 14}
            error={errorAt('trial.days')}
          />
          <TextInput
            name="trialMinutes"
            label="Call minutes"
            inputMode="numeric"
            defaultValue={trial?.minutes ?? 60}
            error={errorAt('trial.minutes')}
          />
          <TextInput
            name="trialConcurrency"
            label="Calls at once"
            inputMode="numeric"
            defaultValue={trial?.concurrency ?? 1}
            error={errorAt('trial.concurrency')}
          />
          <NativeSelect
            name="trialEnd"
            label="When it ends"
            data={[...trialEnds]}
            defaultValue={trial?.end ?? 'pause'}
          />
        </SimpleGrid>
      </Fieldset>
      <Fieldset legend="Payment">
        <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
          <TextInput
            name="graceDays"
            label="Days of grace"
            description="How long service goes on while an invoice is not paid; empty: as the platform says."
            inputMode="numeric"
            defaultValue={graceDays ?? ''}
            error={errorAt('graceDays')}
          />
          <NativeSelect
            name="offlineCollection"
            label="Clients without a card pay their plan"
            description="Of the invoices of clients that pay offline."
            data={[
              { value: '', label: 'As the platform says' },
              { value: 'balance', label: 'From their balance' },
              { value: 'outside', label: 'Outside, marked as paid by hand' },
            ]}
            defaultValue={offlineCollection ?? ''}
          />
        </SimpleGrid>
      </Fieldset>
      <Fieldset legend="What clients see">
        <Text size="sm" mb="xs">
          On the portal, receipts and e-mails.
        </Text>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput
            name="brandName"
            label="Display name"
            defaultValue={branding?.displayName ?? ''}
            error={errorAt('branding.displayName')}
          />
          <TextInput
            name="logoUrl"
            label="Address of the logo"
            placeholder="https://"
            defaultValue={branding?.logoUrl ?? ''}
            error={errorAt('branding.logoUrl')}
          />
          <TextInput
            name="brandColor"
            label="Colour"
            placeholder="#0a7d5c"
            defaultValue={branding?.color ?? ''}
            error={errorAt('branding.color')}
          />
          <TextInput
            name="supportEmail"
            label="Support e-mail"
            type="email"
            defaultValue={support?.email ?? ''}
            error={errorAt('support.email')}
          />
          <TextInput
            name="supportUrl"
            label="Support page"
            placeholder="https://"
            defaultValue={support?.url ?? ''}
            error={errorAt('support.url')}
          />
        </SimpleGrid>
      </Fieldset>
    </>
  );
}
