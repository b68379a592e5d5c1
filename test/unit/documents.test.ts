import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULTS } from '../../lib/runtime/config.ts';

/** Statements of the documents are compared with the code. */

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

/** Returns the anchors that GitHub creates for the headings. */
const anchorsOf = (file: string) =>
  [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

test.each(documents)('the links of %s have targets', (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  for (const [link, path = '', anchor] of links) {
    const target = path === '' ? file : join(dirname(file), path);
    expect(existsSync(join(ROOT, target)), `${link} in ${file}`).toBe(true);
    if (anchor) expect(anchorsOf(target), `${link} in ${file}`).toContain(anchor);
  }
});

test('README lists every setting that has a default, with its default', () => {
  const rows = [...read('README.md').matchAll(/^\| `([A-Z_]+)` \| `([^`]+)` \|/gm)];
  const listed = Object.fromEntries(rows.map(([, name, value]) => [name, value]));
  expect(listed).toEqual(DEFAULTS);
});

describe('the rooms of lib', () => {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
    readonly forbidden: readonly { readonly name: string }[];
  };
  const known = forbidden.flatMap(({ name }) => /^(.+)-imports-only-below$/.exec(name)?.[1] ?? []);

  test('all have a place in the order', () => {
    const rooms = readdirSync(join(ROOT, 'lib'), { withFileTypes: true });
    expect(rooms.map(({ name }) => name).sort()).toEqual(known.toSorted());
  });

  test('stand in CONTRIBUTING in the enforced order', () => {
    const table = /\| room \| contents \|[\s\S]*?\n\n/.exec(read('CONTRIBUTING.md'))?.[0] ?? '';
    const names = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) => cell.match(/[a-z-]+/g) ?? []);
    expect(names).toEqual(known);
  });
});
