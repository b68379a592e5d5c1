/**
 * A process that acquires permits: `fork(permit-taker.ts, [JSON of TakerOptions])`. It sends `ready`, starts at the first message,
 * sends one datagram to `upstreamPort` per permit, and ends with a TakerReport.
 */
import { createSocket } from 'node:dgram';
import { createDynamoClaimStore } from '../../lib/adapters/dynamodb/claim-store.ts';
import type { Tables } from '../../lib/adapters/dynamodb/database.ts';
import { createRedis, createRedisGate } from '../../lib/adapters/redis/client.ts';
import { createPermits, type PermitSettings, type PermitStats } from '../../lib/adapters/redis/permits.ts';
import type { ClaimStore } from '../../lib/max-api/claims.ts';
import type { Lane } from '../../lib/max-api/permits.ts';
import { connectDynamo } from './dynamodb.ts';
import { uncontestedClaims } from './memory/claim-store.ts';

export interface TakerOptions {
  readonly name: string;
  readonly url: string;
  readonly upstreamPort: number;
  readonly settings: PermitSettings;
  /** The durable store of claims. Without it, all environments lose Redis together. */
  readonly claims?: { readonly endpoint: string; readonly tables: Tables };
  readonly runMs: number;
  /** `count` callers send one request after the other, with a pause of `pauseMs` (± 50 %). */
  readonly takers: readonly { lane: Lane; count: number; maxWaitMs: number; pauseMs: number }[];
}

export interface TakerReport {
  readonly stats: PermitStats;
  /** Time from the call to the permit, ms, of each interactive permit. */
  readonly interactiveWaits: readonly number[];
}

const options: TakerOptions = JSON.parse(process.argv[2] ?? '{}');
const socket = createSocket('udp4');
const redis = createRedis(options.url, { commandTimeoutMs: 250 });
const permits = createPermits({ redis: createRedisGate(redis), claims: openClaims(), settings: options.settings });
const interactiveWaits: number[] = [];
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function take({ lane, maxWaitMs, pauseMs }: TakerOptions['takers'][number], until: number): Promise<void> {
  while (Date.now() < until) {
    const asked = Date.now();
    const permit = await permits.acquire(lane, maxWaitMs);
    if (!permit.granted) {
      await sleep(Math.min(permit.retryAfterMs, 250));
      continue;
    }
    const start = Date.now();
    if (lane === 'interactive') interactiveWaits.push(start - asked);
    socket.send(JSON.stringify({ from: options.name, lane, start }), options.upstreamPort, '127.0.0.1');
    await sleep(pauseMs * (0.5 + Math.random()));
    permits.report({ kind: 'ok' });
  }
}

function openClaims(): ClaimStore {
  if (!options.claims) return uncontestedClaims;
  const { endpoint, tables } = options.claims;
  return createDynamoClaimStore({ client: connectDynamo(endpoint), tables, pause: async () => {} }, 'test');
}

process.once('message', async () => {
  const until = Date.now() + options.runMs;
  const running = options.takers.flatMap((taker) => Array.from({ length: taker.count }, () => take(taker, until)));
  await Promise.all(running);
  await permits.flush();
  const report: TakerReport = { stats: permits.stats(), interactiveWaits };
  process.send?.(report, () => process.exit(0));
});
process.send?.('ready');
