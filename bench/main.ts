import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import '../test/support/lua-as-text.ts';
import type { Part } from './support/part.ts';
import { peersInstalled } from './support/peers.ts';
import { keep, print } from './support/report.ts';

/** `npm run bench -- [part…] [--quick]`: the figures of the goals, measured on this machine. */

const PARTS = ['imports', 'page', 'limiter', 'stampede', 'memory', 'full-update'] as const;
/** A program of its own, which keeps its own record. */
const FRESHNESS = 'freshness';
const KNOWN: readonly string[] = [...PARTS, FRESHNESS];

const HELP = `Usage: npm run bench -- [part…] [--quick]

Parts: ${KNOWN.join(', ')}; all of them unless some are named.

  --quick  smaller sizes, for a look; nothing is written to bench/RESULTS.md

The peers come from bench/package.json: npm ci --prefix bench. Without them the service is measured alone.`;

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !KNOWN.includes(name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no part ${unknown.join(', ')}.\n`);
  console.log(HELP);
  process.exit(unknown.length > 0 ? 2 : 0);
}

if (!peersInstalled()) {
  console.log('The peers are not installed, so the service is measured alone. To have them: npm ci --prefix bench');
}
const { quick } = values;
for (const part of positionals.length > 0 ? positionals : KNOWN) {
  if (part === FRESHNESS) {
    await freshness();
    continue;
  }
  const { run } = (await import(`./${part}/main.ts`)) as { run: Part };
  const load = loadavg()[0]?.toFixed(1) ?? '';
  const result = await run({ quick });
  print(part, result);
  keep(part, result, { quick, load });
}
// Clients of what was measured may still have timers and sockets.
process.exit();

async function freshness(): Promise<void> {
  const script = join(import.meta.dirname, 'freshness/main.ts');
  if (!existsSync(script)) {
    console.log('\n━━ freshness: not there');
    return;
  }
  const child = spawn(process.execPath, [script, ...(quick ? ['--quick'] : [])], { stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) process.exitCode = 1;
}
