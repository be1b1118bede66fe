import { Checkbox, Fieldset, Group, SimpleGrid, Stack, Switch, Textarea } from '@mantine/core';
import { words } from '../../format.ts';
import { useSession } from '../../shell/session-context.ts';
import { cycleList } from '../plan/price.tsx';
import { Choice, Digits, Field, type PartProps } from './fields.tsx';

const types = { usage_based: 'Usage-based', revenue_sharing: 'Revenue-sharing' } as const;
const models = { fixed: 'A price per period', pay_as_you_go: 'By use alone' } as const;
const trialEnds = {
  pause: 'Service pauses until a plan is paid for',
  continue: 'Service goes on, paid from the balance',
  convert: 'The plan begins, and its card is charged',
} as const;
const currencies = { USD: 'USD', OMR: 'OMR', AED: 'AED', SAR: 'SAR', INR: 'INR', EUR: 'EUR', GBP: 'GBP' } as const;
const visibilities = { visible: 'On every client’s list', hidden: 'Only where it is offered by name' } as const;

const isCommon = (code: string): code is keyof typeof currencies => Object.hasOwn(currencies, code);

function Cycles({ form, change, errorAt }: PartProps) {
  return (
    <Fieldset legend="Subscription period and price">
      <Stack gap="xs">
        {cycleList.map((cycle) => {
          const price = form.cycles[cycle];
          const { [cycle]: _, ...others } = form.cycles;
          return (
            <Group key={cycle} align="end">
              <Checkbox
                label={words(cycle)}
                w={120}
                pb={8}
                checked={price !== undefined}
                onChange={(event) =>
                  change({ cycles: event.currentTarget.checked ? { ...others, [cycle]: '' } : others })
                }
              />
              {price !== undefined && (
                <Digits
                  label={`Price, ${cycle}, in ${form.currency}`}
                  placeholder="49.00"
                  value={price}
                  onValue={(value) => change({ cycles: { ...form.cycles, [cycle]: value } })}
                  error={errorAt(`cycles.${cycle}`)}
                />
              )}
            </Group>
          );
        })}
      </Stack>
    </Fieldset>
  );
}

function Tax({ form, change, errorAt }: PartProps) {
  return (
    <Fieldset legend="Applicable taxes">
      <Stack gap="xs">
        <Switch
          label="A tax applies"
          checked={form.taxed}
          onChange={(event) => change({ taxed: event.currentTarget.checked })}
        />
        {form.taxed && (
          <>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <Field
                label="Name of the tax"
                value={form.taxName}
                onValue={(taxName) => change({ taxName })}
                error={errorAt('tax.name')}
              />
              <Digits
                label="Percent"
                value={form.taxPercent}
                onValue={(taxPercent) => change({ taxPercent })}
                error={errorAt('tax.percent')}
              />
            </SimpleGrid>
            <Checkbox
              label="The prices contain it"
              checked={form.taxInclusive}
              onChange={(event) => change({ taxInclusive: event.currentTarget.checked })}
            />
          </>
        )}
      </Stack>
    </Fieldset>
  );
}

/** What the plan is called, what it costs and how it is shown. */
export function Basics(props: PartProps) {
  const { form, change, errorAt } = props;
  const { role } = useSession();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Choice label="Plan type" choices={types} value={form.type} onValue={(type) => change({ type })} />
        <Choice
          label="Paid"
          choices={models}
          value={form.pricingModel}
          onValue={(pricingModel) => change({ pricingModel })}
        />
        <Field
          label="Plan name"
          description="For you alone; unique."
          required
          value={form.name}
          onValue={(name) => change({ name })}
          error={errorAt('name')}
        />
        <Field
          label="Display name"
          description="What clients, receipts and providers show."
          required
          value={form.displayName}
          onValue={(displayName) => change({ displayName })}
          error={errorAt('displayName')}
        />
      </SimpleGrid>
      <Textarea
        label="Description"
        value={form.description}
        error={errorAt('description') ?? false}
        onChange={(event) => change({ description: event.currentTarget.value })}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Choice
          label="Currency"
          // A plan that came from elsewhere keeps what it is in.
          choices={isCommon(form.currency) ? currencies : { ...currencies, [form.currency]: form.currency }}
          value={form.currency}
          onValue={(currency) => change({ currency })}
        />
        <Choice
          label="Who sees it"
          choices={visibilities}
          value={form.visibility}
          onValue={(visibility) => change({ visibility })}
        />
      </SimpleGrid>
      {form.pricingModel === 'fixed' && <Cycles {...props} />}
      <Tax {...props} />
      {form.pricingModel === 'fixed' && (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Digits
            label="Trial days"
            value={form.trialDays}
            onValue={(trialDays) => change({ trialDays })}
            error={errorAt('trialDays')}
          />
          <Choice
            label="When the trial ends"
            choices={trialEnds}
            value={form.trialEnd}
            onValue={(trialEnd) => change({ trialEnd })}
          />
        </SimpleGrid>
      )}
      {form.type === 'revenue_sharing' && role === 'platform' && (
        <Digits
          label="The agency’s part, in percent"
          value={form.agencyPercent}
          onValue={(agencyPercent) => change({ agencyPercent })}
          error={errorAt('revenueShare') ?? errorAt('revenueShare.agencyPercent')}
        />
      )}
    </Stack>
  );
}
