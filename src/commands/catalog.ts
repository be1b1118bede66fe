import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type PlanChange, planChange } from '../catalog/plan-changes.ts';
import { type PlannedPlan, PlansFileError, parsePlansFile } from '../catalog/plans-file.ts';
import { readConfig } from '../config.ts';
import { errorMessage } from '../errors.ts';
import { keptPlatformKey } from '../tenancy/installation-secrets.ts';
import { type CatalogClient, createCatalogClient, Refused, type SyncAnswer } from './catalog-client.ts';

const usage = `Usage: npm run catalog -- plan|apply <file> [--url <service>]
  plan   shows what applying the file would change
  apply  creates, changes and publishes the plans of the file, and carries them to the providers
The platform's key is read from PLATFORM_API_KEY, or from DATA_DIR.`;

/** Stops the command; the message is all that is printed. */
class Stop extends Error {}

interface PlanOutcome {
  readonly planned: PlannedPlan;
  readonly planId: string | undefined;
  readonly change: PlanChange;
}

const describe: Readonly<Record<PlanChange['kind'], string>> = {
  create: '+ create ',
  change: '~ change ',
  publish: '^ publish',
  none: '= keep   ',
};

const lineOf = ({ planned, change }: PlanOutcome): string => {
  const fields = change.kind === 'change' ? ` (${change.fields.join(', ')})` : '';
  return `${describe[change.kind]} ${planned.plan.name}${fields}`;
};

async function compare(client: CatalogClient, planned: readonly PlannedPlan[]): Promise<readonly PlanOutcome[]> {
  const platformId = await client.platformId();
  const outcomes: PlanOutcome[] = [];
  for (const one of planned) {
    const { agencyId = platformId, ...document } = one.plan;
    const there = await client.planNamed(agencyId, document.name);
    outcomes.push({ planned: one, planId: there?.id, change: planChange(document, there) });
  }
  return outcomes;
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

/** Publishing carries plans by itself, as jobs: what they were faster with is not in the answer, but in the status. */
function report({ operations, blocked }: SyncAnswer): void {
  for (const { action, kind, key, planId, merchantAccountId } of operations) {
    console.log(`  ${action} ${kind} ${key} of ${planId} in ${merchantAccountId}`);
  }
  for (const { planId, merchantAccountId, reason } of blocked) {
    console.log(`  blocked: ${planId} in ${merchantAccountId}: ${reason}`);
  }
  if (operations.length === 0 && blocked.length === 0) console.log('  nothing is left to do');
}

async function reportStatus(client: CatalogClient): Promise<void> {
  const lines = await client.status();
  for (const { planId, merchantAccountId, status, reason } of lines) {
    if (status !== 'in_sync') console.log(`${status}: ${planId} in ${merchantAccountId}${reason ? `: ${reason}` : ''}`);
  }
  console.log(`${lines.filter(({ status }) => status === 'in_sync').length} of ${lines.length} are in sync.`);
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { url: { type: 'string' } },
  });
  const [action, file, ...rest] = positionals;
  if ((action !== 'plan' && action !== 'apply') || file === undefined || rest.length > 0) throw new Stop(usage);

  const planned = parsePlansFile(await readFile(file, 'utf8'), file);
  const config = readConfig(process.env);
  const apiKey = config.platformApiKey ?? (await keptPlatformKey(config.dataDir));
  const client = createCatalogClient(values.url ?? config.publicUrl, apiKey);

  const outcomes = await compare(client, planned);
  for (const outcome of outcomes) {
    console.log(lineOf(outcome));
    if (action === 'plan') continue;
    await applyOne(client, outcome).catch((error: unknown) => {
      throw error instanceof Refused ? placed(file, outcome.planned, error) : error;
    });
  }
  console.log(action === 'plan' ? 'At the providers, of what is published already:' : 'At the providers:');
  const answer = await client.sync({ dryRun: action === 'plan' });
  report(answer);
  await reportStatus(client);
  if (answer.blocked.length > 0) process.exitCode = 1;
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
