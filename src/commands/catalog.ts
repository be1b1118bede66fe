import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { exportPlans } from '../catalog/export-plans.ts';
import { foreseenWrites } from '../catalog/foreseen-writes.ts';
import { type PlanChange, planChange, soldDocument } from '../catalog/plan-changes.ts';
import type { PlanView } from '../catalog/plan-view.ts';
import { type PlannedPlan, PlansFileError, parsePlansFile } from '../catalog/plans-file.ts';
import { readConfig } from '../config.ts';
import { errorMessage } from '../errors.ts';
import { keptPlatformKey } from '../tenancy/installation-secrets.ts';
import { type CatalogClient, createCatalogClient, Refused } from './catalog-client.ts';
import { type Terminal, withProgress } from './catalog-progress.ts';
import { driftLines, type PlanReport, planLines, statusLines, summaryLine, syncLines } from './catalog-report.ts';

const usage = `Usage: npm run catalog -- plan|apply|drift|export <file> [--url <service>] [--json]
  plan    shows what applying the file would create, change and archive
  apply   shows it, then creates, changes and publishes the plans of the file, and carries them to the providers
  drift   reads the providers and shows what was changed there behind our back; with a file, to its plans
  export  writes the plans that are sold to the file ("-": to the terminal)
The platform's key is read from PLATFORM_API_KEY, or from DATA_DIR. --json prints one JSON object.`;

/** Stops the command; the message is all that is printed. */
class Stop extends Error {}

/** What the command reads and writes besides the service. */
export interface CommandContext {
  readonly client: CatalogClient;
  readonly print: (line: string) => void;
  readonly terminal: Terminal;
  readonly json: boolean;
}

interface PlanOutcome {
  readonly planned: PlannedPlan;
  readonly planId: string | undefined;
  readonly change: PlanChange;
  readonly report: PlanReport;
}

const readPlans = async (file: string): Promise<readonly PlannedPlan[]> =>
  parsePlansFile(await readFile(file, 'utf8'), file);

const nameIn = (agencyId: string, name: string): string => `${agencyId} ${name}`;

function outcomeOf(planned: PlannedPlan, platformId: string, plans: ReadonlyMap<string, PlanView>): PlanOutcome {
  const { agencyId = platformId, ...document } = planned.plan;
  const there = plans.get(nameIn(agencyId, document.name));
  const change = planChange(document, there);
  const before = there && there.status !== 'draft' ? soldDocument(there) : undefined;
  const report = {
    name: document.name,
    agencyId,
    change: change.kind,
    fields: change.kind === 'change' ? change.fields : [],
    writes: change.kind === 'none' ? [] : foreseenWrites(before, document),
  };
  return { planned, planId: there?.id, change, report };
}

async function compare(client: CatalogClient, planned: readonly PlannedPlan[]): Promise<readonly PlanOutcome[]> {
  const platformId = await client.platformId();
  const plans = new Map((await client.plans()).map((plan) => [nameIn(plan.agencyId, plan.name), plan]));
  return planned.map((one) => outcomeOf(one, platformId, plans));
}

async function applyOne(client: CatalogClient, { planned, planId, change }: PlanOutcome): Promise<void> {
  const { agencyId, ...document } = planned.plan;
  if (planId === undefined) {
    await client.create({ ...document, ...(agencyId === undefined ? {} : { agencyId }), publish: true });
    return;
  }
  if (change.kind === 'change') await client.change(planId, document);
  if (change.kind !== 'none') await client.publish(planId);
}

/** A refusal names fields of the plan; a person looks for them in the file. */
function placed(file: string, planned: PlannedPlan, refusal: Refused): Stop {
  const lines = refusal.errors.map(({ path, message }) => {
    const { line, column } = planned.at(path);
    return `${file}:${line}:${column} ${path}: ${message}`;
  });
  return new Stop([`${planned.plan.name}: ${refusal.message}`, ...lines].join('\n'));
}

/** All that is wrong in the file, before anything of it is applied. */
async function refuseWrongPlans(client: CatalogClient, file: string, outcomes: readonly PlanOutcome[]): Promise<void> {
  const wrong: string[] = [];
  for (const { planned, change } of outcomes) {
    if (change.kind === 'none') continue;
    await client.check(planned.plan).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error;
      wrong.push(placed(file, planned, error).message);
    });
  }
  if (wrong.length > 0) throw new Stop([...wrong, 'Nothing was applied.'].join('\n'));
}

