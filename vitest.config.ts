import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Imports `.lua` files as text, like esbuild's text loader in the deployed bundles. */
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
      // The measured coverage, rounded down. Raise it when coverage grows; never lower it.
      thresholds: { lines: 98, branches: 92 },
    },
  },
});
