import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT_DIR } from '../../localstack/data-dir.ts';
import { installPythonPackage, NotInstallable } from '../../localstack/python-package.ts';
import { makeScratch } from '../../localstack/scratch.ts';
import { startLocalStack } from '../../localstack/stack.ts';
import { readOptions, runTool } from '../../tools/command-line.ts';

/** `npm run test:api` tests the service against its OpenAPI document. */

const HELP = `Usage: npm run test:api -- [--max-examples N] [--seed N] [--help]

Schemathesis generates valid and invalid requests from the OpenAPI document, sends them to its own local stack, and checks every
response against the document. Its settings are in schemathesis.toml. At the first use it is installed from PyPI into .local/.

  --max-examples  requests of each kind for each operation; 50 by default
  --seed          seed of an earlier run, to repeat it
  --help          prints this text`;

const VERSION = '4.32.5';
/** Few chats and a high quota, because each validation requests every chat from MAX. */
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
    // Ctrl-C reaches both processes. The stack stops after the tests have ended.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    const [code] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
