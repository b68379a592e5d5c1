import { join } from 'node:path';
import { GetQueueAttributesCommand, PurgeQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createDynamo } from '../../lib/adapters/dynamodb/client.ts';
import { type DeclaredFunction, readDeclared } from '../../localstack/runner/declared.ts';
import type { Invocation } from '../../localstack/runner/lambda/environment.ts';
import { startQueueTrigger } from '../../localstack/runner/queue-triggers.ts';
import { createQueues } from '../../localstack/runner/resources.ts';
import { awsEndpoint, functionVariables } from '../../localstack/runner/settings.ts';
import { startDynamoDb } from '../../localstack/servers/dynamodb.ts';
import { startSimulatedMax } from '../../localstack/servers/max-simulator.ts';
import { startRedis } from '../../localstack/servers/redis.ts';
import { startSqs } from '../../localstack/servers/sqs.ts';
import { startTestIssuer } from '../../test/support/issuer.ts';
import { bundle, ROOT } from './bundles.ts';
import { type DatabaseOptions, fillDatabase, type TableNames } from './chats.ts';
import { type Child, startChild } from './children.ts';
import { awsOperations, type CountingProxy, redisCommands, startCountingProxy } from './counting-proxy.ts';
import type { Invoked } from './function-process.ts';

/**
 * Runs the background part of the service as `serverless.yml` declares it: real queues and tables, each execution environment of a
 * worker in its own process, and a simulated MAX that enforces the limit.
 */

export interface ServiceOptions {
  readonly dataDir: string;
  readonly chats: number;
  /** MAX's limit, and the service's `MAX_API_RPS`. */
  readonly rps: number;
  readonly batchSize: number;
  /** The required functions, by their keys in `serverless.yml`. */
  readonly keys: readonly string[];
  /** Whether to count requests by proxies between functions and servers, which cost some time. */
  readonly counted: boolean;
  /** Returns the last reading of a chat, by its number from 1. Without it, no chat was read yet. */
  readonly reading?: DatabaseOptions['reading'];
}

export interface Service {
  readonly database: { readonly client: ReturnType<typeof createDynamo>; readonly tables: TableNames };
  /** A superadmin's `Authorization` header. */
  readonly authorization: string;
  /** Invokes a function once. */
  invoke(key: string, event?: unknown): Promise<unknown>;
  /** Starts receiving messages from the queues. */
  startTriggers(): void;
  /** Deletes all messages of a queue, by its key in the resources. @returns their number. */
  empty(queue: string): Promise<number>;
  /** Returns the requests of functions to servers since the last call, if `counted` is set. */
  takeTrips(): Record<string, number>;
  /** Replaces all environments by new ones. */
  renew(): Promise<void>;
  usage(): Usage[];
  upstream(): Promise<UpstreamStats>;
  stop(): Promise<void>;
}

export interface Usage {
  readonly key: string;
  readonly peakBytes: number;
  readonly cpuMs: number;
  readonly invocations: number;
}

export interface UpstreamStats {
  readonly total: number;
  readonly max_in_any_1000ms: number;
  readonly per_second: readonly (readonly [number, number])[];
  readonly by_status: Readonly<Record<string, number>>;
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const { dataDir, chats, rps, batchSize, keys, counted } = options;
  const env = { ...process.env, MAX_API_RPS: String(rps), PARTICIPANTS_BATCH_SIZE: String(batchSize) };
  const declared = await readDeclared(ROOT, env);
  const tableName = (key: string) => declared.tables[key]?.name ?? key;
  const tables = {
    chats: tableName('ChatsTable'),
    postings: tableName('ChatPostingsTable'),
    state: tableName('StateTable'),
    history: tableName('HistoryTable'),
  };
  await fillDatabase(dataDir, { chats, tables, ...(options.reading && { reading: options.reading }) });
  const [issuer, dynamodb, redis, sqs, max] = await Promise.all([
    startTestIssuer(),
    startDynamoDb(dataDir),
    startRedis(),
    startSqs(declared.region),
    startSimulatedMax({ chats, seed: 1, drift: 0, rps }),
  ]);
  const proxies: Record<string, CountingProxy> = {};
  const through = async (name: string, url: string, reader: typeof awsOperations) => {
    if (!counted) return url;
    const proxy = await startCountingProxy(Number(new URL(url).port), reader);
    proxies[name] = proxy;
    return url.replace(/:\d+$/, `:${proxy.port}`);
  };
  const sqsEndpoint = awsEndpoint(sqs.endpoint, false, declared.region, {});
  const queues = await createQueues(declared, sqsEndpoint);
  const sqsUrl = await through('sqs', sqs.endpoint, awsOperations);
  const throughSqs = ([key, url]: [string, string]) => [key, url.replace(sqs.endpoint, sqsUrl)] as const;
  const queueUrls = Object.fromEntries(Object.entries(queues.queueUrls).map(throughSqs));
  const local = {
    AWS_REGION: declared.region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: await through('dynamodb', dynamodb.endpoint, awsOperations),
    AWS_ENDPOINT_URL_SQS: sqsUrl,
    REDIS_URL: await through('redis', redis.url, redisCommands),
    MAX_API_URL: max.url,
    MAX_API_TOKEN: max.token,
    ...issuer.env,
    POWERTOOLS_LOG_LEVEL: 'WARN',
  };
  const placed = { declared, ...queues, queueUrls };
  const used = declared.functions.filter(({ key }) => keys.includes(key));
  const functions = await startFunctions(used, dataDir, (f) => functionVariables(f, placed, local));
  const poller = new SQSClient(sqsEndpoint);

