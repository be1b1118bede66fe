import { systemClock } from '../../src/clock.ts';
import { inTransaction, openDatabase } from '../../src/database/database.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts';
import { creditAdjustment } from '../../src/ledger/postings.ts';
import { Money } from '../../src/money/money.ts';
import { atMost, type BenchResult, median } from './result.ts';

const small = { agencyId: 'agc_small', entries: 1_000 };
const large = { agencyId: 'agc_large', entries: 1_000_000 };
const customerId = 'cus_bench';
const readsPerRound = 3_000;
const rounds = 5;

/** The cost of a balance read must not depend on the history behind it. */
export async function benchLedger(server: EmbeddedServer, progress: (line: string) => void): Promise<BenchResult[]> {
  const url = await server.ensureDatabase('bench_ledger');
  await migrate(url);
  const database = openDatabase(url);
  const ledger = createLedger({ pool: database.pool, clock: systemClock });
  for (const history of [small, large]) {
    const started = performance.now();
    await fill(ledger, (work) => inTransaction(database.pool, work), history);
    const seconds = (performance.now() - started) / 1000;
    progress(
      `${history.entries.toLocaleString('en')} entries for one client posted at ${Math.round(history.entries / seconds)}/s`,
    );
  }
  await database.pool.query('ANALYZE');

  const micros = { small: [] as number[], large: [] as number[] };
  await readBalances(ledger, small.agencyId);
  for (let round = 0; round < rounds; round += 1) {
    micros.small.push(await readBalances(ledger, small.agencyId));
    micros.large.push(await readBalances(ledger, large.agencyId));
  }
  progress(
    `a balance read: ${median(micros.small).toFixed(0)} µs after 1,000 entries, ${median(micros.large).toFixed(0)} µs after 1,000,000`,
  );
  await database.close();
  return [
    atMost('ledger.balance_read_after_1000000_entries', 'microseconds', median(micros.large), {
      baseline: 'after 1,000 entries',
      value: median(micros.small),
      // Equal but for the noise of a shared machine.
      target: 1.25,
    }),
  ];
}

async function fill(
  ledger: Ledger,
  transact: (work: (client: Parameters<Ledger['post']>[0]) => Promise<unknown>) => Promise<unknown>,
  { agencyId, entries }: { readonly agencyId: string; readonly entries: number },
): Promise<void> {
  const batch = 1_000;
  const amount = Money.of('0.01', 'USD');
  for (let first = 0; first < entries; first += batch) {
    await transact((client) =>
      ledger.post(
        client,
        Array.from({ length: batch }, (_, index) =>
          creditAdjustment({
            agencyId,
            customerId,
            merchantAccountId: 'macc_bench',
            reference: `bench:${first + index}`,
            source: 'bench',
            amount,
          }),
        ),
      ),
    );
  }
  const expected = (entries / 100).toFixed(2);
  const balance = await ledger.balance(agencyId, customerId);
  if (balance.toDecimalString() !== expected) throw new Error(`expected ${expected}, found ${balance}`);
}

/** Microseconds per read, one after the other. */
async function readBalances(ledger: Ledger, agencyId: string): Promise<number> {
  const start = performance.now();
  for (let read = 0; read < readsPerRound; read += 1) await ledger.balance(agencyId, customerId);
  return ((performance.now() - start) * 1000) / readsPerRound;
}
