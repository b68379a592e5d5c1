import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { luaAsText } from '../../vitest.config.ts';

/** Every file brings the service it tests, so the servers of the other tests aren't started. */
export default defineConfig({
  plugins: [luaAsText],
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 30_000,
    // Packaging and deploying are in it.
    hookTimeout: 300_000,
    maxWorkers: 2,
  },
});
