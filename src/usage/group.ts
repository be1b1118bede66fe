import type { TotalsKey } from './place.ts';
import type { RatedBatch } from './rating.ts';
import type { TotalsRow } from './standing.ts';
import type { Unit } from './unit.ts';

/** The events of one batch that count in the same totals. */
export interface Group {
  readonly key: TotalsKey;
  readonly units: readonly [Unit, ...Unit[]];
  readonly row: TotalsRow;
}

/** A group with what it came to. */
export interface RatedGroup extends Group {
  readonly rated: RatedBatch;
  /** Names the draw of this rating; null where the balance is not touched. */
  readonly draw: string | null;
}
