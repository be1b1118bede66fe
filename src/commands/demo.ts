import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '../errors.ts';
import { createApiClient } from './api-client.ts';
import { agencySteps } from './demo/agency-steps.ts';
import { bookSteps } from './demo/book-steps.ts';
import { cardSteps } from './demo/card-steps.ts';
import { catalogSteps } from './demo/catalog-steps.ts';
import { deliverySteps } from './demo/delivery-steps.ts';
import { paymentSteps } from './demo/payment-steps.ts';
import { reversalSteps } from './demo/reversal-steps.ts';
import { failureLines, type Step } from './demo/step.ts';
import { subscriptionSteps } from './demo/subscription-steps.ts';
import { usageSteps } from './demo/usage-steps.ts';
import { whopSteps } from './demo/whop-steps.ts';
import { createWorld } from './demo/world.ts';
import { createSandboxClient } from './sandbox-client.ts';
import { freePorts, newPlatformKey, startServiceProcess } from './service-process.ts';

const help = `npm run demo -- [options]

Drives the whole money path over HTTP and checks every outcome. Without --url it starts a service of its own, on
free ports and in a temporary directory, and removes it at the end.

  --url <address>      a running service with its sandbox, e.g. http://127.0.0.1:3000
  --key <key>          its platform key (default: PLATFORM_API_KEY)
  --sandbox <address>  its sandbox (default: the same host, the next port)
  --json               one JSON summary as the last line; the narration goes to stderr
  --help               this text

Against a running service the demo makes agencies of its own and moves the sandbox's clock by a month.
Exits 0 only if every step's outcome was right.`;

const steps: readonly Step[] = [
  ...catalogSteps,
  ...paymentSteps,
  ...deliverySteps,
  ...cardSteps,
  ...agencySteps,
  ...whopSteps,
  ...bookSteps,
  ...subscriptionSteps,
  ...usageSteps,
  ...reversalSteps,
];

/** What the demo drives, and how to let go of it. */
interface Target {
  readonly url: string;
  readonly key: string;
  readonly sandboxUrl: string;
  close(): Promise<void>;
}

interface Given {
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly sandbox: string | undefined;
}

/** A mistake of the caller's, as one sentence. */
class UsageError extends Error {}

async function ownService(): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), 'baisa-demo-'));
  const removeFiles = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const platformApiKey = newPlatformKey();
    const service = await startServiceProcess({ ...(await freePorts()), dataDir, platformApiKey });
    return {
      url: service.url,
      key: platformApiKey,
      sandboxUrl: service.sandboxUrl,
      close: async () => {
        await service.stop();
        await removeFiles();
      },
    };
  } catch (error) {
    await removeFiles();
    throw error;
  }
}

async function runningService({ url, key, sandbox }: Given & { readonly url: string }): Promise<Target> {
  if (key === undefined) throw new UsageError('Give --key, or PLATFORM_API_KEY: the demo acts as the platform.');
  if (!URL.canParse(url)) throw new UsageError(`--url must be an address such as http://127.0.0.1:3000, not ${url}.`);
  await createApiClient(url, undefined).call('GET', '/healthz');
  const sandboxUrl = sandbox ?? nextPortOf(url);
  await createSandboxClient(sandboxUrl)
    .now()
    .catch((error: unknown) => {
      throw new UsageError(
        `The demo needs the service's sandbox, to pay with test cards and to move its clock, and none answers at ${sandboxUrl}: ` +
          `start the service without provider keys, or name the sandbox with --sandbox (${errorMessage(error)}).`,
      );
    });
  // A service that goes on must not keep the faults, however the run ends.
  return { url, key, sandboxUrl, close: () => createSandboxClient(sandboxUrl).setFaults({}) };
}

/** Where the sandbox listens unless SANDBOX_PORT says otherwise. */
function nextPortOf(url: string): string {
  const next = new URL(url);
  next.port = String(Number(next.port || '80') + 1);
  return next.origin;
}

interface StepResult {
  readonly name: string;
  readonly ok: boolean;
}

async function runSteps(target: Target, say: (line: string) => void): Promise<StepResult[]> {
  const sandbox = createSandboxClient(target.sandboxUrl);
  const results: StepResult[] = [];
  await sandbox.setFaults({});
  const world = await createWorld(createApiClient(target.url, target.key), sandbox);
  for (const step of steps) {
    try {
      say(`  ✓ ${step.title}\n      ${await step.run(world)}`);
      results.push({ name: step.name, ok: true });
    } catch (error) {
      say([`  ✗ ${step.title}`, ...failureLines(error).map((line) => `      ${line}`)].join('\n'));
      results.push({ name: step.name, ok: false });
      break;
    }
  }
  return results;
}

async function demo(given: Given, say: (line: string) => void): Promise<StepResult[]> {
  say(given.url === undefined ? '\n  Starting a service of its own …' : `\n  Driving ${given.url}`);
  const starting = given.url === undefined ? ownService() : runningService({ ...given, url: given.url });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= starting.then((target) => target.close());
    return closing;
  };
  let isInterrupted = false;
  const interrupted = (): void => {
    say('\n  Interrupted.');
    isInterrupted = true;
    close().then(
      () => process.exit(130),
      () => process.exit(130),
    );
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const target = await starting;
  try {
    say(`  Baisa at ${target.url}, its sandbox at ${target.sandboxUrl}\n`);
    return await runSteps(target, (line) => {
      if (!isInterrupted) say(line);
    });
  } finally {
    await close();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      sandbox: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const say = values.json ? (line: string) => console.error(line) : (line: string) => console.log(line);
  const given = { url: values.url, key: values.key ?? process.env.PLATFORM_API_KEY, sandbox: values.sandbox };
  let results: StepResult[] = [];
  try {
    results = await demo(given, say);
  } catch (error) {
    say(`\n  ${errorMessage(error)}`);
  }
  const ok = results.length === steps.length && results.every((result) => result.ok);
  if (results.length > 0)
    say(ok ? `\n  All ${steps.length} steps as they should be.\n` : '\n  Stopped at the first step that was wrong.\n');
  if (values.json) console.log(JSON.stringify({ ok, steps: results }));
  return ok ? 0 : 1;
}

// Whoever read along has gone (`| head`); the run still ends in order.
process.stdout.on('error', () => undefined);
process.exitCode = await main();
