import { pino } from 'pino';
import { MovableClock } from '../../../src/clock.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';

/** A sandbox in a process of its own, for tests that kill it. Prints its port, then runs until it is ended. */
const [databaseUrl = '', webhookUrl = '', secret = '', secretKey = ''] = process.argv.slice(2);
const sandbox = await startSandbox({
  databaseUrl,
  clock: new MovableClock(),
  host: '127.0.0.1',
  port: 0,
  secretKey,
  logger: pino({ level: 'silent' }),
});
await sandbox.ensureWebhookEndpoint({ url: webhookUrl, secret, enabledEvents: ['*'] });
process.stdout.write(`${sandbox.port}\n`);
