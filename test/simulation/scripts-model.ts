/**
 * The service's Lua scripts in TypeScript, line by line, because Lua in WebAssembly takes most of the time of a simulated day.
 * `npm run simulate -- --scripts N` proves them equal to the scripts on N random calls.
 */
export type ScriptModel = (redis: Call, keys: readonly string[], args: readonly string[]) => unknown;
/** Runs a command of Redis, like `redis.call`. */
export type Call = (name: string, ...args: readonly (string | number)[]) => unknown;

export const SCRIPT_MODELS: Readonly<Record<string, ScriptModel>> = {
  acquirePermit,
  clearTrusted(redis, [key = '']) {
    const value = redis('GET', key) as string | null;
    if (value !== null) redis('SET', key, value.replaceAll(',"events_trusted":true', ''), 'KEEPTTL');
    return null;
  },
  countViews(redis, keys, [by = '', ttl = '', ...fields]) {
    keys.forEach((key, i) => {
      redis('HINCRBY', key, fields[i] ?? '', by);
      redis('EXPIRE', key, ttl);
    });
    return null;
  },
  peekViews: (redis, keys, fields) => keys.map((key, i) => Number(redis('HGET', key, fields[i] ?? '') ?? 0) || 0),
  takeViews(redis, keys, args) {
    keys.forEach((key, i) => {
      const [field = '', views = ''] = args.slice(2 * i);
      if ((redis('HINCRBY', key, field, -Number(views)) as number) <= 0) redis('HDEL', key, field);
    });
    return null;
  },
  putNewer(redis, keys, args) {
    let written = 0;
    keys.forEach((key, i) => {
      const [updatedAt = '', value = '', ttl = ''] = args.slice(3 * i);
      const present = redis('GET', key) as string | null;
      const newest = present === null ? undefined : timeOf(present);
      if (newest !== undefined && updatedAt <= newest) return;
      redis('SET', key, value, 'PX', ttl);
      written += 1;
    });
    return written;
  },
  releaseLease: (redis, [key = ''], [owner]) => (redis('GET', key) === owner ? redis('DEL', key) : 0),
  takeFetching(redis, [key = ''], [owner = '', ttl = '']) {
    const holder = redis('GET', key);
    if (holder !== null && holder !== 'queued') return 0;
    redis('SET', key, owner, 'PX', ttl);
    return 1;
  },
  takeQueued: (redis, keys, [ttl = '']) =>
    keys.map((key) => (redis('SET', key, 'queued', 'NX', 'PX', ttl) === null ? 0 : 1)),
};

const VALUE =
  /^\{"count":(\d+),"updated_at":(?:"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"|null),"source":"([A-Za-z]+)"(.*)\}$/s;

/** Returns the time of a stored value, '' if it has none; `undefined` if the value is invalid. */
function timeOf(value: string): string | undefined {
  const [matched, count = '', at = '', source, rest = ''] = VALUE.exec(value) ?? [];
  if (matched === undefined || count.length > 15 || (source !== 'api' && source !== 'database')) return undefined;
  const trusted = rest.replace(/^,"max_chat_id":"-?\d+"/, '');
  return trusted === '' || trusted === ',"events_trusted":true' ? at : undefined;
}

interface Constants {
  readonly spacing: number;
  readonly warmup: number;
  readonly window: number;
  readonly lead: number;
  readonly back: number;
  readonly horizon: number;
  readonly signal: number;
  readonly pauseMin: number;
  readonly pauseMax: number;
  readonly recover: number;
  readonly ttl: number;
  readonly floor: number;
  readonly failures: number;
}
interface Caller {
  number?: number;
  count: number;
  back: number;
}

const NAMES = ['seen', 'free', 'warm', 'next', 'wanted', 'streak', 'share', 'since', 'cut', 'failed'] as const;
type State = Record<(typeof NAMES)[number], number>;

