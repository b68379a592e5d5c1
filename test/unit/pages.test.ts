import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BuiltPage, buildPages } from '../../web/build.ts';

const BUILT = join(import.meta.dirname, '../../web/built');

/** KB (1,024 bytes) that a browser receives, compressed with Brotli. What there was when it was set, with room for a few features. */
const BUDGETS = { console: 60, docs: 400 } as const;

test.each(Object.entries(BUDGETS))('/%s is sent in %i KB at most', async (page, budget) => {
  await buildPages();
  const { html, files }: BuiltPage = JSON.parse(await readFile(join(BUILT, `${page}.json`), 'utf8'));
  const compressed = Object.values(files).map(({ brotli }) => Buffer.byteLength(brotli, 'base64'));
  expect(compressed.length).toBeGreaterThan(2);
  const kb = (html.length + compressed.reduce((sum, bytes) => sum + bytes, 0)) / 1_024;
  expect(kb).toBeLessThanOrEqual(budget);
});
