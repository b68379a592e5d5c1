import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { luaAsText } from '../../vitest.config.ts';

/** Every test file starts its own service, so the servers of the other tests are not started. */
export default defineConfig({
  plugins: [luaAsText],
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 30_000,
    // Includes packaging and deploying.
    hookTimeout: 300_000,
    // One after another: a service that shares the processors with a crowd starts its requests to MAX late.
    maxWorkers: 1,
  },
});
