import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DATA_DIR } from '../../localstack/data-dir.ts';
import { NoEmulator, startMiniStack } from '../../localstack/emulator/ministack.ts';
import { runTool, ToolError } from '../../tools/command-line.ts';

/** `npm run test:e2e` runs the end-to-end tests against the target in E2E_TARGET. */

const HELP = `Usage: npm run test:e2e -- [arguments of vitest run]

Runs the end-to-end tests against a service that it starts itself.

E2E_TARGET  local (the default), emulator, or the address of a deployed stage
--help      prints this text; all other arguments are passed to Vitest, for example: npm run test:e2e -- events`;

await runTool(async () => {
  if (process.argv.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  const given = process.env.AWS_ENDPOINT_URL;
  const target = process.env.E2E_TARGET || (given ? 'emulator' : 'local');
  if (target !== 'local' && target !== 'emulator' && !/^https?:\/\//.test(target)) {
    throw new ToolError('E2E_TARGET must be local, emulator, or the address of a deployed stage');
  }
  const region = process.env.AWS_REGION || 'eu-central-1';
  const logFile = join(DATA_DIR, 'emulator/e2e.log');
  try {
    const emulator =
      target === 'emulator' && !given
        ? await startMiniStack(region, logFile, (text) => console.log(`… ${text}`))
        : undefined;
    const endpoint = emulator?.endpoint ?? given;
    const status = await vitest({ E2E_TARGET: target, ...(endpoint && { AWS_ENDPOINT_URL: endpoint }) });
    await emulator?.stop();
    return status;
  } catch (error) {
    if (!(error instanceof NoEmulator)) throw error;
    console.log(`SKIPPED: end-to-end tests on an emulator. ${error.message}`);
    return 0;
  }
});

async function vitest(env: NodeJS.ProcessEnv): Promise<number> {
  const cli = join(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs');
  const config = join(import.meta.dirname, 'vitest.config.ts');
  const args = [cli, 'run', '--config', config, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
  // Ctrl-C reaches both processes. The emulator stops after the tests have ended.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}
