import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cards } from '../../src/commands/sandbox-client.ts';
import { freePorts } from '../../src/commands/service-process.ts';
import { openBrowser, type TestBrowser } from './browser.ts';
import { payWith } from './pay-page.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What `npm start` prints, until it is ready; and how it is stopped. */
async function npmStart(dataDir: string) {
  const { port, sandboxPort } = await freePorts();
  // Nothing of the caller's settings: they may name a real provider or a real database.
  const child = spawn('npm', ['start'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? dataDir,
      DATA_DIR: dataDir,
      PORT: String(port),
      SANDBOX_PORT: String(sandboxPort),
      LOG_LEVEL: 'silent',
    },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let printed = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('Try next')) resolve();
    });
  });
  await Promise.race([ready, ended]);
  // As Ctrl-C at a terminal, which all that npm has started hears.
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await ended;
  };
  return { printed, stop };
}

let dataDir: string;
let started: Awaited<ReturnType<typeof npmStart>>;
let browser: TestBrowser;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'baisa-newcomer-'));
  [started, browser] = await Promise.all([npmStart(dataDir), openBrowser()]);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await started.stop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
}, 180_000);

const printedAfter = (name: string): string => new RegExp(`${name} +(\\S+)`).exec(started.printed)?.[1] ?? '';

test('a newcomer goes from what `npm start` prints to a paid top-up, and sees the balance change without a reload', async () => {
  const { page: operator } = await browser.page();
  await operator.goto(printedAfter('Console'));
  await operator
    .getByText('This is a sandbox')
    .or(operator.getByRole('heading', { name: 'Baisa console' }))
    .waitFor();
  await operator.getByLabel(/^Key/).fill(printedAfter('Platform key'));
  await operator.getByRole('button', { name: 'Sign in' }).click();
  await operator.getByRole('link', { name: 'Clients', exact: true }).first().click();
  await operator.getByRole('link', { name: 'Salma Trading' }).click();
  await operator.getByRole('button', { name: 'Link to the portal' }).click();
  const link = await operator.getByRole('dialog').locator('pre').textContent();

  const { page: client } = await browser.page('light', 360);
  await client.goto(link ?? '');
  await client.getByRole('button', { name: 'Sign in' }).click();
  const available = client.getByRole('status', { name: 'Available balance' });
  await available.getByText('$0.00').waitFor();
  await client.getByRole('button', { name: 'Show the price' }).click();
  await client.getByRole('button', { name: 'Pay 9.630 OMR' }).click();
  const [payPage] = await Promise.all([
    client.waitForEvent('popup'),
    client.getByRole('link', { name: 'Open the payment page' }).click(),
  ]);
  await client.evaluate('window.notReloaded = true');
  await payWith(payPage, cards.visa);
  await available.getByText('$25.00').waitFor();
  // The operator's page, open all the while, has it too.
  await operator.getByRole('button', { name: 'Close' }).click();
  await operator.getByText('$25.00').first().waitFor();
  expect(await client.evaluate('window.notReloaded')).toBe(true);
});
