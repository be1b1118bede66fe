import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import { buildConsole } from '../../src/console/build.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { expectFinishedInBoth } from './both-themes.ts';
import { openBrowser, type TestBrowser, visit } from './browser.ts';

const patience = { timeout: 60_000 };

let service: TestService;
let browser: TestBrowser;
let clientId: string;
let paidId: string;

beforeAll(async () => {
  await buildConsole();
  [service, browser] = await Promise.all([startTestService(), openBrowser()]);
  const { id: agencyId } = await service.api.get('/v1/agencies/platform', created);
  const body = { agencyId, name: 'Muscat Bakery', email: 'till@bakery.example' };
  clientId = (await service.api.send('POST', '/v1/customers', created, { body })).id;
  const [paid, disputed] = [await service.startTopUp(clientId, '25.00'), await service.startTopUp(clientId, '5.00')];
  await service.sandbox.pay(paid.sessionId, { card: cards.declined });
  await service.sandbox.pay(paid.sessionId, { card: cards.visa });
  await service.sandbox.pay(disputed.sessionId, { card: cards.chargedBack });
  await service.idle();
  paidId = paid.orderId;
}, 180_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
});

async function signIn(page: Page, path: string): Promise<void> {
  await page.goto(`${service.url}${path}`);
  await page.getByLabel(/^Key/).fill(service.platformApiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

test('each page of money draws, breaks no rule of its policy, and has no serious finding of axe in either theme', async () => {
  const { page, complaints } = await browser.page();
  await signIn(page, '/console/payments');
  await page.getByRole('table', { name: 'Payments' }).getByText('Your card was declined.').waitFor();
  await expectFinishedInBoth(page, 'payments');
  await page.goto(`${service.url}/console/payments/${paidId}`);
  await page.getByRole('button', { name: 'Receipt' }).waitFor();
  await expectFinishedInBoth(page, 'payment');
  await page.goto(`${service.url}/console/reversals`);
  await page.getByRole('table', { name: 'Disputes' }).waitFor();
  await expectFinishedInBoth(page, 'reversals');
  await page.goto(`${service.url}/console/reconciliation`);
  await page.getByRole('button', { name: 'Compare now' }).click();
  await page.getByText('Nothing differs').waitFor();
  await page.getByRole('table', { name: 'Accounts' }).waitFor();
  await expectFinishedInBoth(page, 'reconciliation');
  await page.goto(`${service.url}/console/sandbox`);
  await page.getByRole('table', { name: 'Test cards' }).waitFor();
  await page.getByRole('table', { name: 'Deliveries' }).waitFor();
  await expectFinishedInBoth(page, 'sandbox');
  expect(complaints.filter((text) => !/status of 40[14]/.test(text))).toEqual([]);
  await page.context().close();
});

test('payments are filtered by outcome, and what is left is saved as CSV', async () => {
  const { page } = await browser.page();
  await signIn(page, '/console/payments');
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
  const table = page.getByRole('table', { name: 'Payments' });
  await expect.poll(() => table.getByRole('row').count(), patience).toBe(2);
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as CSV' }).click(),
  ]);
  const lines = (await readFile(await saved.path(), 'utf8')).trim().split('\r\n');
  expect(lines.map((line) => line.split(',')[4])).toEqual(['status', 'failed']);
  await page.context().close();
});

test('documents are saved as who the console is signed in as, with another client’s portal open in the same browser', async () => {
  const { page } = await browser.page();
  const { id: agencyId } = await service.api.get('/v1/agencies/platform', created);
  const body = { agencyId, name: 'Nizwa Dates', email: 'till@dates.example' };
  const other = await service.api.send('POST', '/v1/customers', created, { body });
  const issued = z.object({ token: z.string() });
  const { token } = await service.api.send('POST', `/v1/customers/${other.id}/portal-tokens`, issued, { body: {} });
  await page.context().addCookies([{ name: 'baisa_portal', value: token, url: service.url, sameSite: 'Strict' }]);
  await signIn(page, `/console/payments/${paidId}`);
  const receipt = page.getByRole('button', { name: 'Receipt (PDF)' }).first();
  const [ofPayment] = await Promise.all([page.waitForEvent('download'), receipt.click()]);
  expect((await readFile(await ofPayment.path())).subarray(0, 5).toString()).toBe('%PDF-');
  await visit(page, `/console/clients/${clientId}`);
  await page.getByRole('tab', { name: 'History' }).click();
  const inHistory = page.getByRole('table', { name: 'Billing history' }).getByRole('button', { name: 'PDF' }).first();
  const [ofClient] = await Promise.all([page.waitForEvent('download'), inHistory.click()]);
  expect((await readFile(await ofClient.path())).subarray(0, 5).toString()).toBe('%PDF-');
  await page.context().close();
});

test('a payment is refunded in part from its page, which shows it gone back without a reload', async () => {
  const { page } = await browser.page();
  await signIn(page, `/console/payments/${paidId}`);
  await page.getByRole('button', { name: 'Refund' }).press('Enter');
  await page.getByLabel('Amount in USD').fill('10.00');
  await page.getByRole('button', { name: 'Send it back' }).press('Enter');
  await page.getByText('$10.00 went back.').waitFor();
  await page.getByRole('table', { name: 'All that belongs to it' }).getByText('Refund', { exact: true }).waitFor();
  await page.context().close();
});

test('the sandbox’s clock is moved past a session’s hours and its faults are set and switched off', async () => {
  const { page } = await browser.page();
  await signIn(page, '/console/sandbox');
  const clock = page.getByRole('status', { name: 'The sandbox’s time' });
  const before = await clock.textContent();
  const start = await service.sandbox.now();
  await page.getByRole('button', { name: 'A day later' }).click();
  await expect.poll(() => clock.textContent(), patience).not.toBe(before);
  expect((await service.sandbox.now()).getTime() - start.getTime()).toBeGreaterThanOrEqual(86_400_000);
  const copies = page.getByLabel('Extra copies of each event');
  await copies.fill('2');
  await page.getByRole('button', { name: 'Set the faults' }).click();
  await page.getByRole('status').getByText('Set.').waitFor();
  await page.reload();
  await expect.poll(() => copies.inputValue(), patience).toBe('2');
  await page.getByRole('button', { name: 'Switch all off' }).click();
  await expect.poll(() => copies.inputValue(), patience).toBe('0');
  await page.reload();
  await expect.poll(() => copies.inputValue(), patience).toBe('0');
  await page.getByRole('link', { name: 'Payments', exact: true }).click();
  await page.getByText('This is a sandbox').waitFor();
  await page.context().close();
});

test('what is paid after the sandbox’s clock was moved is in the revenue of the overview', async () => {
  const { page } = await browser.page();
  await service.sandbox.advanceClock('2d');
  await signIn(page, '/console');
  const paid = page.getByRole('link', { name: /^Paid by clients/ });
  const before = await paid.textContent();
  const { sessionId } = await service.startTopUp(clientId, '40.00');
  await service.sandbox.pay(sessionId, { card: cards.visa });
  await expect.poll(() => paid.textContent(), patience).not.toBe(before);
  await page.context().close();
});
