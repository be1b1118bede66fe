import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { chromiumPath } from './chromium.ts';

export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const screenshots = fileURLToPath(new URL('../../.screenshots/', import.meta.url));
const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const axeResult = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      impact: z.string().nullable(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
    }),
  ),
});

export async function openBrowser() {
  const browser = await chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: ['--no-sandbox'],
  });
  return {
    close: () => browser.close(),
    /** A page of a browser of its own. What its console says of errors or refused content is kept in `complaints`. */
    page: async (theme: Theme = 'light', width = 1280): Promise<{ page: Page; complaints: string[] }> => {
      const context = await browser.newContext({
        colorScheme: theme,
        viewport: { width, height: 900 },
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      return { page, complaints };
    },
  };
}
export type TestBrowser = Awaited<ReturnType<typeof openBrowser>>;

/** What axe finds serious, as readable lines. Run beside the page's own scripts, which its policy does not stop. */
async function seriousFindings(page: Page, rules: readonly string[] = []): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { result: there } = await session.send('Runtime.evaluate', { expression: 'typeof axe' });
  if (there.value === 'undefined') {
    await session.send('Runtime.evaluate', { expression: await readFile(axeFile, 'utf8') });
  }
  const options = JSON.stringify({
    resultTypes: ['violations'],
    preload: false,
    ...(rules.length === 0 ? {} : { runOnly: rules }),
  });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, ${options}).then((result) => JSON.stringify(result))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  const { violations } = axeResult.parse(JSON.parse(z.string().parse(result.value)));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`));
}

/** To another page of the application without loading it anew, as its own links do. */
export const visit = (page: Page, path: string): Promise<unknown> =>
  page.evaluate(`history.pushState({}, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'));`);

const picture = async (page: Page, name: string): Promise<void> => {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.jpg`), fullPage: true, type: 'jpeg', quality: 80 });
};

/** As `expectFinished`, in light and then in dark: where only colours change, only contrast is looked at again. */
export async function expectFinishedInBoth(page: Page, name: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' });
  await expectFinished(page, name, 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
  await picture(page, `${name}-dark`);
  expect({ name, found: await seriousFindings(page, ['color-contrast']) }).toEqual({ name, found: [] });
}

/** Holds a page to what every page keeps, and takes its picture. */
export async function expectFinished(page: Page, name: string, theme: Theme): Promise<void> {
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
  await picture(page, `${name}-${theme}`);
  expect({ name, found: await seriousFindings(page) }).toEqual({ name, found: [] });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect({ name, overflow }).toEqual({ name, overflow: 0 });
}
