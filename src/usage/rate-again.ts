import { Decimal } from 'decimal.js';
import { inTransaction, type Sql } from '../database/database.ts';
import type { IngestDependencies } from './ingest.ts';
import { findOutdatedTotals } from './place.sql.ts';
import { type PeriodColumns, type Place, versionOf } from './place.ts';
import { rateAgain } from './record-batch.ts';
import { findFeatures, termsOf } from './terms.ts';
import type { Unit } from './unit.ts';

type OutdatedRow = PeriodColumns & Pick<Place, 'agencyId' | 'customerId' | 'feature' | 'licensed' | 'accountId'>;

const batchSize = 200;
/** How long periods are looked at after they were opened, in milliseconds: longer than this is never away. */
const lookedAtMs = 2 * 86_400_000;

/**
 * Rates what was used before its period was opened by the terms of that period: what the quota covers is given back. A period is opened
 * late where its payment or its change of plan was.
 */
export async function rateOutdated(dependencies: IngestDependencies): Promise<void> {
  const since = new Date(dependencies.clock.now().getTime() - lookedAtMs);
  for (let found = batchSize; found === batchSize; ) {
    found = await inTransaction(dependencies.database.pool, async (sql) => {
      const { rows } = await sql.query<OutdatedRow>(findOutdatedTotals, [since, batchSize]);
      if (rows.length > 0) await rateAgain(dependencies, sql, await probesOf(dependencies, sql, rows));
      return rows.length;
    });
  }
}

/** Each takes back nothing of no event: totals are allocated from the start where something is taken back. */
async function probesOf(
  { versions }: IngestDependencies,
  sql: Sql,
  rows: readonly OutdatedRow[],
): Promise<readonly Unit[]> {
  const features = await findFeatures(sql, rows);
  const read = await versions.read(sql, rows.map(versionOf));
  return rows.map((row, index): Unit => {
    const { customerId, feature, periodStart: at } = row;
    const known = features(row.agencyId, feature) ?? { id: feature, aggregation: 'sum' };
    const place: Place = { ...row, version: versionOf(row), counted: true };
    return {
      event: {
        ...{ id: 'terms', customerId, feature, quantity: new Decimal(0), occurredAt: at },
        ...{ sessionId: null, reverses: '' },
      },
      contentHash: '',
      place,
      terms: termsOf(read[index] ?? null, known, row.included),
      at,
      resale: null,
    };
  });
}
