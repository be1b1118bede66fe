import type { Page } from 'playwright-core';
import { expectFinished, themes } from './browser.ts';

/** Holds a page to what every page keeps in both themes, without drawing it twice. */
export async function expectFinishedInBoth(page: Page, name: string): Promise<void> {
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    await expectFinished(page, name, theme);
  }
}
