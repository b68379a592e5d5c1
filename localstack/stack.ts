import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildPages } from '../web/build.ts';
import { beginLimiter } from './begin-limiter.ts';
import { ROOT_DIR } from './data-dir.ts';
import { openIdentity, openSecret, startKeyServer, type Tokens, tokensOfAll } from './identity.ts';
import { type Declared, type DeclaredFunction, readDeclared } from './runner/declared.ts';
import type { Placed } from './runner/expressions.ts';
import { openFunctionLogs } from './runner/function-logs.ts';
import { startHttpApi } from './runner/http/http-api.ts';
import { bundleFunctions } from './runner/lambda/bundle.ts';
import type { Invocation } from './runner/lambda/environment.ts';
import { EnvironmentLimit, LambdaFunction } from './runner/lambda/function.ts';
import { startQueueTrigger } from './runner/queue-triggers.ts';
import { createQueues, createTables } from './runner/resources.ts';
import { startSchedules } from './runner/schedules.ts';
import { awsEndpoint, functionVariables, sharedVariables, type Variables } from './runner/settings.ts';
import { seedChats } from './seed.ts';
import { startDynamoDb } from './servers/dynamodb.ts';
import { freePort, tryPort } from './servers/free-port.ts';
import { type SimulatedMax, type SimulatedMaxOptions, startSimulatedMax } from './servers/max-simulator.ts';
import { startSqs } from './servers/sqs.ts';
import { embeddedRedis, givenRedis, type StackRedis } from './servers/stack-redis.ts';

export interface LocalStackOptions {
  /** The folder for all its data. No other stack may use it. */
  readonly dataDir: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The user's environment: the service's configuration, and addresses that replace embedded servers. */
  readonly env: NodeJS.ProcessEnv;
  /** The declaration to run instead of `serverless.yml` in `rootDir`. */
  readonly declared?: Declared;
  /** The folder with the handlers; by default the project. */
  readonly rootDir?: string;
  /** Writes the logs of functions to the terminal instead of files. */
  readonly verbose?: boolean;
  readonly simulator?: SimulatedMaxOptions;
  readonly onProgress?: (text: string) => void;
}

