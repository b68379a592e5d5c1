import { context } from '../page/event.ts';
import { peer } from '../support/peers.ts';

/** The compared implementations behind one interface: the service's functions, and general caches. */

export interface Reader {
  /** Reads the count of a chat. Returns the status of the response. */
  readonly read: (id: number) => Promise<number>;
  /** Refreshes the count of a chat, like a user. Only the service supports it. */
  readonly refresh?: (id: number) => Promise<number>;
}

/** How long a value is fresh, and how long it may be served after that, ms. */
export interface Lifetimes {
  readonly freshMs: number;
  readonly staleMs: number;
}

type Handler = (event: unknown, context: object) => Promise<{ statusCode: number }>;
export type Fetch = (id: number) => Promise<number>;

async function service(): Promise<Reader> {
  const [reading, refreshing] = await Promise.all([
    import('../../functions/http-get-chat/handler.ts'),
    import('../../functions/http-refresh-participants/handler.ts'),
  ]);
  const event = (id: number) => ({
    headers: { authorization: String(process.env.BENCH_AUTHORIZATION) },
    pathParameters: { id: String(id) },
    requestContext: { requestId: 'bench', timeEpoch: Date.now() },
  });
  const call = (handler: unknown) => async (id: number) => (await (handler as Handler)(event(id), context)).statusCode;
  return { read: call(reading.handler), refresh: call(refreshing.handler) };
}

async function bentocache(url: string, fetch: Fetch, { freshMs, staleMs }: Lifetimes): Promise<Reader> {
  interface Bento {
    readonly BentoCache: new (
      options: object,
    ) => {
      getOrSet(options: object): Promise<number>;
    };
    readonly bentostore: () => { useL1Layer(driver: unknown): { useL2Layer(driver: unknown): unknown } };
  }
  const { BentoCache, bentostore } = await peer<Bento>('bentocache');
  const { redisDriver } = await peer<{ redisDriver(options: object): unknown }>('bentocache/drivers/redis');
  const { memoryDriver } = await peer<{ memoryDriver(options: object): unknown }>('bentocache/drivers/memory');
  const connection = { host: '127.0.0.1', port: Number(new URL(url).port) };
  const store = bentostore().useL1Layer(memoryDriver({})).useL2Layer(redisDriver({ connection }));
  const cache = new BentoCache({ default: 'counts', stores: { counts: store } });
  return {
    async read(id) {
      // Serves a stale value at once and fetches a new one in the background.
      const options = { ttl: freshMs, grace: freshMs + staleMs, timeout: 0 };
      await cache.getOrSet({ key: `chat:${id}`, factory: () => fetch(id), ...options });
      return 200;
    },
  };
}

async function cacheManager(url: string, fetch: Fetch, { freshMs, staleMs }: Lifetimes): Promise<Reader> {
  interface Manager {
    createCache(options: object): { wrap(key: string, fetch: () => Promise<number>, options: object): Promise<number> };
  }
  const { createCache } = await peer<Manager>('cache-manager');
  const { Keyv } = await peer<{ Keyv: new (options: object) => unknown }>('keyv');
  const { default: KeyvRedis } = await peer<{ default: new (url: string) => unknown }>('@keyv/redis');
  const cache = createCache({ stores: [new Keyv({ store: new KeyvRedis(url) })] });
  return {
    async read(id) {
      const options = { ttl: freshMs + staleMs, refreshThreshold: staleMs };
      await cache.wrap(`chat:${id}`, () => fetch(id), options);
      return 200;
    },
  };
}

export const READERS = { service, bentocache, 'cache-manager': cacheManager };
export type ReaderName = keyof typeof READERS;
