import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle, bundleAll } from '../support/bundles.ts';
import type { Part } from '../support/part.ts';
import { kb, median, round } from '../support/stats.ts';
import { unusedIn } from './unused.ts';

/** P1: the time to import each function in a new process, compared with the same packages in a naive bundle. */

const PROBE = join(import.meta.dirname, 'import-once.mjs');
/** The environment as on Lambda (serverless.yml: NODE_OPTIONS), without other variables of this machine. */
const ENVIRONMENT = {
  NODE_OPTIONS: '--enable-source-maps',
  AWS_REGION: 'eu-central-1',
  POWERTOOLS_SERVICE_NAME: 'bench',
  POWERTOOLS_METRICS_NAMESPACE: 'bench',
};
/** Bundles without the replacements of packages in `serverless.yml`. */
const NAIVELY = { alias: {} };
const LISTING = 'httpListChats';
const BUILT_IN = "Node's built-in modules";
/** The large built-in modules that both the function and the naive bundle load. */
const BUILT_IN_MODULES = ['https', 'crypto', 'zlib', 'dns', 'fs/promises'];
const SHOWN_IN_QUICK = [LISTING, 'queueRefreshPlanned'];

export const run: Part = async ({ quick }) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-imports-'));
  try {
    const functions = await bundleAll(folder);
    const naive = await bundle('bench/imports/naive.ts', join(folder, 'naive'), NAIVELY);
    const naiveAll = await bundle('bench/imports/naive-all.ts', join(folder, 'naive-all'), NAIVELY);
    const nothing = join(folder, 'nothing.mjs');
    await writeFile(nothing, '');
    const builtIn = join(folder, 'built-in.mjs');
    await writeFile(builtIn, BUILT_IN_MODULES.map((name) => `import 'node:${name}';`).join('\n'));

    const seen = new Set<string>();
    const candidates = [
      { name: 'nothing', file: nothing },
      { name: BUILT_IN, file: builtIn },
      { name: 'naive', file: naive.file },
      { name: 'naive + SQS, SSM', file: naiveAll.file },
      ...[...functions].flatMap(([key, { file, source }]) => {
        if (seen.has(source) || (quick && !SHOWN_IN_QUICK.includes(key))) return [];
        seen.add(source);
        return [{ name: key, file }];
      }),
    ];
    const rounds = quick ? 5 : 15;
    const samples = new Map(candidates.map(({ name }) => [name, [] as (readonly [number, number])[]]));
    for (let i = 0; i < rounds; i += 1) {
      for (const { name, file } of candidates) samples.get(name)?.push(await importOnce(file));
    }
    const wall = (name: string) => median((samples.get(name) ?? []).map(([ms]) => ms));
    const cpu = (name: string) => median((samples.get(name) ?? []).map(([, ms]) => ms));
    const ratio = (of: (name: string) => number, to: string) => round(of(LISTING) / of(to));

    const perKb = (ms: number, bytes: number) => Math.round(((ms - wall(BUILT_IN)) * 1_000) / (bytes / 1_024));
    const unused = [...functions.values()].flatMap((f) => unusedIn(f).map((name) => `${f.key}: ${name}`));
    const listing = functions.get(LISTING);
    if (!listing) throw new Error(`there is no function ${LISTING}`);
    return {
      figures: [
        {
          goal: 'P1',
          what: 'import of the listing function ÷ naive bundle (wall clock)',
          bound: '≤ 0.60',
          measured: `${ratio(wall, 'naive')} (${round(wall(LISTING), 1)} ms)`,
          peer: `naive ${round(wall('naive'), 1)} ms`,
          reached: ratio(wall, 'naive') <= 0.6,
        },
        {
          goal: '',
          what: 'the same in processor time, which neighbours on the machine disturb less',
          bound: '≤ 0.60',
          measured: `${ratio(cpu, 'naive')} (${round(cpu(LISTING), 1)} ms)`,
          peer: `naive ${round(cpu('naive'), 1)} ms`,
          reached: ratio(cpu, 'naive') <= 0.6,
        },
        {
          goal: '',
          what: 'the same with SQS and SSM in the naive bundle too, as in the function (wall; CPU)',
          bound: '≤ 0.60',
          measured: `${ratio(wall, 'naive + SQS, SSM')}; ${ratio(cpu, 'naive + SQS, SSM')}`,
          peer: `${round(wall('naive + SQS, SSM'), 1)} ms; ${round(cpu('naive + SQS, SSM'), 1)} ms`,
          reached: ratio(wall, 'naive + SQS, SSM') <= 0.6,
        },
        {
          goal: 'P1',
          what: 'packages parsed at the start that the function does not use, all functions',
          bound: '0',
          measured: unused.length === 0 ? '0' : unused.join(', '),
          peer: '–',
          reached: unused.length === 0,
        },
        {
          goal: '',
          what: 'bytes parsed at the start of the listing function',
          bound: '–',
          measured: kb(listing.eagerBytes),
          peer: `naive ${kb(naive.eagerBytes)}`,
          reached: undefined,
        },
      ],
      tables: [
        {
          title: `Import in a fresh process, median of ${rounds}, ms`,
          head: ['bundle', 'wall', 'CPU', 'parsed at the start', 'with what is loaded on demand'],
          rows: candidates.map(({ name, file }) => {
            const sizes =
              functions.get(name) ??
              (name === 'naive' ? naive : file === nothing || file === builtIn ? undefined : naiveAll);
            return [
              name,
              round(wall(name), 1),
              round(cpu(name), 1),
              sizes ? kb(sizes.eagerBytes) : '0 KB',
              sizes ? kb(sizes.totalBytes) : '0 KB',
            ];
          }),
        },
        {
          title: 'What the listing function parses at the start, the largest',
          head: ['package', 'size'],
          rows: [...listing.eager]
            .sort(([, a], [, b]) => b - a)
            .slice(0, 12)
            .map(([name, bytes]) => [name, kb(bytes)]),
        },
      ],
      notes: [
        `Both import Node's ${BUILT_IN_MODULES.join(', ')}: ${round(wall(BUILT_IN), 1)} ms. The rest grows with the bytes: ` +
          `${perKb(wall(LISTING), listing.eagerBytes)} µs per KB in the function, ${perKb(wall('naive'), naive.eagerBytes)} in the naive ` +
          'bundle. So only fewer bytes make the import faster; the table below shows what is left.',
      ],
      data: { samples: Object.fromEntries(samples) },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function importOnce(file: string): Promise<readonly [number, number]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROBE, file], { env: ENVIRONMENT });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
