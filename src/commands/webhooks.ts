import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { stripeEventTypes } from '../../webhooks/stripe/router.ts';
import { errorMessage, SettingError } from '../errors.ts';
import type { WebhookEndpointsPort } from '../providers/port.ts';
import { createStripeProvider } from '../providers/stripe/stripe-provider.ts';
import {
  applyChanges,
  type EndpointChange,
  type MadeSecret,
  planChanges,
  type WantedEndpoint,
} from './webhook-endpoints.ts';

const help = `npm run webhooks -- plan|apply [--json]

Sets up the endpoints at Stripe that deliver to this installation: the events that it hears, in the API version that it
speaks, for the platform's own account and for connected ones.

  plan    shows what would be created, changed or left; changes nothing
  apply   does it, and prints the secret of each new endpoint once, with the setting to put it in
  --json  one JSON summary as the last line; the rest goes to stderr
  --help  this text

Reads STRIPE_SECRET_KEY, PUBLIC_URL (https) and STRIPE_API_BASE, and needs neither a database nor a webhook secret.`;

const settingsSchema = z.object({
  STRIPE_SECRET_KEY: z.string('must be set: the endpoints are made in its account.').min(1, 'must not be empty.'),
  STRIPE_API_BASE: z.url('must be an http or https address.').optional(),
  PUBLIC_URL: z.url('must be set to the address at which Stripe reaches this installation.'),
});

/** Only what is needed here: the service's own settings are complete only once these secrets exist. */
function readSettings(env: NodeJS.ProcessEnv) {
  const parsed = settingsSchema.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingError(`${String(issue?.path[0])} ${issue?.message}`);
  }
  const { STRIPE_SECRET_KEY: apiKey, STRIPE_API_BASE: apiBase, PUBLIC_URL: publicUrl } = parsed.data;
  if (apiBase === undefined && !publicUrl.startsWith('https://')) {
    throw new SettingError('PUBLIC_URL must be an https address: Stripe delivers live events nowhere else.');
  }
  return { apiKey, apiBase, publicUrl: publicUrl.replace(/\/+$/, '') };
}

const wantedEndpoints = (publicUrl: string): readonly WantedEndpoint[] => [
  {
    url: `${publicUrl}/webhooks/stripe`,
    connect: false,
    setting: 'STRIPE_WEBHOOK_SECRET',
    eventTypes: stripeEventTypes,
  },
  {
    url: `${publicUrl}/webhooks/stripe/connect`,
    connect: true,
    setting: 'STRIPE_CONNECT_WEBHOOK_SECRET',
    eventTypes: stripeEventTypes,
  },
];

const markOf = { create: '+', update: '~', disable: '-', leave: '=' } as const satisfies Record<
  EndpointChange['action'],
  string
>;

const lineOf = (change: EndpointChange): string =>
  `  ${markOf[change.action]} ${change.action.padEnd(7)} ${change.url}  ${change.reason}`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [command, ...rest] = positionals;
  if ((command !== 'plan' && command !== 'apply') || rest.length > 0) {
    console.error(help);
    return 2;
  }
  const say = values.json ? (line: string) => console.error(line) : (line: string) => console.log(line);
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { apiKey, apiBase, publicUrl } = readSettings(process.env);
  const { webhookEndpoints: port, apiVersion } = createStripeProvider({ apiKey, apiBase });
  if (!port) throw new SettingError('STRIPE_SECRET_KEY names a provider without webhook endpoints.');

  const changes = planChanges(wantedEndpoints(publicUrl), await port.list(), apiVersion);
  for (const change of changes) say(lineOf(change));
  if (values.json) await reportJson(command === 'apply', port, changes);
  else if (command === 'apply') {
    // Stripe shows a secret when the endpoint is made and never again, so it is printed exactly here.
    await applyChanges(port, changes, ({ setting, secret }) =>
      say(`\nShown this once; put it into the settings of the service:\n  ${setting}=${secret}`),
    );
  }
  return 0;
}

/** One line, when all is done or something failed: secrets that were made before a failure are in it. */
async function reportJson(
  isApply: boolean,
  port: WebhookEndpointsPort,
  changes: readonly EndpointChange[],
): Promise<void> {
  const secrets: MadeSecret[] = [];
  const endpoints = changes.map(({ action, url, reason }) => ({ action, url, reason }));
  let ok = false;
  try {
    if (isApply) await applyChanges(port, changes, (made) => secrets.push(made));
    ok = true;
  } finally {
    console.log(JSON.stringify({ ok, applied: isApply && ok, endpoints, secrets }));
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(errorMessage(error));
    process.exitCode = 1;
  },
);
