import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT_DIR } from '../../localstack/data-dir.ts';
import { installPythonPackage, NotInstallable } from '../../localstack/python-package.ts';
import { makeScratch } from '../../localstack/scratch.ts';
import { startLocalStack } from '../../localstack/stack.ts';
import { readOptions, runTool } from '../../tools/command-line.ts';

/** `npm run test:api`: the service against its OpenAPI document. */

const HELP = `Usage: npm run test:api -- [--max-examples N] [--seed N] [--help]

Schemathesis generates requests from the OpenAPI document, valid and invalid ones, sends them to a local stack of its own, and checks
every answer against the document. Its settings are in schemathesis.toml. It is installed from PyPI into .local/ at the first use.

  --max-examples  requests of each kind for each operation; 50 unless given
  --seed          repeats a run
  --help          this text`;

const VERSION = '4.32.5';
/** Few chats and a high quota, since a validation asks MAX for every chat. */
const CHATS = 12;
const REQUESTS_PER_SECOND = 500;

await runTool(async () => {
  const { values } = readOptions(HELP, { 'max-examples': { type: 'string' }, seed: { type: 'string' } });
  const options = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  try {
    const commands = await installPythonPackage('schemathesis', VERSION, (text) => console.log(`… ${text}`));
    return await testApi(join(commands, 'schemathesis'), options);
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    console.log(`SKIPPED: the API against its OpenAPI document. ${error.message}`);
    return 0;
  }
});

async function testApi(schemathesis: string, options: readonly string[]): Promise<number> {
  const dataDir = await makeScratch('api');
  const env = { MAX_API_URL: '', REDIS_URL: '', AWS_ENDPOINT_URL: '', MAX_API_RPS: String(REQUESTS_PER_SECOND) };
  const stack = await startLocalStack({
    dataDir,
    port: 0,
    env: { ...process.env, ...env },
    simulator: { chats: CHATS, drift: 0, seed: 7, rps: REQUESTS_PER_SECOND },
  });
  try {
    const child = spawn(schemathesis, ['run', `${stack.url}/openapi.json`, ...options], {
      cwd: ROOT_DIR,
      env: { ...process.env, TOKEN: stack.tokens.superadmin, WEBHOOK_SECRET: String(stack.env.WEBHOOK_SECRET) },
      stdio: 'inherit',
    });
    // A Ctrl-C reaches both; the stack is stopped when the tests have ended.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    const [code] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
