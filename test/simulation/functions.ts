import { Environment, type Network } from './engine.ts';
import { type Outside, openService, type Service } from './service.ts';

/** Lambda in simulated time. Its environments handle one event at a time, are frozen between events, and end at a timeout. */

export interface FunctionSpec {
  readonly name: string;
  readonly timeoutMs: number;
  /** Largest number of environments. */
  readonly concurrency: number;
  /** Its share of the quota without Redis. */
  readonly shareOfRate: number;
}

interface Instance {
  readonly environment: Environment;
  readonly service: Service;
}

export type Ending = 'done' | 'failed' | 'killed';

export class FunctionModel {
  readonly spec: FunctionSpec;
  readonly #outside: Outside;
  readonly #network: Network;
  readonly #killing: () => number;
  /** Number of environments that were killed, or ended at their timeout. */
  killed = 0;
  #idle: Instance[] = [];
  #busy = new Set<Instance>();
  #made = 0;

  /** @param killing share of the events during which the environment is killed. */
  constructor(outside: Outside, network: Network, spec: FunctionSpec, killing: () => number) {
    this.#killing = killing;
    this.#outside = outside;
    this.#network = network;
    this.spec = spec;
  }

  get environments(): Environment[] {
    return [...this.#idle, ...this.#busy].map(({ environment }) => environment);
  }

  /** Idle environments. */
  get idle(): readonly Instance[] {
    return this.#idle;
  }

  get free(): boolean {
    return this.#busy.size < this.spec.concurrency;
  }

  /**
   * Runs an event in an environment, until `work` ends or the timeout.
   * @param work gets the time by which to stop, by the environment's clock.
   * @param ended called with the outcome; `failed` with the error.
   */
  invoke(
    work: (service: Service, environment: Environment, cutOffAt: number) => Promise<void>,
    ended: (ending: Ending, error?: unknown) => void = () => {},
  ): void {
    const { engine } = this.#outside;
    const { name, timeoutMs, shareOfRate } = this.spec;
    let instance = this.#idle.pop();
    if (!instance) {
      this.#made += 1;
      const environment = new Environment(engine, this.#network, `${name}#${this.#made}`);
      instance = { environment, service: openService(this.#outside, environment, shareOfRate) };
    }
    const { environment, service } = instance;
    this.#busy.add(instance);
    environment.thaw();
    let over = false;
    const end = (ending: Ending, error?: unknown) => {
      if (over) return;
      over = true;
      this.#busy.delete(instance);
      if (ending === 'killed') {
        environment.alive = false;
        this.killed += 1;
      } else {
        environment.freeze();
        this.#idle.push(instance);
      }
      engine.note(`${environment.name} is ${ending}${error ? `: ${(error as Error).message}` : ''}`);
      ended(ending, error);
    };
    engine.note(`${environment.name} begins`);
    engine.after(timeoutMs, `${name} timeout`, () => end('killed'));
    if (engine.random() < this.#killing()) {
      // Mostly soon after the start, because most of the work happens then.
      engine.after(5_000 * engine.random() ** 4, `${name} is killed`, () => end('killed'));
    }
    work(service, environment, environment.clock.now() + timeoutMs)
      .finally(() => service.permits.flush())
      .then(
        () => end('done'),
        (error: unknown) => end('failed', error),
      );
  }
}
