import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { luaAsText } from '../../vitest.config.ts';

/** Every file brings a service and a browser of its own. */
export default defineConfig({
  plugins: [luaAsText],
  root: join(import.meta.dirname, '../..'),
  test: { include: ['test/browser/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false },
});
