import { once } from 'node:events';
import { connect } from 'node:net';
import { createRedis, createRedisGate } from '../../lib/adapters/redis/client.ts';
import { createRedisCounts } from '../../lib/adapters/redis/counts.ts';
import { quantile } from '../support/stats.ts';
import { createRawMget } from './raw-page.ts';

/**
 * Measures the Redis step of a page (MGET and validated values) and the same MGET on a raw socket, with its reply split into
 * values.
 */

export interface RedisStep {
  /** Medians, microseconds. */
  readonly ours: number;
  readonly driver: number;
  readonly socket: number;
}

export async function measureRedisStep(url: string, ids: readonly number[], rounds: number): Promise<RedisStep> {
  const client = createRedis(url, { commandTimeoutMs: 1_000 });
  const counts = createRedisCounts(createRedisGate(client), { freshMs: 3_600_000, random: Math.random });
  const keys = ids.map((id) => `chat_participants:${id}`);
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true });
  await once(socket, 'connect');
  try {
    await counts.getMany(ids);
    const ask = await createRawMget(socket, keys);
    const steps = { ours: () => counts.getMany(ids), driver: () => client.mget(keys), socket: ask };
    const samples = { ours: [] as number[], driver: [] as number[], socket: [] as number[] };
    const names = Object.keys(steps) as (keyof typeof steps)[];
    for (let i = 0; i < rounds; i += 1) {
      for (const name of names) {
        const from = performance.now();
        await steps[name]();
        // Excludes the first rounds, in which V8 compiles the code.
        if (i >= rounds / 4) samples[name].push((performance.now() - from) * 1_000);
      }
    }
    const p50 = (name: keyof typeof steps) => quantile(samples[name], 0.5);
    return { ours: p50('ours'), driver: p50('driver'), socket: p50('socket') };
  } finally {
    socket.destroy();
    client.disconnect();
  }
}
