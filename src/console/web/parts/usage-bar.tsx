import { Group, Progress, Stack, Text } from '@mantine/core';
import type { Schemas } from '../api/schema.ts';
import { date, money, quantity, roughly, whole, words } from '../format.ts';

/** A share of a bar; drawn, so a number is exact enough. */
const percent = (part: string, whole: number): number =>
  whole === 0 ? 0 : Math.min(100, (Number(part) / whole) * 100);

/** A period that has only begun would be foretold from minutes: beyond so many times what is used, nothing is said. */
const foreseenTimesMax = 31;

function forecastOf({ used, forecast }: Schemas['FeatureUsage']): string {
  if (Number(forecast.quantity) > Number(used) * foreseenTimesMax) return 'Too early to say where the period ends.';
  const cost = Number(forecast.overage) > 0 ? `, ${money(roughly(forecast.cost))}` : '';
  return `At this pace ${quantity(whole(forecast.quantity))} by the end${cost}.`;
}

/** What is included, what of it is used, what goes beyond, and where the period will end. */
export function UsageBar({ of }: { readonly of: Schemas['FeatureUsage'] }) {
  const whole = Math.max(Number(of.free.included) + Number(of.addOn.granted), Number(of.used));
  const name = words(of.feature);
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text fw={600}>{name}</Text>
        <Text size="sm">
          {date(of.periodStart)} to {date(of.periodEnd)}
        </Text>
      </Group>
      <Progress.Root size="lg">
        <Progress.Section value={percent(of.free.used, whole)} color="teal" aria-label={`${name}: included, used`} />
        <Progress.Section value={percent(of.addOn.used, whole)} color="cyan" aria-label={`${name}: bought, used`} />
        <Progress.Section value={percent(of.overage, whole)} color="orange" aria-label={`${name}: beyond`} />
      </Progress.Root>
      <Text size="sm">
        {quantity(of.used)} used of {quantity(of.free.included)} included
        {Number(of.addOn.granted) > 0 ? ` and ${quantity(of.addOn.granted)} bought` : ''}.
        {Number(of.overage) > 0 ? ` ${quantity(of.overage)} beyond, ${money(of.cost)}.` : ''} {forecastOf(of)}
      </Text>
    </Stack>
  );
}
