import { createRequire } from 'node:module';
import pg from 'pg';
import pino from 'pino';
import { serve } from './children.ts';
import { signedEvents } from './events.ts';
import { type BaselineAnswer, baselineRequest } from './protocol.ts';

/**
 * The baseline: @supabase/stripe-sync-engine, in process, over the same events. Its CommonJS entry runs its migrations, for
 * the other entry looks for them in a folder that its package does not have.
 */
const { runMigrations, StripeSync }: typeof import('@supabase/stripe-sync-engine') = createRequire(import.meta.url)(
  '@supabase/stripe-sync-engine',
);

let engine: InstanceType<typeof StripeSync> | undefined;

async function engineFor(
  databaseUrl: string,
  secret: string,
  connections: number,
): Promise<InstanceType<typeof StripeSync>> {
  if (engine) return engine;
  // Its migrations log a failure and go on; that must not pass for a slow baseline.
  const logger = pino({ level: 'error' }, pino.destination(2));
  await createOwnerRole(databaseUrl);
  await runMigrations({ databaseUrl, schema: 'stripe', logger });
  engine = new StripeSync({
    schema: 'stripe',
    stripeSecretKey: 'sk_test_unused',
    stripeWebhookSecret: secret,
    backfillRelatedEntities: false,
    autoExpandLists: false,
    poolConfig: { connectionString: databaseUrl, max: connections },
    logger,
  });
  return engine;
}

/** Its migrations hand tables to a role of this name, which our server does not have. */
async function createOwnerRole(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('CREATE ROLE postgres');
  await client.end();
}

serve(
  (message) => baselineRequest.parse(message),
  async ({ databaseUrl, series, inFlight }): Promise<BaselineAnswer> => {
    const sync = await engineFor(databaseUrl, series.secret, inFlight);
    const events = signedEvents(series);
    let next = 0;
    const start = performance.now();
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        for (let event = events[next++]; event; event = events[next++])
          await sync.processWebhook(event.body, event.signature);
      }),
    );
    return { seconds: (performance.now() - start) / 1000 };
  },
);
