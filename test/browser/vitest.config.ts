import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { luaAsText } from '../../vitest.config.ts';

/** Every file brings a service and a browser of its own. */
export default defineConfig({
  plugins: [luaAsText],
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    // In CI, Chromium and the whole stack share two processors, so a test gets a second chance. Vitest reports that it needed one.
    retry: process.env.CI ? 1 : 0,
  },
});