export interface LocalStack {
  readonly url: string;
  /** Names, endpoints and secrets of the functions. They are also in `environment.json` in the data directory. */
  readonly env: Variables;
  readonly tokens: Tokens;
  /** `undefined` if `MAX_API_URL` is set. */
  readonly simulator: SimulatedMax | undefined;
  readonly redis: StackRedis;
  /** Invokes a function by its key in `serverless.yml`. Waits up to its timeout for a free environment. */
  invoke(functionKey: string, event: unknown): Promise<Invocation>;
  /** Runs the first schedule of a function now, even if it is disabled. */
  runSchedule(functionKey: string): Promise<Invocation>;
  /** Stops everything. Work in progress has 5 s to end. */
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 5_000;
/** Time to report the interruption to callers and queues, ms. */
const CUT_LIMIT_MS = 1_000;
/** Largest number of environments of a function without reserved concurrency. Callers wait for a free one instead of failing. */
const CONCURRENCY = 10;
const UNLIMITED_WAIT_MS = 29_000;
/** Number of execution environments of all functions from which a further one must wait for room. Together they take about 450 MB. */
const MAX_ENVIRONMENTS = 12;
/** Idle time after which an environment may make room for another one, ms. */
const REST_MS = 5_000;
/** How long an HTTP request waits for a function at its declared limit before it counts as throttled. */
const THROTTLED_WAIT_MS = 500;

/** Returns the path of the file that contains the addresses of the running stack, for other commands. */
export const environmentFile = (dataDir: string): string => join(dataDir, 'environment.json');

/**
 * Starts the whole stack. It is ready when the promise resolves.
 * @throws {DeclarationError} for problems that the user can correct: the configuration, `serverless.yml`, a handler.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await start(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  { dataDir, port: chosenPort, env, rootDir = ROOT_DIR, verbose = false, ...options }: LocalStackOptions,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<LocalStack> {
  const progress = options.onProgress ?? (() => {});
  const started = async <T extends { stop(): Promise<void> | void }>(starting: Promise<T> | T): Promise<T> => {
    const it = await starting;
    closers.push(() => it.stop());
    return it;
  };

  // Fails early if the port is in use.
  await tryPort(chosenPort);
  const port = chosenPort || (await freePort());
  progress('reading serverless.yml');
  const declared = options.declared ?? (await readDeclared(rootDir, env));

  progress('starting the servers');
  const givenDynamoDb = env.AWS_ENDPOINT_URL_DYNAMODB || env.AWS_ENDPOINT_URL;
  const givenSqs = env.AWS_ENDPOINT_URL_SQS || env.AWS_ENDPOINT_URL;
  const identity = await openIdentity(dataDir);
  const [dynamoDbUrl, sqsUrl, redis, keys, simulator] = await settled([
    givenDynamoDb || started(startDynamoDb(join(dataDir, 'dynamodb'))).then(({ endpoint }) => endpoint),
    givenSqs || started(startSqs(declared.region, join(dataDir, 'sqs'))).then(({ endpoint }) => endpoint),
    env.REDIS_URL ? givenRedis(env.REDIS_URL) : started(embeddedRedis(join(dataDir, 'redis'))),
    started(startKeyServer(identity)),
    env.MAX_API_URL ? undefined : started(startSimulatedMax(options.simulator)),
  ]);
  if (!env.REDIS_URL) await beginLimiter(redis.url, env);
  const dynamoDb = awsEndpoint(dynamoDbUrl, Boolean(givenDynamoDb), declared.region, env);
  const sqs = awsEndpoint(sqsUrl, Boolean(givenSqs), declared.region, env);

  progress('creating tables and queues, bundling the functions');
  const [queues, bundles] = await settled([
    createQueues(declared, sqs),
    buildPages().then(() => bundleFunctions(declared, rootDir, join(dataDir, 'build'))),
    createTables(declared, dynamoDb),
  ]);
  const placed: Placed = { declared, ...queues };
  const local: Variables = {
    AWS_REGION: declared.region,
    AWS_DEFAULT_REGION: declared.region,
    AWS_ACCESS_KEY_ID: dynamoDb.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: dynamoDb.credentials.secretAccessKey,
    ...(givenDynamoDb && env.AWS_SESSION_TOKEN && { AWS_SESSION_TOKEN: env.AWS_SESSION_TOKEN }),
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
    AWS_ENDPOINT_URL_SQS: sqs.endpoint,
    REDIS_URL: redis.url,
    ...(simulator && { MAX_API_URL: simulator.url, MAX_API_TOKEN: simulator.token }),
    ...(!simulator && env.MAX_API_TOKEN && { MAX_API_TOKEN: env.MAX_API_TOKEN }),
    AUTH_ISSUER: identity.issuer,
    AUTH_AUDIENCE: identity.audience,
    AUTH_JWKS_URL: keys.jwksUrl,
    CURSOR_SECRET: await openSecret(dataDir, 'cursor-secret'),
    WEBHOOK_SECRET: await openSecret(dataDir, 'webhook-secret'),
    // The real MAX can't reach this machine, unless WEBHOOK_URL is set.
    ...(simulator && { WEBHOOK_URL: `http://127.0.0.1:${port}/webhooks/max` }),
    ...(!simulator && env.WEBHOOK_URL && { WEBHOOK_URL: env.WEBHOOK_URL }),
  };

  const shared = sharedVariables(declared, placed, local);
  if (simulator) await seedOnce(dataDir, simulator, shared, progress);

  const logs = openFunctionLogs(verbose ? undefined : join(dataDir, 'logs'));
  closers.push(() => logs.close());
  const limit = new EnvironmentLimit(MAX_ENVIRONMENTS, REST_MS);
  const functions = new Map(
    declared.functions.map((declaredFunction) => {
      const { key, name, timeoutS, memoryMb, reservedConcurrency } = declaredFunction;
      const bundle = bundles.get(key);
      if (!bundle) throw new Error(`${key} was not bundled`);
      const spec = {
        ...{ key, name, memoryMb, bundle, timeoutMs: timeoutS * 1_000 },
        arn: `arn:aws:lambda:${declared.region}:000000000000:function:${name}`,
        environment: functionVariables(declaredFunction, placed, local),
      };
      const concurrency = reservedConcurrency ?? CONCURRENCY;
      return [
        key,
        new LambdaFunction(spec, { concurrency, limit, onOutput: (output) => logs.attach(key, output) }),
      ] as const;
    }),
  );

  let stopping = false;
  const invoke = async (functionKey: string, event: unknown, waitMs?: number): Promise<Invocation> => {
    const lambda = functions.get(functionKey);
    if (!lambda) throw new Error(`serverless.yml declares no function "${functionKey}"`);
    const invocation = await lambda.invoke(event, waitMs ?? lambda.spec.timeoutMs);
    if (stopping) return invocation;
    if (invocation.outcome === 'throttled') logs.report(functionKey, 'throttled: every environment is busy');
    else if (invocation.outcome !== 'value') {
      const { errorType, errorMessage, stack } = invocation;
      logs.report(functionKey, `${errorType}: ${errorMessage}`, stack || errorMessage);
    }
    return invocation;
  };

  const limited = new Set(declared.functions.flatMap((f) => (f.reservedConcurrency === undefined ? [] : f.key)));
  const api = await startHttpApi(declared, port, (key, event) =>
    invoke(key, event, limited.has(key) ? THROTTLED_WAIT_MS : UNLIMITED_WAIT_MS),
  );
  const triggers = declared.functions.flatMap(({ key, queueTriggers }) =>
    queueTriggers.map((trigger) =>
      startQueueTrigger({
        trigger,
        sqs,
        queueUrl: queues.queueUrls[trigger.queue] ?? '',
        queueArn: queues.queueArns[trigger.queue] ?? '',
        invoke: (event) => invoke(key, event),
        onError: (error) => logs.report(key, `can't poll ${trigger.queue}: ${error.message}`),
      }),
    ),
  );
  const schedules = startSchedules(schedulesOf(declared.functions), (key, input) => void invoke(key, input));

  closers.push(async () => {
    schedules.stop();
    const drained = Promise.all([api.stop(), ...triggers.map((trigger) => trigger.stop())]);
    await Promise.race([drained, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    stopping = true;
    await Promise.all([...functions.values()].map((lambda) => lambda.stop()));
    await Promise.race([drained, sleep(CUT_LIMIT_MS, undefined, { ref: false })]);
    api.abort();
  });

  const url = `http://127.0.0.1:${api.port}`;
  await writeFile(environmentFile(dataDir), JSON.stringify({ ...shared, LOCAL_API_URL: url }, null, 2), {
    mode: 0o600,
  });
  closers.push(() => rm(environmentFile(dataDir), { force: true }));

  return {
    url,
    env: shared,
    tokens: await tokensOfAll(identity),
    simulator,
    redis,
    invoke,
    async runSchedule(functionKey) {
      const schedule = declared.functions.find(({ key }) => key === functionKey)?.schedules[0];
      if (!schedule) throw new Error(`serverless.yml declares no schedule of "${functionKey}"`);
      return invoke(functionKey, schedule.input);
    },
    stop: close,
  };
}

const schedulesOf = (functions: readonly DeclaredFunction[]) =>
  functions.flatMap(({ key, schedules }) => schedules.map((schedule) => ({ functionKey: key, schedule })));

/** Like `Promise.all`, but rejects only when all have settled, so that everything that has started can be stopped. */
async function settled<T extends readonly unknown[]>(starting: [...T]): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

/** Adds the chats of the simulator once. If a start was interrupted, the next one repeats it. */
async function seedOnce(dataDir: string, simulator: SimulatedMax, env: Variables, progress: (text: string) => void) {
  const marker = join(dataDir, 'seeded');
  if (existsSync(marker)) return;
  progress('first start: adding the chats of the simulator');
  const count = await seedChats(simulator.world, env);
  if (count > 0) await writeFile(marker, `${count}\n`);
}
