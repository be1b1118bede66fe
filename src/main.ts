import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createAskForPayments } from '../webhooks/ask-for-payments.ts';
import { createEventHandler } from '../webhooks/event-handler.ts';
import { banner } from './banner.ts';
import { MovableClock, systemClock } from './clock.ts';
import { type Config, hostInUrl, listenRefusal, readConfig } from './config.ts';
import { createConsolePages } from './console/pages.ts';
import { openDatabase } from './database/database.ts';
import { migrate } from './database/migrate.ts';
import { createEventsHandled } from './delivery/events-handled.ts';
import { createInbox } from './delivery/inbox.ts';
import { startInboxWorker } from './delivery/inbox-worker.ts';
import { migrateJobs, releaseJobs, startJobRunner } from './delivery/jobs.ts';
import { createRateLimits } from './delivery/rate-limits.ts';
import { createRecentAnswers } from './delivery/recent-answers.ts';
import { createWakeups } from './delivery/wakeups.ts';
import { seedDemo } from './demo-data.ts';
import { SettingError } from './errors.ts';
import { createApp } from './http/app.ts';
import { callLimits } from './http/call-limits.ts';
import { purgeIdempotency } from './http/idempotency.ts';
import { readinessOf } from './http/readiness.ts';
import { createReturnPages } from './http/return-pages.ts';
import { createRoutes } from './http/routes/all.ts';
import { listen } from './http/server.ts';
import { createLogger, loggedError } from './log.ts';
import { createCredentials } from './merchant-accounts/credentials.ts';
import { createMerchantAccounts } from './merchant-accounts/merchant-accounts.ts';
import { createMetrics } from './metrics.ts';
import { resolveAll } from './outgoing/address.ts';
import { createMailer } from './outgoing/mailer.ts';
import { createSender } from './outgoing/send.ts';
import {
  accountWebhooksAt,
  createReceivers,
  createTranslations,
  listenToSandbox,
  loggedEventTypes,
  openProviders,
  probePlatformAccounts,
} from './provider-doors.ts';
import { createRooms } from './rooms.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import { Started } from './started.ts';
import { openStores } from './stores.ts';
import { createAccess } from './tenancy/access.ts';
import { apiKeyHasher, signerOf } from './tenancy/api-key.ts';
import { ensurePlatformAgency } from './tenancy/ensure-platform-agency.ts';
import { stampInstallation } from './tenancy/installation.ts';
import { loadSecrets, sandboxWhopSecrets } from './tenancy/installation-secrets.ts';
import { sealerOf } from './tenancy/sealed.ts';
import { createUpdates } from './updates/updates.ts';

export interface Service {
  readonly url: string;
  readonly platformApiKey: string;
  readonly sandbox: Sandbox | undefined;
  /** Resolves when every event and job that is due has been handled. */
  idle(): Promise<void>;
  /**
   * Stops in order: no new requests, work in hand finished, then the stores. Safe to call twice. Rejects, after everything was
   * tried, when a part did not stop cleanly.
   */
  stop(): Promise<void>;
}

/** How old a refusal of the gate may be where it is answered from memory, in milliseconds. */
const refusalsKeptMs = 1_000;

/** Builds and starts the service. Throws `SettingError`, with everything stopped again, when a setting is wrong. */
export async function startService(config: Config, log: Logger): Promise<Service> {
  const started = new Started(log);
  try {
    return await start(config, log, started);
  } catch (error) {
    // What does not stop is logged; why the start failed is what the caller must hear.
    await started.stop().catch(() => undefined);
    throw error;
  }
}

