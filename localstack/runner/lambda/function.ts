import type { Readable } from 'node:stream';
import { Environment, type FunctionSpec, type Invocation } from './environment.ts';

export interface FunctionOptions {
  /** Environments at most at the same time. */
  readonly concurrency: number;
  readonly onOutput: (stream: Readable) => void;
}

/** A function and its execution environments, made on demand, reused last in first out, as Lambda seems to. */
export class LambdaFunction {
  readonly spec: FunctionSpec;
  readonly #options: FunctionOptions;
  readonly #idle: Environment[] = [];
  readonly #all = new Set<Environment>();
  /** Callers waiting for an environment, first come, first served. */
  readonly #waiting: ((environment: Environment | undefined) => void)[] = [];
  #running = 0;
  #stopped = false;

  constructor(spec: FunctionSpec, options: FunctionOptions) {
    this.spec = spec;
    this.#options = options;
  }

  /** Events in flight. */
  get running(): number {
    return this.#running;
  }

  /** @param waitMs how long to wait for an environment before the answer is `throttled`. */
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

  /** Ends every environment at once, with what runs in it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const give of this.#waiting.splice(0)) give(undefined);
    await Promise.all([...this.#all].map((environment) => environment.stop()));
  }

  #acquire(waitMs: number): Promise<Environment | undefined> | Environment | undefined {
    if (this.#stopped) return undefined;
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (!idle.gone) return idle;
      this.#all.delete(idle);
    }
    if (this.#all.size < this.#options.concurrency) return this.#create();
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
    else if (!environment.gone) this.#idle.push(environment);
  }
}
