import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** `.lua` files are text, as esbuild's text loader makes them in the deployed bundles. */
export const luaAsText = {
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
    coverage: {
      include: ['lib/**/*.ts', 'functions/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      // A floor that only rises: what is measured, rounded down.
      thresholds: { lines: 97, branches: 92 },
    },
  },
});
