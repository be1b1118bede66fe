import { defineConfig } from 'vitest/config';
import { chromiumPath } from './test/e2e/chromium.ts';

const inBrowser = 'test/e2e/**/*.test.ts';
if (chromiumPath === undefined) {
  const missing = 'There is no Chromium here (Debian: apt-get install chromium), so the tests in a browser';
  if (process.env.CI) throw new Error(`${missing} cannot run.`);
  console.log(`${missing} are left out: ${inBrowser}`);
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: chromiumPath === undefined ? [inBrowser] : [],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 3,
    // Loading the service anew for each file costs more than most files take. What a file changes for the process, it changes back.
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
