import type { Redis, Result } from 'ioredis';
import type { ViewCounter } from '../../state/view-counter.ts';
import type { RedisGate } from './client.ts';
import countViews from './count-views-n.lua';
import peekViews from './peek-views-n.lua';
import takeViews from './take-views-n.lua';

/**
 * Number of chats whose counters share a hash. Redis packs hashes of this size: a viewed chat takes about 8 bytes. Every
 * operation is one round trip.
 */
const CHATS_A_HASH = 512;
/** Lifetime of a counter without new views, s. Older views are not needed. */
const KEPT_SECONDS = 14 * 24 * 3_600;

type Counter = readonly [key: string, field: number];
const counterOf = (id: number): Counter => [`participants_reads:${Math.floor(id / CHATS_A_HASH)}`, id % CHATS_A_HASH];
const TOTAL: Counter = ['participants_reads:total', 0];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    countViews(keys: number, ...args: (string | number)[]): Result<null, Context>;
    peekViews(keys: number, ...args: (string | number)[]): Result<number[], Context>;
    takeViews(keys: number, ...args: (string | number)[]): Result<null, Context>;
  }
}

export function createRedisViewCounter(gate: RedisGate): ViewCounter {
  gate.client.defineCommand('countViews', { lua: countViews });
  gate.client.defineCommand('peekViews', { lua: peekViews });
  gate.client.defineCommand('takeViews', { lua: takeViews });

  const keys = (counters: readonly Counter[]) => counters.map(([key]) => key);
  const fields = (counters: readonly Counter[]) => counters.map(([, field]) => field);

  const peek = async (counters: readonly Counter[]): Promise<number[] | undefined> => {
    const peeked = await gate.run((redis: Redis) =>
      redis.peekViews(counters.length, ...keys(counters), ...fields(counters)),
    );
    return peeked.ok ? peeked.value : undefined;
  };
  const take = async (counters: readonly Counter[], counts: readonly number[]): Promise<void> => {
    const taken = fields(counters).flatMap((field, i) => [field, counts[i] ?? 0]);
    await gate.run((redis) => redis.takeViews(counters.length, ...keys(counters), ...taken));
  };

  return {
    async count(ids, weight) {
      const counters = ids.map(counterOf);
      await gate.run((redis) =>
        Promise.all([
          redis.countViews(1, TOTAL[0], weight * ids.length, KEPT_SECONDS, TOTAL[1]),
          redis.countViews(counters.length, ...keys(counters), weight, KEPT_SECONDS, ...fields(counters)),
        ]),
      );
    },

    async peek(ids) {
      const counts = ids.length > 0 ? await peek(ids.map(counterOf)) : undefined;
      return new Map(ids.flatMap((id, i) => (counts?.[i] ? [[id, counts[i]] as const] : [])));
    },

    async takeAway(counts) {
      if (counts.size > 0) await take([...counts.keys()].map(counterOf), [...counts.values()]);
    },

    async takeTotal() {
      const total = (await peek([TOTAL]))?.[0];
      if (total) await take([TOTAL], [total]);
      return total;
    },
  };
}
