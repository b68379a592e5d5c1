import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { readOptions, runTool } from '../tools/command-line.ts';

/**
 * Builds the pages for people (`console`, `docs`), each into one JSON file that the function `httpServePages` has in its bundle:
 * the page itself, and its files by names that contain a hash of their content. It does nothing if they are up to date.
 */

const WEB = import.meta.dirname;
const ROOT = join(WEB, '..');
const OUT = join(WEB, 'built');
export const PAGES = ['console', 'docs'] as const;

/** A built page. */
export interface BuiltPage {
  /** Hash of everything that it was built from. */
  readonly inputs: string;
  readonly html: string;
  /** Files by name; compressed with Brotli, in base64. */
  readonly files: Readonly<Record<string, { readonly type: string; readonly bytes: number; readonly brotli: string }>>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export async function buildPages(): Promise<void> {
  await Promise.all(PAGES.map(buildPage));
}

async function buildPage(page: string): Promise<void> {
  const target = join(OUT, `${page}.json`);
  const inputs = await digestOfInputs(page);
  if ((await readBuilt(target))?.inputs === inputs) return;

  const folder = join(WEB, page);
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'main.tsx'), join(folder, 'icon.svg')],
    outdir: '/',
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    legalComments: 'none',
    logLevel: 'error',
  });
  const files: Record<string, BuiltPage['files'][string]> = {};
  let html = await readFile(join(folder, 'index.html'), 'utf8');
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    files[name] = {
      type: TYPES[extname(name)] ?? 'application/octet-stream',
      bytes: contents.length,
      brotli: compress(contents),
    };
    // `main.js` in the page is the file `main-<hash>.js`, in a folder with the page's own name.
    html = html.replaceAll(`"${name.replace(/-[^-.]+\./, '.')}"`, `"${page}/${name}"`);
  }
  await mkdir(OUT, { recursive: true });
  // In one step, because another process may build or read it.
  const draft = `${target}.${process.pid}`;
  await writeFile(draft, JSON.stringify({ inputs, html, files } satisfies BuiltPage));
  await rename(draft, target);
}

const compress = (contents: Uint8Array): string =>
  brotliCompressSync(contents, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: contents.length },
  }).toString('base64');

async function readBuilt(target: string): Promise<BuiltPage | undefined> {
  try {
    return JSON.parse(await readFile(target, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Returns the page's sources, the build script, and the versions of the packages in it. */
async function digestOfInputs(page: string): Promise<string> {
  const hash = createHash('sha256');
  const folder = join(WEB, page);
  const own = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = own.map(({ parentPath, name }) => join(parentPath, name)).sort();
  for (const file of [...files, join(WEB, 'build.ts'), join(ROOT, 'package-lock.json')]) {
    hash
      .update(relative(ROOT, file))
      .update('\0')
      .update(await readFile(file))
      .update('\0');
  }
  return hash.digest('hex');
}

const HELP = `Usage: npm run web -- [--help]

Builds the pages for people into web/built/, unless they are up to date. What needs them builds them by itself.

  --help  this text`;

if (import.meta.main) {
  await runTool(async () => {
    readOptions(HELP, {});
    await buildPages();
    return 0;
  });
}
