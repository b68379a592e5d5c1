import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, stop } from 'esbuild';
import { DeclarationError, type Declared } from '../declared.ts';

/** Keys of `custom.esbuild` that are options of esbuild. The other keys are for the packaging plugin. */
const SETTINGS = [
  ...['alias', 'banner', 'conditions', 'define', 'external', 'footer', 'format', 'inject', 'keepNames', 'loader'],
  ...['mainFields', 'minify', 'platform', 'pure', 'sourcemap', 'sourcesContent', 'target', 'treeShaking', 'tsconfig'],
] as const satisfies readonly (keyof BuildOptions)[];

export interface Bundle {
  /** The file to import. */
  readonly file: string;
  /** The name of the exported handler. */
  readonly exportName: string;
}

/**
 * Bundles all functions into `outDir` in one build, with the settings of the packaging.
 * @returns the bundles by the functions' keys.
 * @throws {DeclarationError} with the missing handlers, or with the message of esbuild.
 */
export async function bundleFunctions(
  declared: Declared,
  rootDir: string,
  outDir: string,
): Promise<ReadonlyMap<string, Bundle>> {
  const extension = String(declared.bundling.outputFileExtension ?? '.js');
  const sources = new Map<string, string>();
  const bundles = new Map<string, Bundle>();
  const missing: string[] = [];
  for (const { key, handler } of declared.functions) {
    const [, path = '', exportName = ''] = /^(.*)\.([^./]+)$/.exec(handler) ?? [];
    const source = await sourceOf(join(rootDir, path));
    if (source === undefined) missing.push(`  ${key}: ${path}.ts`);
    else sources.set(path, source);
    bundles.set(key, { file: join(outDir, `${path}${extension}`), exportName });
  }
  if (missing.length > 0) throw new DeclarationError(`Functions without a handler file:\n${missing.join('\n')}`);
  await rm(outDir, { recursive: true, force: true });
  const known = Object.entries(declared.bundling).filter(([key]) => SETTINGS.some((setting) => setting === key));
  await build({
    ...(Object.fromEntries(known) as BuildOptions),
    entryPoints: Object.fromEntries(sources),
    outExtension: { '.js': extension },
    outdir: outDir,
    absWorkingDir: rootDir,
    bundle: true,
    splitting: false,
    logLevel: 'silent',
  }).catch((error: Error) => {
    throw new DeclarationError(error.message);
  });
  // Stops esbuild's service process, which is no longer needed.
  await stop();
  return bundles;
}

async function sourceOf(path: string): Promise<string | undefined> {
  for (const extension of ['.ts', '.js', '.mjs']) {
    try {
      await access(path + extension);
      return path + extension;
    } catch {
      // The next one.
    }
  }
  return undefined;
}
