/** One line of the bench's report. `ratio` is value over baseline, both measured in this run. */
export interface BenchResult {
  /** Dotted; the first part is the room. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline: string;
  readonly baselineValue: number;
  readonly ratio: number;
  readonly target: number;
  readonly met: boolean;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

const rounded = (value: number): number => Number(value.toPrecision(4));

/** More is better: met when value is at least `target` times the baseline. */
export function atLeast(
  name: string,
  unit: string,
  value: number,
  against: { readonly baseline: string; readonly value: number; readonly target: number },
): BenchResult {
  const ratio = value / against.value;
  return {
    name,
    unit,
    value: rounded(value),
    baseline: against.baseline,
    baselineValue: rounded(against.value),
    ratio: rounded(ratio),
    target: against.target,
    met: ratio >= against.target,
  };
}

/** Less is better: met when value is at most `target` times the baseline. */
export function atMost(
  name: string,
  unit: string,
  value: number,
  against: { readonly baseline: string; readonly value: number; readonly target: number },
): BenchResult {
  const result = atLeast(name, unit, value, against);
  return { ...result, met: value <= against.value * against.target };
}
