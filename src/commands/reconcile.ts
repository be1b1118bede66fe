import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readConfig } from '../config.ts';
import { errorMessage } from '../errors.ts';
import { type AccountReport, reportSchema } from '../reconciliation/finding.ts';
import { keptPlatformKey } from '../tenancy/installation-secrets.ts';
import { createApiClient } from './api-client.ts';
import { until } from './until.ts';

const help = `npm run reconcile -- [options]

Compares the providers' books with ours: the events, payments, refunds, disputes and balance lines of each account since the last
run, 30 days at most. What is missing is booked, what differs is raised. The service does the same by itself, every hour.

  --account <id>   one merchant account (macc_...); all, unless given
  --json           the answer of the service, as it is
  --url <address>  the running service (default: as its settings say)
  --key <key>      its platform key (default: PLATFORM_API_KEY, else the one made in DATA_DIR)
  --help           this text

Exits 0 when the books agree or every difference is explained, 1 when something was raised or is unexplained, or the run failed or
could not compare an account.`;

const runAnswer = z.looseObject({
  id: z.string(),
  status: z.string(),
  error: z.string().nullable(),
  reports: z.array(reportSchema),
  found: z.array(z.object({ class: z.string(), status: z.string(), count: z.number() })),
});
type RunAnswer = z.output<typeof runAnswer>;

/** A run may walk through a month of a large account. */
const patienceMs = 3_600_000;

const described = (report: AccountReport): string => {
  const { currency, provider, books, difference, explainedBy, unexplained } = report;
  if (report.error !== null) return `${report.merchantAccountId}  could not be compared: ${report.error}`;
  if (currency === null) return `${report.merchantAccountId}  nothing moved since ${report.since}`;
  const reasons = Object.entries(explainedBy).map(([by, amount]) => `${by} ${amount}`);
  const why = reasons.length === 0 ? '' : `, explained by ${reasons.join(', ')}`;
  const rest = /[1-9]/.test(unexplained) ? `, unexplained ${unexplained}` : '';
  return `${report.merchantAccountId}  provider ${provider} ${currency}, books ${books}, difference ${difference}${why}${rest}`;
};

function print({ reports, found, error }: RunAnswer): void {
  for (const report of reports) console.log(described(report));
  for (const each of found) console.log(`${each.status} ${each.count} x ${each.class}`);
  if (found.length === 0) console.log('nothing was missing');
  if (error !== null) console.log(`failed: ${error}`);
}

const isInOrder = ({ status, reports, found }: RunAnswer): boolean =>
  status === 'done' &&
  found.every((each) => each.status !== 'raised') &&
  reports.every(({ unexplained, error }) => error === null && !/[1-9]/.test(unexplained));

async function reconcile(url: string, key: string, account: string | undefined, json: boolean): Promise<number> {
  const api = createApiClient(url, key);
  const body = account === undefined ? {} : { merchantAccountId: account };
  const { id } = await api.send('POST', '/v1/reconciliations', runAnswer, { body });
  const run = await until(
    'a reconciliation that is over',
    () => api.get(`/v1/reconciliations/${id}`, runAnswer),
    ({ status }) => status === 'done' || status === 'failed',
    patienceMs,
  );
  if (json) console.log(JSON.stringify(run));
  else print(run);
  return isInOrder(run) ? 0 : 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      account: { type: 'string' },
      json: { type: 'boolean', default: false },
      url: { type: 'string' },
      key: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    const config = readConfig(process.env);
    const key = values.key ?? config.platformApiKey ?? (await keptPlatformKey(config.dataDir));
    return await reconcile(values.url ?? config.publicUrl, key, values.account, values.json);
  } catch (error) {
    console.error(errorMessage(error));
    return 1;
  }
}

process.exitCode = await main();
