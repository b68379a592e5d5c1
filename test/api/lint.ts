import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT_DIR } from '../../localstack/data-dir.ts';
import { makeScratch } from '../../localstack/scratch.ts';
import { readOptions, runTool } from '../../tools/command-line.ts';
import { apiDocument } from './document.ts';

/** `npm run lint:api` checks the OpenAPI document with Redocly's recommended rules. */

const HELP = `Usage: npm run lint:api -- [--help]

Checks the OpenAPI document with Redocly's recommended rules (redocly.yaml). Warnings count as errors.

  --help  prints this text`;

await runTool(async () => {
  readOptions(HELP, {});
  const folder = await makeScratch('lint-api');
  const file = join(folder, 'openapi.json');
  await writeFile(file, JSON.stringify(apiDocument(), undefined, 2));
  const { stdout, stderr } = redocly('lint', file, '--format', 'json');
  const [, errors, warnings] = /"totals":\s*{\s*"errors":\s*(\d+),\s*"warnings":\s*(\d+)/.exec(stdout) ?? [];
  const clean = errors === '0' && warnings === '0';
  if (clean) console.log('Redocly: 0 errors, 0 warnings');
  else console.error(errors === undefined ? stdout + stderr : redocly('lint', file, '--format', 'stylish').stdout);
  await rm(folder, { recursive: true });
  return clean ? 0 : 1;
});

function redocly(...args: readonly string[]) {
  const cli = createRequire(import.meta.url).resolve('@redocly/cli/package.json');
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const { bin } = JSON.parse(readFileSync(cli, 'utf8')) as { bin: { redocly: string } };
  return spawnSync(process.execPath, [join(cli, '..', bin.redocly), ...args], { cwd: ROOT_DIR, env, encoding: 'utf8' });
}
