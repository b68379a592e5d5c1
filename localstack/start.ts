import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readOptions, ToolError } from '../tools/command-line.ts';
import { DATA_DIR } from './data-dir.ts';
import { LOCK_FILE, lockDataDir } from './lock.ts';
import { DeclarationError } from './runner/declared.ts';
import { type LocalStack, startLocalStack } from './stack.ts';

/** `npm start` runs the whole service on this machine until Ctrl-C. */

const DEFAULT_PORT = 8082;
/** Time within which two signals are the same Ctrl-C, ms: one comes from the terminal, one from npm. */
const ECHO_MS = 500;
const HELP = `Usage: npm start -- [--reset] [--verbose] [--help]

Runs the whole service on this machine: API, DynamoDB, Redis, SQS, schedules and a simulated MAX. Ctrl-C stops it.

  --reset    deletes the data of earlier starts in .local/, and starts with empty tables
  --verbose  writes the logs of the functions to the terminal instead of .local/logs/
  --help     prints this text

PORT (default ${DEFAULT_PORT}) is the port of the API. MAX_API_URL with MAX_API_TOKEN, REDIS_URL, AWS_ENDPOINT_URL,
AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_SQS each replace an embedded server. The PARTICIPANTS_ variables of the
README apply.`;

/** Folders in `.local/` that are not data of `npm start`. */
const KEPT = ['emulator', 'ministack', 'schemathesis', 'tmp'];

// Like on Lambda. The functions' threads inherit it, because they can't set their own time zone.
process.env.TZ = 'UTC';

try {
  await main();
} catch (error) {
  const known = error instanceof ToolError || error instanceof DeclarationError;
  console.error(known ? error.message : error);
  process.exit(1);
}

async function main(): Promise<void> {
  const { values: flags } = readOptions(HELP, {
    reset: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  });
  const port = readPort();
  if (!lockDataDir(DATA_DIR))
    throw new ToolError('The local stack is already running. Stop it first, with Ctrl-C in its terminal.');
  if (flags.reset) await removeData();

  const stack = stopOnSignals(
    startLocalStack({
      dataDir: DATA_DIR,
      port,
      env: process.env,
      verbose: flags.verbose,
      onProgress: (text) => console.log(`… ${text}`),
    }),
  );
  try {
    console.log(welcome(await stack));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ToolError(`Port ${port} is in use. Choose another: PORT=${port + 1} npm start`);
  }
}

function readPort(): number {
  const text = process.env.PORT || String(DEFAULT_PORT);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new ToolError('PORT must be a whole number from 1 to 65535');
  }
  return port;
}

async function removeData(): Promise<void> {
  for (const name of await readdir(DATA_DIR)) {
    if (!name.startsWith(LOCK_FILE) && !KEPT.includes(name))
      await rm(join(DATA_DIR, name), { recursive: true, force: true });
  }
}

/**
 * The first signal stops the stack in order. The second one ends the process at once, and so does a signal during the start. The
 * servers end with this process.
 */
function stopOnSignals(starting: Promise<LocalStack>): Promise<LocalStack> {
  let running: LocalStack | undefined;
  let firstAt: number | undefined;
  const onSignal = async () => {
    const now = performance.now();
    if (firstAt !== undefined) {
      if (now - firstAt > ECHO_MS) process.exit(130);
      return;
    }
    firstAt = now;
    console.log('\nstopping …');
    try {
      await running?.stop();
    } catch (error) {
      console.error(error);
      process.exit(1);
    }
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return starting.then((stack) => {
    running = stack;
    return stack;
  });
}

function welcome({ url, env, tokens, simulator, redis }: LocalStack): string {
  const curl = (path: string, flags = '') => `  curl -s ${flags}-H "Authorization: Bearer $TOKEN" '${url}${path}'`;
  return `
  API        ${url}
  Docs       ${url}/docs
  MAX        ${simulator ? `${simulator.url} (simulated; its controls: ${simulator.controlUrl})` : process.env.MAX_API_URL}
  DynamoDB   ${env.AWS_ENDPOINT_URL_DYNAMODB}
  Redis      ${redis.url} (${redis.kind})
  SQS        ${env.AWS_ENDPOINT_URL_SQS}

Tokens for 12 hours (others: npm run --silent token -- --role …; curator and operator belong to university 1):

  superadmin ${tokens.superadmin}
  curator    ${tokens.curator}
  operator   ${tokens.operator}

Try:

  TOKEN=$(npm run --silent token -- --role superadmin)
${curl('/chats/all?limit=5')}
${curl('/chats/1/refresh-participants', '-X POST ')}
  curl -s ${url}/health

Open the console, signed in:

  ${url}/console#token=${tokens.superadmin}

ready ${url}`;
}
