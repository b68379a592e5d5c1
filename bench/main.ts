import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import '../localstack/lua-as-text.ts';
import { readOptions, runTool, ToolError } from '../tools/command-line.ts';
import type { Part } from './support/part.ts';
import { peersInstalled } from './support/peers.ts';
import { keep, print } from './support/report.ts';

/** `npm run bench -- [part…] [--quick]` measures the performance goals on this machine. */

const PARTS = [
  'imports',
  'page',
  'find',
  'limiter',
  'stampede',
  'memory',
  'full-update',
  'people',
  'soak',
  'mutation',
] as const;
/** A program of its own, which keeps its own record. */
const FRESHNESS = 'freshness';
const KNOWN: readonly string[] = [...PARTS, FRESHNESS];

const HELP = `Usage: npm run bench -- [part…] [--quick]

Parts: ${KNOWN.join(', ')}; all of them unless some are named.

  --quick  smaller sizes, for a first impression; nothing is written to bench/RESULTS.md
  --help   this text

The peers come from bench/package.json: npm ci --prefix bench. Without them the service is measured alone. Searches are measured
beside PostgreSQL where it is installed: apt-get install postgresql.`;

await runTool(async () => {
  const { values, positionals } = readOptions(
    HELP,
    { quick: { type: 'boolean', default: false } },
    { positionals: true },
  );
  const { quick } = values;
  const unknown = positionals.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw new ToolError(`There is no part ${unknown.join(', ')}; there are ${KNOWN.join(', ')}.`);
  if (!peersInstalled()) {
    console.log('The peers are not installed, so the service is measured alone. To have them: npm ci --prefix bench');
  }
  let status = 0;
  for (const part of positionals.length > 0 ? positionals : KNOWN) {
    if (part === FRESHNESS) {
      if (!(await freshness(quick))) status = 1;
      continue;
    }
    const { run } = (await import(`./${part}/main.ts`)) as { run: Part };
    const load = loadavg()[0]?.toFixed(1) ?? '';
    const result = await run({ quick });
    print(part, result);
    keep(part, result, { quick, load });
  }
  return status;
});
// The measured clients may still have open timers and sockets.
process.exit();

/** @returns whether it could be measured. */
async function freshness(quick: boolean): Promise<boolean> {
  const script = join(import.meta.dirname, 'freshness/main.ts');
  if (!existsSync(script)) {
    console.log('\n━━ freshness: not there');
    return true;
  }
  const child = spawn(process.execPath, [script, ...(quick ? ['--quick'] : [])], { stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  return code === 0;
}
