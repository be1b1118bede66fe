import { Button, Fieldset, Group, NativeSelect, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { answerOf, api } from '../../api/client.ts';
import type { Schemas } from '../../api/schema.ts';
import { Answer } from '../../shell/states.tsx';
import { Choice, Digits, type PartProps } from './fields.tsx';
import { newKey, newUsage } from './form.ts';

type Feature = Schemas['Feature'];

interface LinesProps<Line> {
  readonly legend: string;
  readonly none: string;
  readonly addLabel: string;
  readonly lines: readonly Line[];
  readonly set: (lines: readonly Line[]) => void;
  readonly fresh: () => Line;
  readonly nameOf: (line: Line) => string;
  readonly children: (line: Line, index: number, update: (changed: Partial<Line>) => void) => ReactNode;
}

/** A list of lines, each of which can be changed and taken out. */
function Lines<Line extends { readonly key: string }>(props: LinesProps<Line>) {
  const { legend, none, addLabel, lines, set, fresh, nameOf, children } = props;
  return (
    <Fieldset legend={legend}>
      <Stack>
        {lines.length === 0 && <Text size="sm">{none}</Text>}
        {lines.map((line, index) => (
          <Group key={line.key} align="end" wrap="nowrap">
            <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} flex={1} style={{ alignItems: 'end' }}>
              {children(line, index, (changed) =>
                set(lines.map((each) => (each.key === line.key ? { ...each, ...changed } : each))),
              )}
            </SimpleGrid>
            <Button
              variant="default"
              size="xs"
              aria-label={`Remove ${nameOf(line)}`}
              onClick={() => set(lines.filter(({ key }) => key !== line.key))}
            >
              Remove
            </Button>
          </Group>
        ))}
        <div>
          <Button variant="default" size="xs" onClick={() => set([...lines, fresh()])}>
            {addLabel}
          </Button>
        </div>
      </Stack>
    </Fieldset>
  );
}

interface FeatureChoiceProps {
  readonly features: readonly Feature[];
  readonly value: string;
  readonly onValue: (id: string) => void;
  readonly error: string | undefined;
}

const FeatureChoice = ({ features, value, onValue, error }: FeatureChoiceProps) => (
  <NativeSelect
    label="Feature"
    value={value}
    data={features.map(({ id, name }) => ({ value: id, label: name }))}
    error={error ?? false}
    onChange={(event) => onValue(event.currentTarget.value)}
  />
);

const collects = { balance: 'From the balance, at once', invoice: 'On the next invoice' } as const;

function Parts({ form, change, errorAt, features }: PartProps & { readonly features: readonly Feature[] }) {
  const usage = features.filter(({ kind }) => kind === 'usage');
  const recurring = features.filter(({ kind }) => kind === 'recurring');
  const nameOf = ({ feature }: { readonly feature: string }): string =>
    features.find(({ id }) => id === feature)?.name ?? feature;
  const unused = (of: readonly Feature[], taken: readonly { readonly feature: string }[]): string =>
    (of.find(({ id }) => !taken.some(({ feature }) => feature === id)) ?? of[0])?.id ?? '';
  const { currency } = form;
  return (
    <Stack>
      <Lines
        legend="What is used"
        none="Nothing is measured."
        addLabel="Add something used"
        lines={form.usage}
        set={(lines) => change({ usage: lines })}
        fresh={() => newUsage(unused(usage, form.usage))}
        nameOf={nameOf}
      >
        {(line, index, update) => (
          <>
            <FeatureChoice
              features={usage}
              value={line.feature}
              onValue={(feature) => update({ feature })}
              error={errorAt(`usage.${index}.feature`)}
            />
            {form.pricingModel === 'fixed' && (
              <Digits
                label="Included"
                value={line.included}
                onValue={(included) => update({ included })}
                error={errorAt(`usage.${index}.included`)}
              />
            )}
            <Digits
              label={`Each beyond, ${currency}`}
              description={form.pricingModel === 'fixed' ? 'Empty: it stops there.' : 'Empty: the unit price.'}
              value={line.overagePrice}
              onValue={(overagePrice) => update({ overagePrice })}
              error={errorAt(`usage.${index}.overagePrice`)}
            />
            <Digits
              label={`Unit price, ${currency}`}
              description="Shown; it charges only by use."
              value={line.unitPrice}
              onValue={(unitPrice) => update({ unitPrice })}
              error={errorAt(`usage.${index}.unitPrice`)}
            />
            <Choice
              label="Beyond is paid"
              choices={collects}
              value={line.collect}
              onValue={(collect) => update({ collect })}
            />
          </>
        )}
      </Lines>
      <Lines
        legend="What is held from month to month"
        none="Nothing is held."
        addLabel="Add something held"
        lines={form.recurring}
        set={(lines) => change({ recurring: lines })}
        fresh={() => ({ key: newKey(), feature: unused(recurring, form.recurring), included: '1', unitPrice: '' })}
        nameOf={nameOf}
      >
        {(line, index, update) => (
          <>
            <FeatureChoice
              features={recurring}
              value={line.feature}
              onValue={(feature) => update({ feature })}
              error={errorAt(`recurring.${index}.feature`)}
            />
            <Digits
              label="Included"
              value={line.included}
              onValue={(included) => update({ included })}
              error={errorAt(`recurring.${index}.included`)}
            />
            <Digits
              label={`Each more, monthly, ${currency}`}
              description="Empty: none can be added."
              value={line.unitPrice}
              onValue={(unitPrice) => update({ unitPrice })}
              error={errorAt(`recurring.${index}.unitPrice`)}
            />
          </>
        )}
      </Lines>
      <Digits
        label="At most so many calls at once"
        description="Empty: no limit beyond what is included and added."
        value={form.maxConcurrency}
        onValue={(maxConcurrency) => change({ maxConcurrency })}
        error={errorAt('limits.maxConcurrency')}
      />
      <Lines
        legend="Packs to buy once"
        none="No packs."
        addLabel="Add a pack"
        lines={form.packs}
        set={(lines) => change({ packs: lines })}
        fresh={() => ({ key: newKey(), feature: usage[0]?.id ?? '', quantity: '500', price: '', validDays: '' })}
        nameOf={(line) => `the pack of ${nameOf(line)}`}
      >
        {(line, index, update) => (
          <>
            <FeatureChoice
              features={usage}
              value={line.feature}
              onValue={(feature) => update({ feature })}
              error={errorAt(`packs.${index}.feature`)}
            />
            <Digits
              label="How many"
              value={line.quantity}
              onValue={(quantity) => update({ quantity })}
              error={errorAt(`packs.${index}.quantity`)}
            />
            <Digits
              label={`Price, ${currency}`}
              value={line.price}
              onValue={(price) => update({ price })}
              error={errorAt(`packs.${index}.price`)}
            />
            <Digits
              label="Good for so many days"
              description="Empty: for good."
              value={line.validDays}
              onValue={(validDays) => update({ validDays })}
              error={errorAt(`packs.${index}.validDays`)}
            />
          </>
        )}
      </Lines>
    </Stack>
  );
}

/** What the plan includes, and what more of it costs. */
export function Benefits({ agencyId, ...props }: PartProps & { readonly agencyId: string }) {
  const features = useQuery({
    queryKey: ['features', agencyId],
    queryFn: () => answerOf(api.GET('/v1/features', { params: { query: { agencyId } } })),
  });
  return <Answer of={features}>{({ data }) => <Parts {...props} features={data} />}</Answer>;
}