/** acquire-permit-1.lua, with its names. */
function acquirePermit(redis: Call, [key = '']: readonly string[], args: readonly string[]): unknown {
  const [constants = '', lane, ...numbers] = args;
  const s = parsed(constants);
  const [want = 0, asked = 0, maxWait = 0, trip = 0, answered = 0, failed = 0, retryAfter = 0] = numbers.map(Number);
  const [seconds, micros] = redis('TIME') as string[];
  const now = Number(seconds) * 1e6 + Number(micros);
  const run = /run_id:([A-Za-z0-9]+)/.exec(String(redis('INFO', 'server')))?.[1] ?? 'unnamed';

  const stored = redis('HMGET', key, 'run', 'holes', 'line', ...NAMES) as (string | null)[];
  let q = Object.fromEntries(NAMES.map((name, i) => [name, Number(stored[i + 3])])) as State;
  let holes: number[] = [];
  let line: Caller[] = [];
  const cutOff = args[9] === '1' && stored[0] !== null && now - Math.max(q.seen, q.warm) > s.horizon + s.window;
  if (stored[0] !== run || cutOff || q.free > now + 2 * s.pauseMax) {
    q = { seen: 0, free: now, warm: now, next: 0, wanted: 0, streak: 0, share: 1, since: now, cut: 0, failed: 0 };
    if (s.warmup > 0) {
      q.warm = now + s.warmup;
      q.free = q.warm + s.window;
    }
  } else {
    holes = (stored[1] ?? '').split(' ').filter(Boolean).map(Number);
    for (const caller of (stored[2] ?? '').split(' ').filter(Boolean)) {
      const [number = 0, count = 0, back = 0] = caller.split(':').map(Number);
      line.push({ number, count, back });
    }
  }

  let share = Math.min(1, q.share + Math.max(0, now - q.since) / s.recover);
  if (answered > 0) q.failed = 0;
  q.failed += failed;
  if (retryAfter >= 0 || (failed > 0 && q.failed >= s.failures)) {
    let pause = Math.min(Math.max(retryAfter, 0), s.pauseMax);
    if (now - q.cut >= s.signal) {
      share = Math.max(s.floor, share / 2);
      pause = Math.max(pause, s.pauseMin, s.spacing / share);
      Object.assign(q, { share, since: now + pause, cut: now });
      holes = [];
    }
    q.free = Math.max(q.free, now + pause);
  }
  const spacing = s.spacing / share;

  let status = 'noted';
  let at = 0;
  let number = asked;
  const slots: number[] = [];

  const interactive = () => {
    number = -1;
    while (slots.length < Math.min(want, 4)) {
      const slot = Math.max(q.free, now + trip);
      const wait = slot - now - trip;
      if (wait > maxWait || wait > s.horizon) {
        if (slots.length === 0) {
          status = wait > maxWait ? 'refused' : 'later';
          at = wait > maxWait ? slot : slot - s.horizon / 2;
        }
        return;
      }
      status = 'granted';
      slots.push(slot);
      q.free = slot + spacing;
      q.streak += 1;
      if (q.streak >= 4 && now < q.wanted && holes.length < 16) {
        holes.push(q.free);
        q.free += spacing;
        q.streak = 0;
      }
    }
  };

  const background = () => {
    while ((holes[0] ?? Number.POSITIVE_INFINITY) < now + trip) holes.shift();
    let own: Caller | undefined;
    let ahead = 0;
    const standing: Caller[] = [];
    for (const caller of line) {
      if (caller.number === number) own = caller;
      else if (caller.back + s.lead >= now) {
        standing.push(caller);
        ahead += own ? 0 : caller.count;
      }
    }
    const most = 1 + Math.floor(s.lead / spacing);
    const soon = now + trip + s.lead;
    own ??= { count: Math.min(want, most), back: 0 };
    const mine = own.number;
    let place = mine === undefined ? -1 : standing.findIndex((caller) => (caller.number ?? 0) > mine);
    if (place < 0) place = standing.length;

    const turn = () => holes[ahead] ?? q.free + (ahead - holes.length) * spacing;
    const stand = (caller: Caller): number | undefined => {
      number = -1;
      const due = turn();
      if (due - now > maxWait) {
        q.wanted = Math.max(q.wanted, now + 2_000_000);
        return due;
      }
      if (caller.number === undefined) {
        caller.number = q.next;
        q.next += 1;
      }
      number = caller.number;
      at = due - trip - s.back;
      caller.back = at;
      standing.splice(place, 0, caller);
      q.wanted = Math.max(q.wanted, due + 2_000_000);
      return undefined;
    };

    line = standing;
    if (turn() > soon) {
      const tooLate = stand(own);
      status = tooLate === undefined ? 'later' : 'refused';
      at = tooLate ?? at;
      return;
    }

    status = 'granted';
    do {
      let slot = holes.shift();
      if (slot === undefined) {
        slot = Math.max(q.free, now + trip);
        q.free = slot + spacing;
        q.streak = 0;
      }
      slots.push(slot);
    } while (!(slots.length >= Math.min(want, most) || (holes[0] ?? q.free) > soon + slots.length * spacing));

    const rest = Math.min(want - slots.length, most);
    number = -1;
    if (rest > 0) {
      own.count = Math.min(own.count - slots.length, rest);
      if (own.count <= 0) {
        own = { count: rest, back: 0 };
        place = standing.length;
        ahead = standing.reduce((sum, { count }) => sum + count, 0);
      }
      stand(own);
    }
  };

  q.seen = now;
  if (lane !== 'report') {
    if (now < q.warm) {
      status = 'warming';
      at = q.warm;
    } else if (lane === 'interactive') interactive();
    else background();
  }

  const text = (n: number) => String(roundHalfEven(n));
  redis(
    'HSET',
    key,
    ...['run', run, 'holes', holes.map(text).join(' ')],
    ...['line', line.map((one) => `${text(one.number ?? 0)}:${text(one.count)}:${text(one.back)}`).join(' ')],
    ...NAMES.flatMap((name) => [name, name === 'share' ? sixDecimals(q.share) : text(q[name])]),
  );
  redis('PEXPIRE', key, s.ttl);
  return [status, share < 1 ? 'cooling' : 'busy', text(now), text(at), text(number), ...slots.map(text)];
}

/** Rounds as `%.0f` does. */
function roundHalfEven(n: number): number {
  const floor = Math.floor(n);
  const part = n - floor;
  return part > 0.5 || (part === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Formats as `%.6f` does. Only multiples of 1/128 can lie exactly between two texts; `toFixed` rounds these up. */
function sixDecimals(n: number): string {
  return Number.isInteger(n * 128) ? (roundHalfEven(n * 1e6) / 1e6).toFixed(6) : n.toFixed(6);
}

const cache = new Map<string, Constants>();
function parsed(text: string): Constants {
  const known = cache.get(text) ?? (JSON.parse(text) as Constants);
  cache.set(text, known);
  return known;
}
