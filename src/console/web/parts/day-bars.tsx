import { Group, Table, Text, VisuallyHidden } from '@mantine/core';
import { type Amount, date, money } from '../format.ts';

interface Day {
  /** A UTC day, as in 2026-11-21. */
  readonly day: string;
  readonly amount: Amount;
}

const width = 600;
const height = 120;

/** How many days are shown. */
const shown = 30;

interface DayBarsProps {
  readonly label: string;
  readonly days: readonly Day[];
  /** The last day, as in 2026-11-21. */
  readonly until: string;
}

/** How many days before the last one. */
const daysBefore = (until: string, day: string): number =>
  Math.round((Date.parse(until) - Date.parse(day)) / 86_400_000);

export const dayBefore = (until: string, days: number): string =>
  new Date(Date.parse(until) - days * 86_400_000).toISOString().slice(0, 10);

/** A bar for each day, and the same as a table for who cannot see it. A height is drawn, so a number is exact enough. */
export function DayBars({ label, days, until }: DayBarsProps) {
  const sorted = [...days].sort((a, b) => a.day.localeCompare(b.day));
  const heights = sorted.map(({ amount }) => Math.max(0, Number(amount.amount)));
  const highest = Math.max(...heights, 0.001);
  const step = width / shown;
  return (
    <>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        aria-hidden="true"
        width="100%"
        height={height * 1.4}
        preserveAspectRatio="none"
      >
        {sorted.map(({ day, amount }, index) => {
          const tall = ((heights[index] ?? 0) / highest) * (height - 4);
          return (
            <rect
              key={day}
              x={(shown - 1 - daysBefore(until, day)) * step + 2}
              y={height - tall}
              width={Math.max(step - 4, 2)}
              height={tall}
              fill="var(--mantine-color-teal-6)"
            >
              <title>{`${date(day)}: ${money(amount)}`}</title>
            </rect>
          );
        })}
      </svg>
      <Group justify="space-between" aria-hidden="true">
        <Text size="sm">{date(dayBefore(until, shown - 1))}</Text>
        <Text size="sm">{date(until)}</Text>
      </Group>
      <VisuallyHidden>
        <Table aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Day</Table.Th>
              <Table.Th>Amount</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sorted.map(({ day, amount }) => (
              <Table.Tr key={day}>
                <Table.Td>{date(day)}</Table.Td>
                <Table.Td>{money(amount)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </VisuallyHidden>
    </>
  );
}
