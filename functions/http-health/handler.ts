import { openHttpFunction } from '../../lib/http/stack.ts';
import {
  chatStore,
  clock,
  integrationDisabled,
  maxReachable,
  redisGate,
  refreshQueue,
} from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Time after which a dependency counts as down, ms. A healthy one responds much faster. */
const PATIENCE_MS = 2_000;

/** Checks all dependencies in parallel. For MAX it only opens a connection, because a request would use the quota. */
export const handler = openHttpFunction(route, async () => {
  const off = integrationDisabled();
  const [dynamodb, redis, sqs, max] = await Promise.all([
    probe(() => chatStore().total('all')),
    off ? disabled : probe(pingRedis),
    probe(() => refreshQueue().depth('express')),
    off ? disabled : probe(() => maxReachable(PATIENCE_MS)),
  ]);
  const dependencies = { dynamodb, redis, sqs, max };
  const degraded = Object.values(dependencies).some(({ state }) => state === 'down');
  return { status: 200, body: { status: degraded ? 'degraded' : 'ok', dependencies } };
});

const disabled = { state: 'disabled', latency_ms: null } as const;

async function probe(ask: () => Promise<unknown>) {
  const startedAt = performance.now();
  const answered = ask().then(
    () => true,
    () => false,
  );
  const late = clock.sleep(PATIENCE_MS).then(() => false);
  const ok = await Promise.race([answered, late]);
  const latency_ms = Math.round((performance.now() - startedAt) * 10) / 10;
  return ok ? { state: 'ok', latency_ms } : { state: 'down', latency_ms: null };
}

async function pingRedis(): Promise<void> {
  const pong = await redisGate().run((redis) => redis.ping());
  if (!pong.ok) throw new Error(pong.reason);
}