  let triggers: { stop(): Promise<void> }[] = [];
  return {
    database: {
      client: createDynamo({ ...awsEndpoint(dynamodb.endpoint, false, declared.region, {}) }),
      tables,
    },
    authorization: issuer.bearer(),
    invoke: async (key, event = {}) => {
      const invocation = await functions.invoke(key, event);
      if (invocation.outcome !== 'value') throw new Error(`${key}: ${JSON.stringify(invocation)}`);
      return invocation.value;
    },
    startTriggers() {
      triggers = used.flatMap(({ key, queueTriggers }) =>
        queueTriggers.map((trigger) =>
          startQueueTrigger({
            trigger,
            queueUrl: queues.queueUrls[trigger.queue] ?? '',
            queueArn: queues.queueArns[trigger.queue] ?? '',
            sqs: sqsEndpoint,
            invoke: (event) => functions.invoke(key, event),
            onError: (error) => console.error(`${key}: ${error.message}`),
          }),
        ),
      );
    },
    async empty(queue) {
      const QueueUrl = queues.queueUrls[queue] ?? '';
      const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
      const { Attributes } = await poller.send(asked);
      await poller.send(new PurgeQueueCommand({ QueueUrl }));
      return Number(Attributes?.ApproximateNumberOfMessages);
    },
    takeTrips: () =>
      Object.fromEntries(
        Object.entries(proxies).flatMap(([server, proxy]) =>
          Object.entries(proxy.take()).map(([what, n]) => [`${server} ${what}`, n]),
        ),
      ),
    renew: functions.renew,
    usage: functions.usage,
    async upstream() {
      return (await (await fetch(new URL('/stats', max.controlUrl))).json()) as UpstreamStats;
    },
    async stop() {
      await Promise.all(triggers.map((trigger) => trigger.stop()));
      await functions.stop();
      poller.destroy();
      issuer.stop();
      for (const proxy of Object.values(proxies)) proxy.stop();
      await Promise.all([dynamodb.stop(), redis.stop(), sqs.stop(), max.stop()]);
    },
  };
}

interface Environment {
  readonly child: Child;
  peakBytes: number;
  cpuMs: number;
  invocations: number;
}

/**
 * Starts the environments of the functions, one for each allowed concurrent invocation. Their heaps have the size that V8 chooses
 * for the function's memory (`Heap::HeapSizeFromPhysicalMemory`): a half for the old generation, and 1/128 of that for the new one.
 */
async function startFunctions(
  declared: readonly DeclaredFunction[],
  dataDir: string,
  variables: (declared: DeclaredFunction) => Readonly<Record<string, string>>,
) {
  interface Pool {
    readonly timeoutMs: number;
    readonly all: Environment[];
    readonly idle: Environment[];
  }
  const files = new Map<string, string>();
  const start = async (key: string): Promise<Environment> => {
    const f = declared.find((one) => one.key === key);
    if (!f) throw new Error(`${key} is not declared`);
    const script = join(import.meta.dirname, 'function-process.ts');
    const execArgv = [`--max-old-space-size=${f.memoryMb / 2}`, `--max-semi-space-size=${f.memoryMb / 256}`];
    const child = await startChild(script, [files.get(key) ?? ''], { execArgv, env: { ...variables(f) } });
    return { child, peakBytes: 0, cpuMs: 0, invocations: 0 };
  };
  const pools = new Map<string, Pool>();
  for (const { key, handler, timeoutS, queueTriggers } of declared) {
    const { file } = await bundle(`${handler.replace(/\.[^.]+$/, '')}.ts`, join(dataDir, 'bundles', key));
    files.set(key, file);
    const width = Math.max(1, ...queueTriggers.map(({ maximumConcurrency }) => maximumConcurrency));
    const all = await Promise.all(Array.from({ length: width }, () => start(key)));
    pools.set(key, { timeoutMs: timeoutS * 1_000, all, idle: [...all] });
  }
  return {
    async invoke(key: string, event: unknown): Promise<Invocation> {
      const pool = pools.get(key);
      const environment = pool?.idle.pop();
      if (!pool || !environment) return { outcome: 'throttled' };
      const { timeoutMs } = pool;
      const { value, error, peakBytes, cpuMs } = await environment.child.ask<Invoked>({ event, timeoutMs });
      Object.assign(environment, { peakBytes, cpuMs, invocations: environment.invocations + 1 });
      pool.idle.push(environment);
      if (error === undefined) return { outcome: 'value', value };
      console.error(`${key}: ${error}`);
      return { outcome: 'error', errorType: 'Error', errorMessage: error, stack: '' };
    },
    /** Ends all environments. The next event gets a new one. */
    async renew() {
      for (const [key, pool] of pools) {
        await Promise.all(pool.all.map(({ child }) => child.stop()));
        const fresh = await Promise.all(pool.all.map(() => start(key)));
        pool.all.splice(0, Infinity, ...fresh);
        pool.idle.splice(0, Infinity, ...fresh);
      }
    },
    usage: (): Usage[] =>
      [...pools].flatMap(([key, { all }]) =>
        all.map(({ peakBytes, cpuMs, invocations }) => ({ key, peakBytes, cpuMs, invocations })),
      ),
    async stop() {
      for (const { all } of pools.values()) await Promise.all(all.map(({ child }) => child.stop()));
    },
  };
}