async function start(config: Config, log: Logger, started: Started): Promise<Service> {
  const secrets = await loadSecrets(config.dataDir);
  const stores = await openStores(config);
  started.add('stores', () => stores.close());
  await migrate(stores.databaseUrl);
  const database = openDatabase(stores.databaseUrl, {
    onIdleError: (error) => log.warn({ err: error }, 'lost a database connection'),
  });
  started.add('database connections', () => database.close());
  const { pool, prisma } = database;
  await migrateJobs(pool, log);

  // The sandbox shares its clock with the service, so that moving it moves both sides.
  const sandboxClock = new MovableClock();
  const clock = config.mode === 'sandbox' ? sandboxClock : systemClock;
  const encryptionKey = config.encryptionKey ?? secrets.encryptionKey;
  await stampInstallation({ prisma, clock }, { mode: config.mode, encryptionKey });

  let sandbox: Sandbox | undefined;
  if (config.mode === 'sandbox') {
    sandbox = await startSandbox({
      databaseUrl: await stores.sandboxDatabaseUrl(),
      clock: sandboxClock,
      host: config.host,
      port: config.sandbox.port,
      secretKey: secrets.sandboxSecretKey,
      whopApiKey: sandboxWhopSecrets(secrets).apiKey,
      country: config.sandbox.country,
      logger: log.child({ room: 'sandbox' }),
    }).catch((error: unknown) => {
      throw listenRefusal(error, config.host, config.sandbox.port, 'SANDBOX_PORT');
    });
    started.add('sandbox', sandbox.close);
  }

  const sealer = sealerOf(encryptionKey);
  const credentials = createCredentials({ database, clock, sealer });
  const providers = openProviders({ config, secrets, sandbox, credentials });

  const hash = apiKeyHasher(encryptionKey);
  const platformApiKey = config.platformApiKey ?? secrets.platformApiKey;
  const country = config.sandbox.country;
  const platform = await ensurePlatformAgency({ prisma, clock, hash }, { apiKey: platformApiKey, country });
  const merchantAccounts = createMerchantAccounts({ database, clock, platformAgencyId: platform.id });
  const platformAccounts = await probePlatformAccounts(config, providers, merchantAccounts, log);

  const publicUrl = config.publicUrl;
  const sender = createSender({ allowPrivateAddresses: config.webhooksAllowPrivateAddresses, resolve: resolveAll });
  started.add('outgoing webhooks', sender.close);
  const mailer = config.smtp ? createMailer(config.smtp) : null;
  if (mailer) started.add('mailer', async () => mailer.close());
  const refusals = createRecentAnswers(config.redisUrl, refusalsKeptMs, log);
  if (refusals) started.add('refusals', async () => refusals.close());
  const inbox = createInbox({ pool, clock });
  const metrics = createMetrics();
  const rooms = createRooms({
    backfill: {
      inbox,
      eventTypes: loggedEventTypes,
      eventsHandled: createEventsHandled({ pool, clock }),
      onFinding: metrics.countFinding,
      askAccount: (account, since, besides) => askForPayments.one(account, since, besides),
    },
    database,
    clock,
    providers,
    merchantAccounts,
    defaultTerms: { chargeCurrency: config.chargeCurrency, usdRate: config.usdRate.toString() },
    sign: signerOf(encryptionKey, 'onboarding state'),
    sealer,
    accountWebhooks: accountWebhooksAt(publicUrl),
    sender,
    mailer,
    webhooksAllowPrivateAddresses: config.webhooksAllowPrivateAddresses,
    refusals,
    publicUrl,
    log,
  });
  const wakeups = createWakeups(config.redisUrl, log);
  started.add('wake-ups', wakeups.close);

  const limits = createRateLimits(config.redisUrl, callLimits(config.apiCallsPerSecond), log);
  started.add('rate limits', limits.close);
  const access = createAccess({ database, clock, consoleClock: systemClock, hash, publicUrl, log, limits });
  const { portal, consoleSessions } = access;
  const updates = createUpdates({ sql: pool, ledger: rooms.ledger, wakeups, log });

  if (stores.exclusive) await inbox.releaseClaims();
  metrics.watchInbox(inbox);
  metrics.watchAlerts(prisma);
  const appliers = {
    payment: rooms.settlePayments,
    refund: rooms.refunds.applyReversals,
    dispute: rooms.refunds.applyReversals,
    account: rooms.mirrorAccounts,
    card: rooms.cards.apply,
    subscription: rooms.subscriptions.apply,
    meter: rooms.meters.applyErrors,
  };
  const askForPayments = createAskForPayments({
    database,
    clock,
    providers,
    merchantAccounts,
    appliers,
    onFound: (found) => {
      metrics.countFound(found.provider, found.outcome);
      log.warn(found, 'found by asking: no event had told of it');
    },
    onFailure: (account, error) => log.warn({ account, err: error }, 'an account could not be asked what was paid'),
  });
  metrics.watchFindings(prisma);
  const translations = createTranslations({ config, clock, providers, platformAccounts });
  const worker = startInboxWorker({
    inbox,
    pool,
    clock,
    log: log.child({ room: 'inbox' }),
    handler: createEventHandler({
      translations,
      appliers,
      onOutcome: (event, outcome) => {
        metrics.countOutcome(event, outcome);
        updates.noteChange();
      },
    }),
  });
  started.add('inbox worker', worker.stop);
  wakeups.on('inbox', worker.wake);

  // Leases and keys measure how long a process has been silent and a client may retry, which no sandbox clock can move.
  const idempotency = { sql: pool, clock: systemClock };
  if (stores.exclusive) await releaseJobs(pool);
  const jobRunner = await startJobRunner({
    pool,
    log: log.child({ room: 'jobs' }),
    onCompleted: updates.noteChange,
    jobs: {
      ...rooms.jobs,
      'webhooks.ask_for_payments': { handle: askForPayments.all, cron: '*/2 * * * *' },
      'http.purge_idempotency': { handle: () => purgeIdempotency(idempotency), cron: '20 * * * *' },
      'tenancy.purge_console_sessions': { handle: consoleSessions.purge, cron: '50 4 * * *' },
      'tenancy.purge_portal_sessions': { handle: portal.purge, cron: '40 4 * * *' },
    },
  });
  started.add('job runner', jobRunner.stop);

  /** A job calls the provider, whose events cause jobs: it is quiet after a round in which none ran. */
  const idle = async (): Promise<void> => {
    for (let before = -1; before !== jobRunner.completed(); ) {
      before = jobRunner.completed();
      await sandbox?.settled();
      await worker.idle();
      await jobRunner.idle();
    }
  };
  sandbox?.onClockMoved(async () => {
    await askForPayments.all();
    await rooms.doWhatIsDue();
    await idle();
  }, rooms.meters.nextDue);

  const pages = createConsolePages({ publicUrl, sandboxUrl: sandbox?.url ?? null });
  const app = createApp({
    routes: createRoutes({
      prisma,
      clock,
      hash,
      portal,
      ...rooms,
      inbox,
      wakeInbox: () => wakeups.announce('inbox'),
      readEvent: (event) => translations[event.provider]?.read(event),
    }),
    ...access,
    limits,
    trustedProxies: config.trustedProxies,
    portal: { portal, ledger: rooms.ledger },
    updates,
    sandboxUrl: sandbox?.url,
    connect: rooms.agencyAccounts,
    idempotency,
    webhooks: createReceivers({
      config,
      secrets,
      sandbox,
      credentials,
      clock,
      providers,
      platformAccounts,
      merchantAccounts,
      inbox,
      metrics,
      log,
    }),
    health: {
      // Without Redis the next poll finds what a wake-up would have told of.
      dispensable: ['redis'],
      ready: readinessOf(pool, wakeups),
    },
    metrics: metrics.registry,
    log,
    publicUrl,
    portalPage: pages.portalPage,
    extra: [createReturnPages(), pages.router],
  });
  const server = await listen(app, { host: config.host, port: config.port }).catch((error: unknown) => {
    throw listenRefusal(error, config.host, config.port, 'PORT');
  });
  started.add('http server', server.close);
  started.add('updates', updates.close);

  if (sandbox) {
    const at = `http://${hostInUrl(config.host)}:${server.port}`;
    await listenToSandbox(sandbox, at, { secrets, providers, platformAccounts });
    await seedDemo({ prisma, clock, catalog: rooms.catalog, platform });
  }
  return { url: publicUrl, platformApiKey, sandbox, idle, stop: () => started.stop() };
}

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  const firstStart = !existsSync(join(config.dataDir, 'secrets.json'));
  const starting = startService(config, log);

  // Heard from the beginning: an end during the start would leave the embedded server behind.
  const stop = (signal: string): void => {
    log.info({ signal }, 'stopping');
    starting
      .then((service) => service.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'could not stop cleanly');
          process.exit(1);
        },
      );
  };
  process.once('SIGINT', () => stop('SIGINT'));
  process.once('SIGTERM', () => stop('SIGTERM'));

  console.log(banner(config, await starting, firstStart));
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    const { stack, message } = loggedError(error);
    console.error(error instanceof SettingError ? `Baisa cannot start: ${message}` : (stack ?? message));
    process.exit(1);
  });
}
