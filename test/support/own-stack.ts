import { ROOT_DIR } from '../../localstack/data-dir.ts';
import { readDeclared } from '../../localstack/runner/declared.ts';
import { startLocalStack } from '../../localstack/stack.ts';
import type { FromStack, StackProcessOptions } from './stack-process.ts';

/** The local stack as a process of its own, for `startStackProcess`. */

const { dataDir, visibilityTimeoutS, simulator, env: own } = JSON.parse(process.argv[2] ?? '') as StackProcessOptions;
const tell = (message: FromStack) => process.send?.(message);

// The tests and benchmarks that started it are gone.
process.once('disconnect', () => process.exit(1));
process.env.TZ = 'UTC';
const env = { ...process.env, MAX_API_URL: '', REDIS_URL: '', AWS_ENDPOINT_URL: '', ...own };
const declared = await readDeclared(ROOT_DIR, env);
const queues = Object.entries(declared.queues).map(([key, queue]) => {
  const attributes = visibilityTimeoutS ? { VisibilityTimeout: String(visibilityTimeoutS) } : {};
  return [key, { ...queue, attributes: { ...queue.attributes, ...attributes } }] as const;
});
const stack = await startLocalStack({
  ...{ dataDir, port: 0, env, simulator, declared: { ...declared, queues: Object.fromEntries(queues) } },
  onProgress: (progress) => tell({ kind: 'progress', progress }),
});

process.on('message', async (functionKey: string) => {
  const { outcome } = await stack.runSchedule(functionKey);
  tell({ kind: 'ran', functionKey, outcome });
});
process.once('SIGTERM', async () => {
  await stack.stop();
  process.exit(0);
});
const { url, tokens, redis } = stack;
tell({ kind: 'ready', url, tokens, redisUrl: redis.url, maxControl: stack.simulator?.controlUrl ?? '' });
