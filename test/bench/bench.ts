import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/database/embedded-server.ts';
import { benchCatalog } from './catalog.bench.ts';
import { benchExports } from './exports.bench.ts';
import { benchGate } from './gate.bench.ts';
import { benchLedger } from './ledger.bench.ts';
import { benchReconciliation } from './reconciliation.bench.ts';
import type { BenchResult } from './result.ts';
import { benchSubscriptions } from './subscriptions.bench.ts';
import { benchUsage } from './usage.bench.ts';
import { benchWebhooks } from './webhooks.bench.ts';

/** Room -> its bench. Each runs on the same embedded server, `fsync` on, and answers ratios measured side by side. */
const benches: Readonly<
  Record<string, (server: EmbeddedServer, progress: (line: string) => void) => Promise<BenchResult[]>>
> = {
  webhooks: benchWebhooks,
  ledger: benchLedger,
  catalog: benchCatalog,
  usage: benchUsage,
  gate: benchGate,
  subscriptions: benchSubscriptions,
  history: benchExports,
  reconciliation: (server, progress) => benchReconciliation(server, progress),
};

const help = `npm run bench [-- options]

  --only <room>   runs one part: ${Object.keys(benches).join(', ')}
  --json          prints one JSON summary as the last line
  --help          this text

Load generator, service and database run on this machine, the baseline in the same layout, taking turns.
Quote the ratios, not the absolute figures. Exits 1 when a target is missed.`;

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});

const machine = `${cpus()[0]?.model ?? 'unknown'} x${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;

function line(result: BenchResult): string {
  const figure = `${result.value} ${result.unit} against ${result.baselineValue} (${result.baseline})`;
  return `${result.met ? '✓' : '✗'} ${result.name.padEnd(44)} ratio ${result.ratio}, target ${result.target}: ${figure}`;
}

async function main(): Promise<void> {
  if (values.help) {
    console.log(help);
    return;
  }
  const chosen = Object.entries(benches).filter(([room]) => values.only === undefined || values.only === room);
  if (chosen.length === 0) {
    console.error(`There is no part ${values.only}; there are ${Object.keys(benches).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  // Narration goes to stderr, so that the last line of stdout is the JSON and nothing else is mixed in.
  const progress = (text: string): void => console.error(`  ${text}`);
  const dataDir = await mkdtemp(join(tmpdir(), 'baisa-bench-'));
  const server = await startEmbeddedServer({ dataDir });
  const results: BenchResult[] = [];
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  process.once('SIGINT', () => void stop().then(() => process.exit(130)));
  try {
    console.log(machine);
    for (const [room, bench] of chosen) {
      progress(`${room} ...`);
      const found = await bench(server, progress);
      results.push(...found);
      for (const result of found) console.log(line(result));
    }
  } finally {
    await stop();
  }
  if (values.json) console.log(JSON.stringify({ machine, results }));
  if (results.some(({ met }) => !met)) process.exitCode = 1;
}

await main();
