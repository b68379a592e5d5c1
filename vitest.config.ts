import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** `.lua` files are text, as esbuild's text loader makes them in the deployed bundles. */
const luaAsText = {
  name: 'lua-as-text',
  enforce: 'pre' as const,
  load(id: string) {
    if (!id.endsWith('.lua')) return null;
    return `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`;
  },
};

export default defineConfig({
  plugins: [luaAsText],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/servers.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
