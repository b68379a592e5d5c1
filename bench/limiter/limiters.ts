import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { Redis } from 'ioredis';
import { createRedis, createRedisGate } from '../../lib/adapters/redis/client.ts';
import { createPermits } from '../../lib/adapters/redis/permits.ts';
import type { Lane } from '../../lib/max-api/permits.ts';
import { uncontestedClaims } from '../../test/support/memory/claim-store.ts';
import { peer } from '../support/peers.ts';

/**
 * The compared limiters behind one interface. Each is set up by its documentation for 30 requests a second over several
 * processes.
 */

export const RPS = 30;

/** Resolves when a request may start. */
export type Take = (lane: Lane) => Promise<void>;

export interface Limiter {
  readonly take: Take;
  /** Reports the end of the request. */
  readonly ended?: () => void;
  readonly close?: () => Promise<void>;
}

/** Longest wait for a permit, ms. It is longer than any run, so no request is refused. */
const PATIENCE_MS = 60_000;

async function service(url: string): Promise<Limiter> {
  const redis = createRedis(url, { commandTimeoutMs: 250 });
  // No warm-up, because the limiter is new.
  const settings = { bot: 'bench', rps: RPS, shareOfRate: 0.2, warmupMs: 0 };
  const permits = createPermits({ redis: createRedisGate(redis), claims: uncontestedClaims, settings });
  return {
    async take(lane) {
      while (!(await permits.acquire(lane, PATIENCE_MS)).granted);
    },
    ended: () => permits.report({ kind: 'ok' }),
    close: () => permits.flush(),
  };
}

async function rateLimiterFlexible(url: string): Promise<Limiter> {
  interface Flexible {
    readonly RateLimiterRedis: new (options: object) => unknown;
    readonly RateLimiterQueue: new (limiter: unknown) => { removeTokens(tokens: number): Promise<unknown> };
  }
  const { RateLimiterRedis, RateLimiterQueue } = await peer<Flexible>('rate-limiter-flexible');
  const limiter = new RateLimiterRedis({
    storeClient: new Redis(url),
    points: RPS,
    duration: 1,
    keyPrefix: 'flexible',
  });
  const queue = new RateLimiterQueue(limiter);
  return {
    async take() {
      await queue.removeTokens(1);
    },
  };
}

async function bottleneck(url: string): Promise<Limiter> {
  type Bottleneck = new (options: object) => { schedule(options: object, job: () => Promise<void>): Promise<void> };
  const Cluster = await peer<Bottleneck>('bottleneck');
  const limiter = new Cluster({
    id: 'bottleneck',
    datastore: 'ioredis',
    clientOptions: { port: Number(new URL(url).port), host: '127.0.0.1' },
    Redis: createRequire(import.meta.url)('ioredis'),
    minTime: 1_000 / RPS,
  });
  return {
    take: (lane) => limiter.schedule({ priority: lane === 'interactive' ? 0 : 9 }, async () => {}),
  };
}

/**
 * This peer normally uses a REST client. Here it calls the same Redis directly, which is faster. The first line of its scripts is
 * only for Upstash's servers, and Redis 7 refuses it. Without that line, the scripts have other hashes.
 */
async function upstash(url: string): Promise<Limiter> {
  interface Upstash {
    readonly Ratelimit: {
      new (options: object): { blockUntilReady(id: string, timeoutMs: number): Promise<{ readonly success: boolean }> };
      slidingWindow(tokens: number, window: string): unknown;
    };
  }
  const { Ratelimit } = await peer<Upstash>('@upstash/ratelimit');
  const client = new Redis(url);
  const hashes = new Map<string, string>();
  const redis = {
    async evalsha(hash: string, keys: string[], args: string[]) {
      const known = hashes.get(hash);
      if (known === undefined) throw new Error('NOSCRIPT');
      return client.evalsha(known, keys.length, ...keys, ...args);
    },
    async eval(script: string, keys: string[], args: string[]) {
      const hash = createHash('sha1').update(script).digest('hex');
      hashes.set(hash, String(await client.script('LOAD', script.replace(/^#!lua.*\n/, ''))));
      return redis.evalsha(hash, keys, args);
    },
  };
  const limiter = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(RPS, '1 s'), ephemeralCache: false });
  return {
    async take() {
      while (!(await limiter.blockUntilReady('bench', PATIENCE_MS)).success);
    },
  };
}

export const LIMITERS = {
  service,
  'rate-limiter-flexible': rateLimiterFlexible,
  bottleneck,
  '@upstash/ratelimit': upstash,
};
export type LimiterName = keyof typeof LIMITERS;
