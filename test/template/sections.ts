import { join } from 'node:path';
import { build } from 'esbuild';
import { SECTIONS, type Section } from '../../lib/runtime/config.ts';
import { ROOT } from './packaging.ts';

/**
 * Returns the sections of the configuration that a function reads. It searches the function's bundle for their names. The bundle is
 * built like for packaging, but not minified.
 * @param handler in the form of the template: `folder/file.export`.
 */
export async function sectionsOf(handler: string): Promise<Set<Section>> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, `${handler.replace(/\.[^.]+$/, '')}.ts`)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    loader: { '.lua': 'text' },
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  const named = [...code.matchAll(/\bconfig\d*\.(\w+)/g)].map(([, name]) => name as Section);
  return new Set(named.filter((name) => name in SECTIONS));
}
