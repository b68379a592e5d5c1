import { createRedisCounts } from '../../lib/adapters/redis/counts.ts';
import { createPermits } from '../../lib/adapters/redis/permits.ts';
import { createRedisViewCounter } from '../../lib/adapters/redis/view-counter.ts';
import { createMemoryClaimStore } from '../support/memory/claim-store.ts';
import { Engine, Environment } from './engine.ts';
import { RedisModel, type ScriptEngine } from './redis-model.ts';

/**
 * Makes random calls of all scripts, each by the script and by its model, on equal keys.
 * @throws {Error} at the first call after which the replies or the keys differ.
 */
export function compareScripts(seed: number, calls: number): void {
  const engine = new Engine(seed);
  const { random } = engine;
  const environment = new Environment(engine, { failing: { dynamodb: 0, redis: 0, sqs: 0 }, failed: new Map() }, 'one');
  const [lua, model] = (['lua', 'model'] as const).map((kind) => createRedis(engine, environment, kind)) as [
    RedisModel,
    RedisModel,
  ];
  const both = (work: (redis: RedisModel) => void) => [lua, model].map(work);
  const randomCall = createRandomCalls(random);
  let stepMs = 1;
  for (let i = 0; i < calls; i += 1) {
    // Crowded times and quiet ones, so that queues form and leases expire. Now and then the clock is set.
    if (random() < 0.02) stepMs = pick(random, [0, 1, 10, 60, 400, 20_000]) ?? 0;
    engine.now += random() < 0.002 ? (random() - 0.6) * 200_000 : random() * stepMs;
    if (random() < 0.02) both((redis) => redis.replicate());
    if (random() < 0.003) both((redis) => redis.failOver());
    if (random() < 0.003) both((redis) => redis.flush());
    const call = randomCall(Math.floor(engine.now * 1_000));
    const [expected, found] = [lua, model].map((redis) => {
      const reply = redis.run(call.name, call.args);
      return `${JSON.stringify(reply)} ${redis.dump()}`;
    });
    if (found !== expected) {
      throw new Error(`${call.name}(${call.args.join(', ')})\nscript: ${expected}\nmodel:  ${found}`);
    }
    call.replied(JSON.parse(expected?.slice(0, expected.indexOf(' [')) ?? 'null'));
  }
}

function createRedis(engine: Engine, environment: Environment, scripts: ScriptEngine): RedisModel {
  const redis = new RedisModel(engine, scripts, () => {});
  const gate = redis.gate(environment);
  createRedisCounts(gate, { freshMs: 3_600_000, random: environment.random });
  createRedisViewCounter(gate);
  createPermits({
    ...{ redis: gate, claims: createMemoryClaimStore(), clock: environment.clock },
    settings: { bot: 'main', rps: 10, shareOfRate: 0 },
  });
  return redis;
}

interface RandomCall {
  readonly name: string;
  readonly args: readonly (string | number)[];
  /** Takes the reply into account in later calls. */
  readonly replied: (reply: unknown) => void;
}

const pick = <T>(random: () => number, from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];

