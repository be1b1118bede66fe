import { List, Paper, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answerOf, api } from '../../api/client.ts';
import { Refusal } from '../../api/refusal.ts';
import type { Schemas } from '../../api/schema.ts';
import { money, quantity, words } from '../../format.ts';
import { Failure, Loading } from '../../shell/states.tsx';
import type { PlanBody } from './form.ts';

const quantities = ['80', '150'];

const isZero = (amount: string): boolean => /^[0.]+$/.test(amount);

function Feature({
  of: { feature, included, price, costs },
}: {
  readonly of: Schemas['PlanPreview']['features'][number];
}) {
  const name = words(feature).toLowerCase();
  return (
    <Stack gap={4}>
      <Text fw={600}>{words(feature)}</Text>
      {costs.map(({ quantity: many, free, overage, cost, tax }) => (
        <div key={many}>
          <Text>
            {quantity(many)} {name}:{' '}
            <Text span fw={700}>
              {price === null && !isZero(overage) ? `stops at ${quantity(included)}` : money(cost)}
            </Text>
          </Text>
          <Text size="sm">
            {quantity(free)} included
            {price !== null && !isZero(overage) ? `, ${quantity(overage)} beyond at ${money(price)}` : ''}
            {isZero(tax.amount) ? '' : `, ${money(tax)} of it tax`}
          </Text>
        </div>
      ))}
    </Stack>
  );
}

/** What the API makes of the plan as it is typed: what usage would cost, or what is not in order yet. */
export function Preview({ body, agencyId }: { readonly body: PlanBody; readonly agencyId: string }) {
  // A name that is still to be thought of keeps nobody from seeing what it would cost.
  const typed = { ...body, name: body.name || 'preview', displayName: body.displayName || 'Preview' };
  const [plan] = useDebouncedValue(typed, 400);
  const preview = useQuery({
    queryKey: ['plan-preview', plan],
    queryFn: () => answerOf(api.POST('/v1/plans/preview', { body: { plan: { ...plan, agencyId }, quantities } })),
    placeholderData: keepPreviousData,
  });
  const refusal = preview.error instanceof Refusal && preview.error.status < 500 ? preview.error : null;
  return (
    <Paper withBorder p="md" radius="md" component="section" aria-label="What it would cost">
      <Stack gap="xs" aria-live="polite">
        <Title order={2} size="h4">
          What a month’s use would cost
        </Title>
        {refusal && (
          <>
            <Text>Not in order yet:</Text>
            <List size="sm">
              {refusal.fields.length === 0 && <List.Item>{refusal.message}</List.Item>}
              {refusal.fields.map(({ path, message }) => (
                <List.Item key={`${path} ${message}`}>{message}</List.Item>
              ))}
            </List>
          </>
        )}
        {preview.isError && !refusal && <Failure error={preview.error} retry={() => void preview.refetch()} />}
        {preview.isPending && <Loading />}
        {!preview.isError &&
          preview.data?.features.slice(0, 3).map((feature) => <Feature key={feature.feature} of={feature} />)}
        {!preview.isError && preview.data?.features.length === 0 && <Text>Nothing in it is measured.</Text>}
        <Text size="sm">In US dollars, beside the price of the period: by the rules that usage is rated by.</Text>
      </Stack>
    </Paper>
  );
}
