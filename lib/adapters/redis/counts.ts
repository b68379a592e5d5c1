import type { Redis, Result } from 'ioredis';
import type { CachedCount, CountCache, Leased, Leases } from '../../state/count-cache.ts';
import clearTrusted from './clear-trusted-1.lua';
import type { RedisGate } from './client.ts';
import putNewer from './put-newer-n.lua';
import release from './release-1.lua';
import takeFetching from './take-fetching-1.lua';
import takeQueued from './take-queued-n.lua';

/** Counts and leases in Redis. Every operation is one round trip. */

const countKey = (id: number) => `chat_participants:${id}`;
const leaseKey = (of: Leased) => `participants_lease:${of}`;
const contentionKey = (id: number) => `participants_contention:${id}`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    putNewer(keys: number, ...args: (string | number)[]): Result<number, Context>;
    takeQueued(keys: number, ...args: (string | number)[]): Result<number[], Context>;
    takeFetching(key: string, owner: string, ttlMs: number): Result<number, Context>;
    clearTrusted(key: string): Result<null, Context>;
    releaseLease(key: string, owner: string): Result<number, Context>;
  }
}

export interface RedisCountsOptions {
  /** How long a count is fresh, ms. Its key lives twice as long, ± 10 %, so that keys don't expire all at once. */
  readonly freshMs: number;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
}

export function createRedisCounts(gate: RedisGate, options: RedisCountsOptions): CountCache & Leases {
  gate.client.defineCommand('putNewer', { lua: putNewer });
  gate.client.defineCommand('takeQueued', { lua: takeQueued });
  gate.client.defineCommand('takeFetching', { lua: takeFetching, numberOfKeys: 1 });
  gate.client.defineCommand('releaseLease', { lua: release, numberOfKeys: 1 });
  gate.client.defineCommand('clearTrusted', { lua: clearTrusted, numberOfKeys: 1 });
  const run = async <T>(commands: (redis: Redis) => Promise<T>): Promise<T | undefined> => {
    const result = await gate.run(commands);
    return result.ok ? result.value : undefined;
  };

  return {
    async getMany(ids) {
      if (ids.length === 0) return new Map();
      const values = await run((redis) => redis.mget(ids.map(countKey)));
      if (!values) return undefined;
      const found = new Map<number, CachedCount>();
      ids.forEach((id, i) => {
        const count = parse(values[i]);
        if (count) found.set(id, count);
      });
      return found;
    },

    async putMany(counts) {
      if (counts.size === 0) return;
      const entries = [...counts];
      await run((redis) =>
        redis.putNewer(
          entries.length,
          ...entries.map(([id]) => countKey(id)),
          ...entries.flatMap(([, count]) => [
            count.updatedAt ?? '',
            serialize(count),
            Math.round(options.freshMs * 2 * (0.9 + 0.2 * options.random())),
          ]),
        ),
      );
    },

    async clearTrusted(id) {
      await run((redis) => redis.clearTrusted(countKey(id)));
    },

    async forget(id) {
      await run((redis) => redis.del(countKey(id), leaseKey(id)));
    },

    async takeQueued(ids, ttlMs) {
      if (ids.length === 0) return new Set();
      const taken = await run((redis) => redis.takeQueued(ids.length, ...ids.map(leaseKey), ttlMs));
      return taken && new Set(ids.filter((_, i) => taken[i] === 1));
    },

    async takeFetching(of, owner, ttlMs) {
      const taken = await run((redis) => redis.takeFetching(leaseKey(of), owner, ttlMs));
      return taken === undefined ? undefined : taken === 1;
    },

    async noteContention(id, ttlMs) {
      await run((redis) => redis.set(contentionKey(id), '1', 'PX', ttlMs));
    },

    async isContended(id) {
      return (await run((redis) => redis.exists(contentionKey(id)))) === 1;
    },

    async release(of, owner) {
      await run((redis) => redis.releaseLease(leaseKey(of), owner));
    },
  };
}

/** The JSON value of `chat_participants:<id>`. */
interface StoredValue {
  readonly count: number;
  readonly updated_at: string | null;
  readonly source: CachedCount['source'];
  readonly max_chat_id?: string | undefined;
  readonly events_trusted?: true | undefined;
}

function serialize({ count, updatedAt, source, maxChatId, eventsTrusted }: CachedCount): string {
  const value: StoredValue = {
    ...{ count, updated_at: updatedAt, source },
    ...{ max_chat_id: maxChatId, events_trusted: eventsTrusted },
  };
  return JSON.stringify(value);
}

const AT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

/** Matches values written by `serialize`. It takes a third of the time of parsing JSON and checking its fields. */
const WRITTEN = new RegExp(
  String.raw`^\{"count":(\d{1,15}),"updated_at":(?:null|"(${AT})"),"source":"(api|database)"(?:,"max_chat_id":"(-?\d{1,19})")?(,"events_trusted":true)?\}$`,
);

/** Returns `undefined` for invalid values, for example from other writers. `put-newer-n.lua` uses the same rules. */
function parse(text: string | null | undefined): CachedCount | undefined {
  const written = text ? WRITTEN.exec(text) : null;
  if (!written) return undefined;
  const [, count, updatedAt = null, source, maxChatId, eventsTrusted] = written;
  const read = {
    ...{ count: Number(count), updatedAt, source: source as CachedCount['source'] },
    ...(maxChatId === undefined ? {} : { maxChatId }),
  };
  return eventsTrusted ? { ...read, eventsTrusted: true } : read;
}