function createRandomCalls(random: () => number): (nowUs: number) => RandomCall {
  const whole = (max: number) => Math.floor(random() * max);
  const one = <T>(...from: readonly [T, ...T[]]): T => pick(random, from) ?? from[0];
  const ids = () => Array.from({ length: whole(4) + 1 }, () => whole(4));
  const keyed = (prefix: string, keys: readonly number[]) => [keys.length, ...keys.map((id) => `${prefix}:${id}`)];
  const numbers = [-1, -1, -1, -1, -1];

  const constantsOf = (rps: number) =>
    JSON.stringify({
      ...{
        spacing: Math.round(1.1e6 / rps),
        warmup: one(0, 0, 50_000, 5e6),
        window: 1_100_000,
        lead: one(60_000, 0, 400_000),
      },
      ...{ back: 20_000, horizon: 500_000, signal: 1_000_000, pauseMin: 1_000_000, pauseMax: 60_000_000 },
      ...{ recover: 45_000_000, floor: one(0.022, 0.0073, 1), failures: 5, ttl: 86_400_000 },
    });
  let constants = constantsOf(10);
  let interactive = 0.3;

  const acquirePermit = (): Omit<RandomCall, 'name'> => {
    if (random() < 0.01) {
      constants = constantsOf(one(1, 2, 10, 30, 200));
      interactive = one(0.1, 0.3, 0.9);
    }
    const caller = whole(numbers.length);
    const lane = random() < interactive ? 'interactive' : one('background', 'background', 'background', 'report');
    const number = random() < 0.05 ? whole(40) : (numbers[caller] ?? -1);
    return {
      args: [
        ...['max:{main}:permits', constants, lane, lane === 'report' ? 0 : 1 + whole(6), number],
        ...[whole(one(1, 200_000, 3e6, 1e8)), whole(one(1, 5_000, 100_000)), whole(3), random() < 0.1 ? whole(7) : 0],
        ...[random() < 0.02 ? whole(one(1, 2e6, 1e8)) : -1, random() < 0.1 ? 1 : 0],
      ],
      replied: (reply) => {
        if (lane === 'background') numbers[caller] = Number((reply as string[])[4]);
      },
    };
  };
  const values = (at: string) => [
    JSON.stringify({ count: whole(900), updated_at: at === '' ? null : at, source: one('api', 'database') }),
    `{"count":${whole(900)},"updated_at":"${at}","source":"api","max_chat_id":"-${whole(99)}"}`,
    `{"count":${whole(900)},"updated_at":"${at}","source":"api","max_chat_id":"-7","events_trusted":true}`,
    `{"count":1234567890123456,"updated_at":"${at}","source":"api"}`,
    `{"count":1,"updated_at":"${at}","source":"elsewhere"}`,
    `{"count":1,"updated_at":"${at}","source":"api","more":1}`,
    ...['', 'null', '{}', `{"count":1,"updated_at":"yesterday","source":"api"}`],
  ];
  const leaseTtl = () => one(1, 100, 20_000);

  const calls: Record<string, (nowUs: number) => { args: readonly (string | number)[] }> = {
    putNewer: (nowUs) => {
      const keys = ids();
      const counts = keys.flatMap(() => {
        const at = random() < 0.1 ? '' : new Date(nowUs / 1_000 - whole(20_000)).toISOString().replace(/\d\dZ/, '00Z');
        return [at, pick(random, values(at)) ?? '', one(1, 5_000, 1e7)];
      });
      return { args: [...keyed('chat_participants', keys), ...counts] };
    },
    clearTrusted: () => ({ args: [`chat_participants:${whole(4)}`] }),
    takeQueued: () => ({ args: [...keyed('participants_lease', ids()), leaseTtl()] }),
    takeFetching: () => ({ args: [`participants_lease:${whole(4)}`, `owner-${whole(3)}`, leaseTtl()] }),
    releaseLease: () => ({ args: [`participants_lease:${whole(4)}`, one('owner-0', 'owner-1', 'queued')] }),
    countViews: () => {
      const keys = ids();
      return {
        args: [...keyed('participants_reads', keys), 1 + whole(4), 1 + whole(100), ...keys.map(() => whole(3))],
      };
    },
    peekViews: () => {
      const keys = ids();
      return { args: [...keyed('participants_reads', keys), ...keys.map(() => whole(3))] };
    },
    takeViews: () => {
      const keys = ids();
      return { args: [...keyed('participants_reads', keys), ...keys.flatMap(() => [whole(3), whole(6)])] };
    },
  };
  const names = Object.keys(calls);
  return (nowUs) => {
    if (random() < 0.6) return { name: 'acquirePermit', ...acquirePermit() };
    const name = pick(random, names) ?? 'peekViews';
    return { name, args: calls[name]?.(nowUs).args ?? [], replied: () => {} };
  };
}