/** Answers whether all is well, as the command's exit code says. */
type Action = (context: CommandContext, file: string) => Promise<boolean>;

async function showPlan({ client, print, json }: CommandContext, file: string): Promise<readonly PlanOutcome[]> {
  const outcomes = await compare(client, await readPlans(file));
  await refuseWrongPlans(client, file, outcomes);
  const reports = outcomes.map(({ report }) => report);
  if (!json) for (const line of [...reports.flatMap(planLines), summaryLine(reports)]) print(line);
  return outcomes;
}

const plan: Action = async (context, file) => {
  const { client, print, json } = context;
  const outcomes = await showPlan(context, file);
  const { operations, blocked } = await client.sync({ dryRun: true });
  if (json) print(JSON.stringify({ plans: outcomes.map(({ report }) => report), operations, blocked }));
  else {
    print('At the providers, of what is published already:');
    for (const line of syncLines({ operations, blocked })) print(line);
  }
  return blocked.length === 0;
};

const apply: Action = async (context, file) => {
  const { client, print, json, terminal } = context;
  const outcomes = await showPlan(context, file);
  for (const outcome of outcomes) {
    await applyOne(client, outcome).catch((error: unknown) => {
      throw error instanceof Refused ? placed(file, outcome.planned, error) : error;
    });
  }
  const count = async () => {
    const standings = await client.status();
    return { done: standings.filter(({ status }) => status === 'in_sync').length, total: standings.length };
  };
  const { operations, blocked } = await withProgress(terminal, count, client.sync({ dryRun: false }));
  const status = await client.status();
  if (json) print(JSON.stringify({ plans: outcomes.map(({ report }) => report), operations, blocked, status }));
  else {
    print('At the providers:');
    for (const line of [...syncLines({ operations, blocked }), ...statusLines(status)]) print(line);
  }
  return blocked.length === 0;
};

/** The ids of the file's plans that are there. */
async function plansOf(client: CatalogClient, file: string): Promise<ReadonlySet<string>> {
  const outcomes = await compare(client, await readPlans(file));
  return new Set(outcomes.flatMap(({ planId }) => (planId === undefined ? [] : [planId])));
}

async function drift({ client, print, json }: CommandContext, file: string | undefined): Promise<boolean> {
  const wanted = file === undefined ? undefined : await plansOf(client, file);
  const { checks, findings: all } = await client.drift();
  const findings = all.filter(({ planId }) => wanted === undefined || planId === null || wanted.has(planId));
  if (json) print(JSON.stringify({ checks, findings }));
  else for (const line of driftLines(checks, findings)) print(line);
  return findings.length === 0 && checks.every(({ failure }) => failure === null);
}

const writeExport: Action = async ({ client, print, json }, file) => {
  const text = exportPlans(await client.plans(), await client.platformId());
  if (file === '-') {
    print(text);
    return true;
  }
  await writeFile(file, text);
  const count = (await readPlans(file)).length;
  print(json ? JSON.stringify({ file, plans: count }) : `${count} plans written to ${file}.`);
  return true;
};

const actions: Readonly<Record<string, Action>> = { plan, apply, export: writeExport };

/** Runs one action; answers whether all is well. Throws `PlansFileError` before anything is applied where the file is wrong. */
export function runCatalog(
  context: CommandContext,
  [action, file, ...rest]: readonly (string | undefined)[],
): Promise<boolean> {
  if (action === 'drift' && rest.length === 0) return drift(context, file);
  const run = action === undefined ? undefined : actions[action];
  if (run === undefined || file === undefined || rest.length > 0) throw new Stop(usage);
  return run(context, file);
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { url: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (positionals.length === 0) throw new Stop(usage);
  const config = readConfig(process.env);
  const apiKey = config.platformApiKey ?? (await keptPlatformKey(config.dataDir));
  const client = createCatalogClient(values.url ?? config.publicUrl, apiKey);
  const print = (line: string): void => console.log(line);
  const isWell = await runCatalog({ client, print, terminal: process.stderr, json: values.json }, positionals);
  if (!isWell) process.exitCode = 1;
}

if (import.meta.main) {
  if (existsSync('.env')) process.loadEnvFile('.env');
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Stop || error instanceof PlansFileError ? error.message : errorMessage(error));
    process.exitCode = 1;
  }
}
