import type { Readable } from 'node:stream';
import { Environment, type FunctionSpec, type Invocation } from './environment.ts';

export interface FunctionOptions {
  /** Largest number of environments at the same time. */
  readonly concurrency: number;
  readonly onOutput: (stream: Readable) => void;
  /** The limit that this function shares with others. */
  readonly limit: EnvironmentLimit;
}

/**
 * Limits the environments of several functions together, because each takes 30 to 40 MB. A function may exceed it with its first
 * one, and for an event that has waited for seconds, so that no function has to wait for all others.
 */
export class EnvironmentLimit {
  readonly #max: number;
  readonly #restMs: number;
  #environments = 0;
  /** For each idle environment, a function that ends it, and since when it is idle (`performance.now()`). The first has been idle longest. */
  readonly #idle = new Map<() => void, number>();

  /** @param restMs how long an environment must be idle before it can be ended for another one. To create one costs more than it wins. */
  constructor(max: number, restMs: number) {
    this.#max = max;
    this.#restMs = restMs;
  }

  /** Makes room for another environment, if need be by ending the one that has been idle longest. @returns whether there is room. */
  makeRoom(): boolean {
    if (this.#environments >= this.#max) this.#endOldest();
    return this.#environments < this.#max;
  }

  created(): void {
    this.#environments += 1;
  }

  ended(): void {
    this.#environments -= 1;
  }

  /** Adds an environment that is idle from now on. Over the limit, ends the one that has been idle longest. @param end ends it. */
  idle(end: () => void): void {
    this.#idle.set(end, performance.now());
    if (this.#environments > this.#max) this.#endOldest();
  }

  /** Removes an environment that is busy again, or that ends. */
  busy(end: () => void): void {
    this.#idle.delete(end);
  }

  #endOldest(): void {
    const [[end, since] = []] = this.#idle;
    if (end && since !== undefined && performance.now() - since >= this.#restMs) end();
  }
}

interface IdleEnvironment {
  readonly environment: Environment;
  readonly since: number;
  readonly end: () => void;
}

/** How often a waiting event checks whether another environment would help, ms. */
const POLL_MS = 250;
/** Wait after which another environment is created, ms; half the allowed wait if that is shorter. It takes half a second of a processor. */
const PATIENCE_MS = 1_000;
/** Wait after which another environment is created even over the limit, ms. */
const STARVED_MS = 3_000;
/** If all environments have worked on their events for this time, ms, another one is created at once: they wait for something. */
const LONG_EVENT_MS = 1_000;
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
      this.#options.limit.busy(idle.end);
      if (!idle.environment.gone) return idle.environment;
      this.#forget(idle.environment);
    }
    if (this.#all.size === 0 && !this.#stopped) {
      this.#options.limit.makeRoom();
      return this.#create();
    }
    for (let left = waitMs; left > 0 && !this.#stopped; left = until - performance.now()) {
      const released = await this.#nextReleased(Math.min(POLL_MS, left));
      if (released) return released;
      if (this.#mayGrow(performance.now() - until + waitMs, waitMs)) return this.#create();
    }
    return undefined;
  }

  /** Returns whether another environment helps an event that has waited for `waitedMs` of `waitMs`, and there is room for it. */
  #mayGrow(waitedMs: number, waitMs: number): boolean {
    const { concurrency, limit } = this.#options;
    if (this.#stopped || this.#all.size >= concurrency) return false;
    // One that is still being created has worked for no time. Only one is created at a time.
    const shortest = Math.min(...[...this.#all].map(({ busyMs }) => busyMs));
    const helps = shortest > (waitedMs >= Math.min(PATIENCE_MS, waitMs / 2) ? 0 : LONG_EVENT_MS);
    return helps && (limit.makeRoom() || waitedMs >= STARVED_MS);
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
    this.#options.limit.created();
    return environment;
  }

  #forget(environment: Environment): void {
    if (this.#all.delete(environment)) this.#options.limit.ended();
  }

  #release(environment: Environment): void {
    if (environment.gone) this.#forget(environment);
    if (this.#stopped) return;
    const next = this.#waiting.shift();
    if (next) next(environment.gone ? this.#create() : environment);
    else if (!environment.gone) this.#keep(environment);
  }

  #keep(environment: Environment): void {
    const { limit } = this.#options;
    const end = () => {
      limit.busy(end);
      this.#idle.splice(this.#idle.indexOf(idle), 1);
      this.#forget(environment);
      void environment.stop();
    };
    const idle = { environment, since: performance.now(), end };
    this.#idle.push(idle);
    limit.idle(end);
  }
}
