import { Box, Group, Stack, Text } from '@mantine/core';
import { type Amount, money } from '../format.ts';

interface PlanLine {
  /** A plan's id; null: about none. */
  readonly group: string | null;
  readonly name: string | null;
  readonly gross: Amount;
  readonly platformShare: Amount;
  readonly agencyShare: Amount;
  readonly refunds: Amount;
}

/** What a bar is made of, in this order; the words below it say the same. */
const parts = [
  { of: 'agencyShare', label: 'agency', color: 'var(--mantine-color-teal-6)' },
  { of: 'platformShare', label: 'platform', color: 'var(--mantine-color-cyan-6)' },
  { of: 'refunds', label: 'refunded', color: 'var(--mantine-color-orange-6)' },
] as const;

/** A width is drawn, so a number is exact enough. */
const drawn = ({ amount }: Amount): number => Math.max(0, Number(amount));

/** A bar for each plan, of one currency: who got what of it, as long as what was paid. */
export function PlanBars({ lines }: { readonly lines: readonly PlanLine[] }) {
  const longest = Math.max(...lines.map(({ gross }) => drawn(gross)), 0.001);
  return (
    <Stack gap="xs">
      {lines.map((line) => (
        <div key={line.group ?? ''}>
          <Group justify="space-between" gap="xs">
            <Text size="sm" fw={600}>
              {line.name ?? line.group ?? 'No plan'}
            </Text>
            <Text size="sm">
              {money(line.gross)}
              {parts.filter(({ of }) => drawn(line[of]) > 0).map(({ of, label }) => ` · ${label} ${money(line[of])}`)}
            </Text>
          </Group>
          <Box aria-hidden="true" style={{ display: 'flex', height: 12 }}>
            {parts.map(({ of, color }) => (
              <Box key={of} style={{ width: `${(drawn(line[of]) / longest) * 100}%`, background: color }} />
            ))}
          </Box>
        </div>
      ))}
    </Stack>
  );
}
