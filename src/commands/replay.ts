import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { errorMessage } from '../errors.ts';
import { keptPlatformKey } from '../tenancy/installation-secrets.ts';
import { type EventAnswer, eventAnswer } from './api-answers.ts';
import { ApiRefusal, createApiClient } from './api-client.ts';
import { until } from './until.ts';

const help = `npm run replay -- <event id> [options]

Applies an event of the inbox again, by our id (evt_...) or the provider's own. Harmless for what was applied: a fact is
posted once. Useful for what was parked, once its cause is gone.

  --url <address>  the running service (default: as its settings say)
  --key <key>      its platform key (default: PLATFORM_API_KEY, else the one made in DATA_DIR)
  --help           this text

Exits 0 when the event was applied or ignored, 1 when it is parked or still waits.`;

const described = ({ status, reason, attempts }: EventAnswer): string =>
  `${status}${reason === null ? '' : ` (${reason})`}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;

async function replay(eventId: string, url: string, key: string): Promise<number> {
  const api = createApiClient(url, key);
  const path = `/v1/events/${encodeURIComponent(eventId)}`;
  const before = await api.get(path, eventAnswer);
  console.log(`${before.type} ${before.eventId}`);
  console.log(`before  ${described(before)}`);
  await api.send('POST', `${path}/replay`, eventAnswer);
  // Postponed says so by its reason: then waiting longer tells nothing new.
  const after = await until(
    'an event that was handled',
    () => api.get(path, eventAnswer),
    ({ status, reason }) => status !== 'received' || reason !== null,
  );
  console.log(`after   ${described(after)}`);
  return after.status === 'done' || after.status === 'ignored' ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, key: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [eventId, ...rest] = positionals;
  if (eventId === undefined || rest.length > 0) {
    console.error(help);
    return 2;
  }
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    const config = readConfig(process.env);
    const key = values.key ?? config.platformApiKey ?? (await keptPlatformKey(config.dataDir));
    return await replay(eventId, values.url ?? config.publicUrl, key);
  } catch (error) {
    const isUnknown = error instanceof ApiRefusal && error.code === 'not_found';
    console.error(isUnknown ? `There is no event ${eventId}.` : errorMessage(error));
    return 1;
  }
}

process.exitCode = await main();
