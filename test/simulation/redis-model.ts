import type { Redis } from 'ioredis';
import { LuaWasmEngine } from 'lua-redis-wasm';
import type { RedisGate } from '../../lib/adapters/redis/client.ts';
import type { Engine, Environment } from './engine.ts';
import { SCRIPT_MODELS } from './scripts-model.ts';

/** `lua`: the service's scripts as they are. `model`: the same in TypeScript, many times faster. */
export type ScriptEngine = 'lua' | 'model';

/**
 * The part of Redis that the service uses, in simulated time. It runs the service's scripts. It can be unreachable, lose all keys,
 * evict keys, and fail over to a replica without the last writes.
 */
export class RedisModel {
  down = false;
  readonly #engine: Engine;
  readonly #onCount: (key: string, value: string, before: string | undefined) => void;
  #keys: Keys = new Map();
  #replica: Keys = new Map();
  #run = 1;
  readonly #scripts = new Map<string, Script>();
  readonly #scriptEngine: ScriptEngine;

  /** @param onCount called for every written count. */
  constructor(
    engine: Engine,
    scriptEngine: ScriptEngine,
    onCount: (key: string, value: string, before: string | undefined) => void,
  ) {
    this.#engine = engine;
    this.#scriptEngine = scriptEngine;
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

  /**
   * Returns a connection from an environment.
   * @param onSlots called with the number of slots in each reply of the limiter that reaches the environment.
   */
  gate(environment: Environment, onSlots: (slots: number) => void = () => {}): RedisGate {
    const client = {
      defineCommand: (name: string, { lua, numberOfKeys }: { lua: string; numberOfKeys?: number }) =>
        this.#scripts.set(name, { lua: withoutComments(lua), numberOfKeys }),
    } as unknown as Redis;
    return {
      client,
      run: async (work) => {
        if (environment.redisCut || this.down) return { ok: false, reason: 'down' };
        try {
          const value = await environment.request('redis', 'redis', () => {
            if (environment.redisCut || this.down) throw new Error('down');
            return work(this.#commands);
          });
          if (Array.isArray(value) && value[0] === 'granted') onSlots(value.length - FIRST_SLOT);
          return { ok: true, value };
        } catch (error) {
          return { ok: false, reason: 'down', error: error as Error };
        }
      },
    };
  }

  readonly #commands = new Proxy({} as Redis, {
    get: (_, name) =>
      typeof name === 'string' && name !== 'then'
        ? async (...given: unknown[]) => this.run(name, given.flat())
        : undefined,
  });

  /** Runs a command or a script. */
  run(name: string, given: readonly unknown[]): unknown {
    const args = given.map(String);
    const script = this.#scripts.get(name);
    if (!script) return this.#command([name.toUpperCase(), ...args]);
    const count = script.numberOfKeys ?? Number(args[0]);
    const rest = script.numberOfKeys === undefined ? args.slice(1) : args;
    const [keys, values] = [rest.slice(0, count), rest.slice(count)];
    if (this.#scriptEngine === 'lua') {
      current = this;
      return plain(lua_.evalWithArgs(script.lua, keys.map(bytes), values.map(bytes)) as Reply);
    }
    const model = SCRIPT_MODELS[name];
    if (!model) throw new Error(`${name} has no model`);
    return model((...parts) => this.#command(parts.map(String)), keys, values);
  }

  /** Runs a command of a Lua script. */
  call(parts: readonly string[]): Reply {
    return toReply(this.#command(parts));
  }

  /** Returns all keys with their values and ends, as text. */
  dump(): string {
    return JSON.stringify([...this.#keys], (_, value) => (value instanceof Map ? [...value] : value));
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

/** Position of the first slot in a reply of the limiter. */
const FIRST_SLOT = 5;

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
