import type { Redis } from 'ioredis';
import { LuaWasmEngine } from 'lua-redis-wasm';
import type { RedisGate } from '../../lib/adapters/redis/client.ts';
import type { Engine, Environment } from './engine.ts';

/**
 * The part of Redis that the service uses, in simulated time. It runs the service's unchanged Lua scripts. It can be unreachable,
 * lose all keys, evict keys, and fail over to a replica without the last writes.
 */
export class RedisModel {
  down = false;
  readonly #engine: Engine;
  readonly #onCount: (key: string, value: string, before: string | undefined) => void;
  #keys: Keys = new Map();
  #replica: Keys = new Map();
  #run = 1;

  /** @param onCount called for every written count. */
  constructor(engine: Engine, onCount: (key: string, value: string, before: string | undefined) => void) {
    this.#engine = engine;
    this.#onCount = onCount;
  }

  flush(): void {
    this.#keys = new Map();
    this.#run += 1;
  }

  /** Copies all writes up to now to the replica. */
  replicate(): void {
    this.#replica = structuredClone(this.#keys);
  }

  /** Makes the replica the primary. Writes that it has not received are lost. */
  failOver(): void {
    this.#keys = structuredClone(this.#replica);
    this.#run += 1;
  }

  /** Evicts counts, as if the memory were full. */
  evict(share: number): void {
    for (const key of this.#keys.keys()) {
      if (key.startsWith('chat_participants:') && this.#engine.random() < share) this.#keys.delete(key);
    }
  }

  /** Returns the keys with this prefix that will remain for more than `ms` milliseconds. */
  livingLongerThan(ms: number, prefix: string): string[] {
    const living = [...this.#keys].filter(
      ([key, { until }]) => key.startsWith(prefix) && until > this.#engine.now + ms,
    );
    return living.map(([key]) => key);
  }

  /** Returns a connection from an environment. */
  gate(environment: Environment): RedisGate {
    const scripts = new Map<string, Script>();
    const client = new Proxy({} as Redis, {
      get: (_, name) =>
        name === 'defineCommand'
          ? (command: string, { lua, numberOfKeys }: { lua: string; numberOfKeys?: number }) =>
              scripts.set(command, { lua: withoutComments(lua), numberOfKeys })
          : undefined,
    });
    const commands = this.#commands(scripts);
    return {
      client,
      run: async (work) => {
        if (environment.redisCut || this.down) return { ok: false, reason: 'down' };
        try {
          const value = await environment.request('redis', 'redis', () => {
            if (environment.redisCut || this.down) throw new Error('down');
            return work(commands);
          });
          return { ok: true, value };
        } catch (error) {
          return { ok: false, reason: 'down', error: error as Error };
        }
      },
    };
  }

  #commands(scripts: ReadonlyMap<string, Script>): Redis {
    return new Proxy({} as Redis, {
      get: (_, name) => {
        if (typeof name !== 'string' || name === 'then') return undefined;
        const script = scripts.get(name);
        return async (...given: unknown[]) => {
          const args = given.flat().map(String);
          return script ? this.#evaluate(script, args) : this.#command([name.toUpperCase(), ...args]);
        };
      },
    });
  }

