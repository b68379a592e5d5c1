import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readOptions, ToolError } from '../tools/command-line.ts';
import { DATA_DIR } from './data-dir.ts';
import { accessTo, DeployError } from './emulator/deploy.ts';
import { NoEmulator, startMiniStack } from './emulator/ministack.ts';
import { type EmulatedStack, startEmulatedStack } from './emulator/stack.ts';
import { makeScratch } from './scratch.ts';

/** `npm run deploy:emulator` deploys the packaged service to an emulator of AWS and runs until Ctrl-C. */

const HELP = `Usage: npm run deploy:emulator -- [--stage NAME] [--help]

Packages the service and deploys the package to an emulator of AWS: the one at AWS_ENDPOINT_URL, otherwise MiniStack. MiniStack
is installed from PyPI into .local/ministack/ (needs python3 with pip) and started on a free port of this machine. The command also
starts Redis, a token issuer and a simulated MAX. Ctrl-C stops everything that was started here. In your own emulator the stack
remains.

  --stage NAME  the stage (default local)
  --help        prints this text

With MAX_API_URL and MAX_API_TOKEN, no simulated MAX is started; with REDIS_URL, no Redis. The PARTICIPANTS_ variables of the README
apply. If the emulator runs functions in containers, they must be able to reach these addresses; see docs/deploy.md.`;

/** Called in reverse order at the end. */
const closers: (() => Promise<void>)[] = [];
let closing: Promise<void> | undefined;
const close = (): Promise<void> => {
  closing ??= (async () => {
    for (const closer of closers.reverse()) await closer();
  })();
  return closing;
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The terminal sends a signal to this process, and npm sends it again. Only the first one starts the stop.
  process.on(signal, async () => {
    if (!closing) console.log('\nstopping …');
    await close();
    process.exit(signal === 'SIGINT' ? 0 : 143);
  });
}

try {
  await main();
} catch (error) {
  if (!closing) {
    const wrongUse = error instanceof ToolError;
    const known = wrongUse || error instanceof DeployError || error instanceof NoEmulator;
    console.error(known ? error.message : error);
    await close();
    process.exit(wrongUse ? 2 : 1);
  }
}

async function main(): Promise<void> {
  const { values } = readOptions(HELP, { stage: { type: 'string', default: 'local' } });
  const { stage } = values;
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage)) {
    throw new DeployError(
      '--stage must be a lower-case letter, followed by up to 19 lower-case letters, digits or hyphens',
    );
  }
  const progress = (text: string) => console.log(`… ${text}`);
  const region = process.env.AWS_REGION || 'eu-central-1';
  const dataDir = join(DATA_DIR, 'emulator');
  await mkdir(dataDir, { recursive: true });
  const given = process.env.AWS_ENDPOINT_URL;
  const logFile = join(dataDir, 'ministack.log');
  const emulator = given ? undefined : await startMiniStack(region, logFile, progress);
  if (emulator) closers.push(() => emulator.stop());

  const packageDir = await makeScratch('package');
  closers.push(() => rm(packageDir, { recursive: true, force: true }));
  const stack = await startEmulatedStack({
    access: accessTo(emulator?.endpoint ?? given ?? '', region, process.env),
    stage,
    dataDir,
    packageDir,
    env: process.env,
    progress,
  });
  closers.push(() => stack.stop());
  console.log(welcome(stack, emulator ? `${emulator.kind} at ${emulator.endpoint}, log in ${logFile}` : String(given)));
}

function welcome({ url, tokens, simulator, redis }: EmulatedStack, emulator: string): string {
  return `
  API        ${url}
  emulator   ${emulator}
  MAX        ${simulator ? `${simulator.url} (simulated; its controls: ${simulator.controlUrl})` : process.env.MAX_API_URL}
  Redis      ${redis.url} (${redis.kind})

  superadmin ${tokens.superadmin}
  curator    ${tokens.curator}
  operator   ${tokens.operator}

  curl -s '${url}/health'

ready ${url}`;
}
