import { defineConfig } from 'vitest/config';

/** The contract suite over the real Stripe in test mode: `STRIPE_SECRET_KEY=sk_test_... npm run test:live`. */
export default defineConfig({
  test: {
    include: ['test/live/**/*.live.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