  #evaluate({ lua, numberOfKeys }: Script, args: readonly string[]): unknown {
    const count = numberOfKeys ?? Number(args[0]);
    const rest = numberOfKeys === undefined ? args.slice(1) : args;
    current = this;
    const reply = lua_.evalWithArgs(lua, rest.slice(0, count).map(bytes), rest.slice(count).map(bytes));
    return plain(reply as Reply);
  }

  /** @param parts the command and its arguments. */
  call(parts: readonly string[]): Reply {
    const reply = this.#command(parts);
    return toReply(reply);
  }

  #live(key: string) {
    const entry = this.#keys.get(key);
    if (entry && entry.until <= this.#engine.now) {
      this.#keys.delete(key);
      return undefined;
    }
    return entry;
  }

  #hash(key: string): Map<string, string> {
    const entry = this.#live(key) ?? { value: new Map<string, string>(), until: Number.POSITIVE_INFINITY };
    this.#keys.set(key, entry);
    return entry.value as Map<string, string>;
  }

  #command([name = '', key = '', ...args]: readonly string[]): string | number | null | (string | null)[] {
    const entry = this.#live(key);
    switch (name) {
      case 'TIME': {
        const us = Math.floor(this.#engine.now * 1_000);
        return [String(Math.floor(us / 1e6)), String(us % 1e6)];
      }
      case 'INFO':
        return `run_id:${this.#run}`;
      case 'GET':
        return (entry?.value as string | undefined) ?? null;
      case 'MGET':
        return [key, ...args].map((one) => (this.#live(one)?.value as string | undefined) ?? null);
      case 'EXISTS':
        return entry ? 1 : 0;
      case 'DEL': {
        const keys = [key, ...args].filter((one) => this.#live(one));
        for (const one of keys) this.#keys.delete(one);
        return keys.length;
      }
      case 'SET': {
        const [value = '', ...options] = args;
        if (options.includes('NX') && entry) return null;
        const px = options.indexOf('PX');
        const until = px < 0 ? Number.POSITIVE_INFINITY : this.#engine.now + Number(options[px + 1]);
        this.#keys.set(key, { value, until: options.includes('KEEPTTL') && entry ? entry.until : until });
        if (key.startsWith('chat_participants:')) this.#onCount(key, value, entry?.value as string | undefined);
        return 'OK';
      }
      case 'PEXPIRE':
      case 'EXPIRE':
        if (entry) entry.until = this.#engine.now + Number(args[0]) * (name === 'EXPIRE' ? 1_000 : 1);
        return entry ? 1 : 0;
      case 'HGET':
        return (entry?.value as Map<string, string> | undefined)?.get(args[0] ?? '') ?? null;
      case 'HMGET':
        return args.map((field) => (entry?.value as Map<string, string> | undefined)?.get(field) ?? null);
      case 'HSET': {
        const hash = this.#hash(key);
        for (let i = 0; i < args.length; i += 2) hash.set(args[i] ?? '', args[i + 1] ?? '');
        return args.length / 2;
      }
      case 'HINCRBY': {
        const hash = this.#hash(key);
        const sum = Number(hash.get(args[0] ?? '') ?? 0) + Number(args[1]);
        hash.set(args[0] ?? '', String(sum));
        return sum;
      }
      case 'HDEL':
        return this.#hash(key).delete(args[0] ?? '') ? 1 : 0;
      default:
        throw new Error(`the simulated Redis does not know ${name}`);
    }
  }
}

type Keys = Map<string, { value: string | Map<string, string>; until: number }>;

interface Script {
  readonly lua: string;
  readonly numberOfKeys: number | undefined;
}
type Reply = Buffer | number | null | { readonly ok: Buffer } | { readonly err: Buffer } | Reply[];

/** The compiled scripts, because compiling takes longer than running. */
const withoutComments = (lua: string) => lua.replace(/--\[\[[\s\S]*?\]\]/, '').replaceAll(/^\s*--.*\n/gm, '');

const bytes = (text: string) => Buffer.from(text);

function toReply(value: string | number | null | (string | null)[]): Reply {
  if (Array.isArray(value)) return value.map(toReply);
  if (value === 'OK') return { ok: bytes('OK') };
  return typeof value === 'string' ? bytes(value) : value;
}

function plain(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(plain);
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (reply !== null && typeof reply === 'object') {
    if ('err' in reply) throw new Error(`Lua: ${reply.err.toString()}`);
    return reply.ok.toString();
  }
  return typeof reply === 'bigint' ? Number(reply) : reply;
}

/** The Redis whose script is running. Only one script runs at a time, so all share one Lua interpreter. */
let current: RedisModel;
const callCurrent = (args: Buffer[]) => current.call(args.map(String)) as never;
const lua_ = await LuaWasmEngine.create({ host: { redisCall: callCurrent, redisPcall: callCurrent, log: () => {} } });
