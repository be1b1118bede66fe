import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Loading the service anew for each file costs more than most files take. What a file changes for the process, it changes back.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
