import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { buildPages } from '../../web/build.ts';

/** Bundles functions like for a deployment: each separately, with `custom.esbuild` of `serverless.yml`. */

export const ROOT = join(import.meta.dirname, '../..');

export interface FunctionSource {
  /** The key in `serverless.yml`. */
  readonly key: string;
  /** The path of the source, relative to the project. */
  readonly source: string;
  /** The names of its environment variables. */
  readonly variables: readonly string[];
}

export interface Bundle {
  readonly file: string;
  /** Bytes that are parsed at the import of the function: its file and its static imports. */
  readonly eagerBytes: number;
  /** All bytes, including modules that are loaded on demand. */
  readonly totalBytes: number;
  /** The bytes of npm packages and of project files that are parsed at the import. */
  readonly eager: ReadonlyMap<string, number>;
}

interface Yaml {
  load(text: string, options: object): unknown;
  readonly DEFAULT_SCHEMA: { extend(types: unknown[]): unknown };
  readonly Type: new (tag: string, options: object) => unknown;
}

interface Service {
  readonly custom: { readonly esbuild: Record<string, unknown> };
  readonly functions: Record<string, { readonly handler: string; readonly environment?: Record<string, unknown> }>;
}

async function readService(): Promise<Service> {
  // js-yaml has no types.
  const yaml: Yaml = createRequire(import.meta.url)('js-yaml');
  const cloudFormation = ['scalar', 'sequence', 'mapping'].map(
    (kind) => new yaml.Type('!', { kind, multi: true, construct: (value: unknown) => value }),
  );
  const text = await readFile(join(ROOT, 'serverless.yml'), 'utf8');
  return yaml.load(text, { schema: yaml.DEFAULT_SCHEMA.extend(cloudFormation) }) as Service;
}

async function deployedFunctions(): Promise<FunctionSource[]> {
  const { functions } = await readService();
  return Object.entries(functions).map(([key, { handler, environment = {} }]) => ({
    key,
    source: `${handler.replace(/\.[^.]+$/, '')}.ts`,
    variables: Object.keys(environment),
  }));
}

/** Bundles a source (relative to the project or absolute) into `outDir`. @param other overrides settings of `serverless.yml`. */
export async function bundle(source: string, outDir: string, other: BuildOptions = {}): Promise<Bundle> {
  const { outputFileExtension, ...settings } = (await readService()).custom.esbuild;
  const { metafile } = await build({
    ...(settings as BuildOptions),
    ...other,
    entryPoints: [resolve(ROOT, source)],
    outExtension: { '.js': String(outputFileExtension) },
    outdir: outDir,
    absWorkingDir: ROOT,
    // Modules outside of the project use the project's packages.
    nodePaths: [join(ROOT, 'node_modules')],
    metafile: true,
    logLevel: 'error',
  });
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, 'package.json'), '{"type":"module"}');
  const outputs = Object.entries(metafile.outputs).filter(([file]) => !file.endsWith('.map'));
  // Modules that are imported on demand are also entry points.
  const own = relative(ROOT, resolve(ROOT, source));
  const entry = outputs.find(([, output]) => output.entryPoint === own)?.[0];
  if (entry === undefined) throw new Error(`${source}: no output`);

  const eagerFiles = new Set([entry]);
  // The loop also visits items that are added to the set meanwhile.
  for (const file of eagerFiles) {
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && metafile.outputs[path]) eagerFiles.add(path);
    }
  }
  const eager = new Map<string, number>();
  const eagerOutputs = outputs.filter(([file]) => eagerFiles.has(file));
  for (const [, output] of eagerOutputs) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input;
      if (bytesInOutput > 0) eager.set(name, (eager.get(name) ?? 0) + bytesInOutput);
    }
  }
  const bytes = (files: typeof outputs) => files.reduce((sum, [, output]) => sum + output.bytes, 0);
  return {
    file: resolve(ROOT, entry),
    eagerBytes: bytes(eagerOutputs),
    totalBytes: bytes(outputs),
    eager,
  };
}

/** Bundles all functions. Returns the bundles by the functions' keys; functions with the same handler share a bundle. */
export async function bundleAll(outDir: string): Promise<Map<string, FunctionSource & Bundle>> {
  await buildPages();
  const built = new Map<string, Bundle>();
  const all = new Map<string, FunctionSource & Bundle>();
  for (const declared of await deployedFunctions()) {
    const made = built.get(declared.source) ?? (await bundle(declared.source, join(outDir, declared.key)));
    built.set(declared.source, made);
    all.set(declared.key, { ...declared, ...made });
  }
  return all;
}
