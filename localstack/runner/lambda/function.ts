import type { Readable } from 'node:stream';
import { Environment, type FunctionSpec, type Invocation } from './environment.ts';

export interface FunctionOptions {
  /** Largest number of environments at the same time. */
  readonly concurrency: number;
  readonly onOutput: (stream: Readable) => void;
  /** The limit of idle environments that this function shares with others. */
  readonly idleLimit: IdleLimit;
}

/** Limits the idle environments of several functions together, because each takes 20 to 40 MB. */
export class IdleLimit {
  readonly #max: number;
  /** The function that ends each idle environment. The one that has been idle longest is the first. */
  readonly #ends = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Adds an environment. Over the limit, ends the one that has been idle longest. */
  add(end: () => void): void {
    this.#ends.add(end);
    const [oldest] = this.#ends;
    if (this.#ends.size > this.#max) oldest?.();
  }

  /** Removes an environment that is busy again, or that ended. */
  remove(end: () => void): void {
    this.#ends.delete(end);
  }
}

interface IdleEnvironment {
  readonly environment: Environment;
  readonly since: number;
  readonly end: () => void;
}

/** How long to wait for a busy environment before another one is created, ms. Creating one takes longer than that. */
const PATIENCE_MS = 250;
/** Idle time after which environments end, ms, except the last one of a function. */
const SPARE_IDLE_MS = 30_000;
/** Idle time after which the last environment of a function ends, ms. Lambda keeps idle environments for a similar time. */
const LAST_IDLE_MS = 10 * 60_000;
const SWEEP_MS = 10_000;

/**
 * A function and its execution environments. Environments are created on demand and end after some idle time. The most recently
 * used one is reused first, as Lambda seems to do.
 */
export class LambdaFunction {
  readonly spec: FunctionSpec;
  readonly #options: FunctionOptions;
  /** Idle environments; the most recently used one is the last. */
  readonly #idle: IdleEnvironment[] = [];
  readonly #all = new Set<Environment>();
  /** Callers that wait for an environment, in order of arrival. */
  readonly #waiting: ((environment: Environment | undefined) => void)[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #running = 0;
  #stopped = false;

  constructor(spec: FunctionSpec, options: FunctionOptions) {
    this.spec = spec;
    this.#options = options;
    this.#sweeper = setInterval(() => this.endIdle(performance.now()), SWEEP_MS).unref();
  }

  /** Number of events in progress. */
  get running(): number {
    return this.#running;
  }

  /** Number of environments, busy or idle. */
  get environments(): number {
    return this.#all.size;
  }

  /** Invokes the function. @param waitMs how long to wait for an environment before the outcome is `throttled`. */
  async invoke(event: unknown, waitMs: number): Promise<Invocation> {
    const environment = await this.#acquire(waitMs);
    if (!environment) return { outcome: 'throttled' };
    this.#running++;
    try {
      return await environment.invoke(event);
    } finally {
      this.#running--;
      this.#release(environment);
    }
  }

  /** Ends environments that have been idle too long. @param now the value of `performance.now()`. */
  endIdle(now: number): void {
    for (let oldest = this.#idle[0]; oldest; oldest = this.#idle[0]) {
      if (now - oldest.since <= (this.#all.size > 1 ? SPARE_IDLE_MS : LAST_IDLE_MS)) return;
      oldest.end();
    }
  }

  /** Ends all environments at once, including events in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#sweeper);
    for (const give of this.#waiting.splice(0)) give(undefined);
    await Promise.all([...this.#all].map((environment) => environment.stop()));
  }

  async #acquire(waitMs: number): Promise<Environment | undefined> {
    const until = performance.now() + waitMs;
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      this.#options.idleLimit.remove(idle.end);
      if (!idle.environment.gone) return idle.environment;
      this.#all.delete(idle.environment);
    }
    if (this.#all.size === 0 && !this.#stopped) return this.#create();
    for (let left = waitMs; left > 0 && !this.#stopped; left = until - performance.now()) {
      const released = await this.#nextReleased(Math.min(PATIENCE_MS, left));
      if (released) return released;
      if (this.#mayGrow()) return this.#create();
    }
    return undefined;
  }

  /** Only one environment starts at a time, because a start slows down the busy environments. */
  #mayGrow(): boolean {
    const starting = [...this.#all].some((environment) => !environment.ready);
    return this.#all.size < this.#options.concurrency && !starting && !this.#stopped;
  }

  /** Waits for the next released environment. @returns `undefined` if none is released in time. */
  #nextReleased(waitMs: number): Promise<Environment | undefined> {
    return new Promise((resolve) => {
      const give = (environment: Environment | undefined) => {
        clearTimeout(timer);
        resolve(environment);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        resolve(undefined);
      }, waitMs);
      this.#waiting.push(give);
    });
  }

  #create(): Environment {
    const environment = new Environment(this.spec, this.#options.onOutput);
    this.#all.add(environment);
    return environment;
  }

  #release(environment: Environment): void {
    if (environment.gone) this.#all.delete(environment);
    if (this.#stopped) return;
    const next = this.#waiting.shift();
    if (next) next(environment.gone ? this.#create() : environment);
    else if (!environment.gone) this.#keep(environment);
  }

  #keep(environment: Environment): void {
    const { idleLimit } = this.#options;
    const end = () => {
      idleLimit.remove(end);
      this.#idle.splice(this.#idle.indexOf(idle), 1);
      this.#all.delete(environment);
      void environment.stop();
    };
    const idle = { environment, since: performance.now(), end };
    this.#idle.push(idle);
    idleLimit.add(end);
  }
}
