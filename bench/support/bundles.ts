import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { buildPages } from '../../web/build.ts';

/** The functions bundled as they are deployed: with `custom.esbuild` of `serverless.yml`, each by itself. */

export const ROOT = join(import.meta.dirname, '../..');

export interface FunctionSource {
  /** Its key in `serverless.yml`. */
  readonly key: string;
  /** From the project's root. */
  readonly source: string;
  /** The names of the variables it is given. */
  readonly variables: readonly string[];
}

export interface Bundle {
  readonly file: string;
  /** What is parsed when the function is imported: its file and what that imports statically. Bytes. */
  readonly eagerBytes: number;
  /** With what is loaded on demand. Bytes. */
  readonly totalBytes: number;
  /** npm packages, and files of the project, in what is loaded eagerly, with their bytes. */
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
  // js-yaml has no types of its own.
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

/** Bundles one source, from the root or absolute, into `outDir`. @param other settings instead of those of `serverless.yml`. */
export async function bundle(source: string, outDir: string, other: BuildOptions = {}): Promise<Bundle> {
  const { outputFileExtension, ...settings } = (await readService()).custom.esbuild;
  const { metafile } = await build({
    ...(settings as BuildOptions),
    ...other,
    entryPoints: [resolve(ROOT, source)],
    outExtension: { '.js': String(outputFileExtension) },
    outdir: outDir,
    absWorkingDir: ROOT,
    // A module outside of the project finds the project's packages.
    nodePaths: [join(ROOT, 'node_modules')],
    metafile: true,
    logLevel: 'error',
  });
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, 'package.json'), '{"type":"module"}');
  const outputs = Object.entries(metafile.outputs).filter(([file]) => !file.endsWith('.map'));
  // What is imported on demand is an entry point too.
  const own = relative(ROOT, resolve(ROOT, source));
  const entry = outputs.find(([, output]) => output.entryPoint === own)?.[0];
  if (entry === undefined) throw new Error(`${source}: no output`);

  const eagerFiles = new Set([entry]);
  // A set goes on with what is added while it is walked.
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

/** All functions' bundles by their keys; functions that share a handler share the bundle. */
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
