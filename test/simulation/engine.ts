import type { Clock } from '../../lib/base/clock.ts';
import { type Random, randomStream } from '../../localstack/max/random.ts';

/**
 * Simulated time. Everything that takes time is an event. Events run one after another, in the order of their times. Each runs
 * until all remaining work needs time to pass. All random numbers come from the seed, so equal seeds give equal runs.
 */
export class Engine {
  /** The true time, Unix ms. */
  now = Date.UTC(2026, 10, 23, 9);
  readonly random: Random;
  /** Number of events that have run. */
  events = 0;
  /** The last events, for debugging; `undefined`: not recorded. */
  readonly trace: string[] | undefined;
  /** A hash of all events and their times: equal for equal runs. */
  fingerprint = 0;
  readonly #heap: Event[] = [];
  #sequence = 0;

  constructor(seed: number, traced = false) {
    this.random = randomStream(seed);
    this.trace = traced ? [] : undefined;
  }

  at(time: number, name: string, run: () => void | Promise<void>): void {
    const event = { at: Math.max(time, this.now), sequence: this.#sequence++, name, run };
    const heap = this.#heap;
    heap.push(event);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent] as Event)) break;
      heap[i] = heap[parent] as Event;
      heap[parent] = event;
      i = parent;
    }
  }

  after(ms: number, name: string, run: () => void | Promise<void>): void {
    this.at(this.now + ms, name, run);
  }

  /** Repeats `run` until `until`, with pauses from half to one and a half of `everyMs`. */
  every(everyMs: number, until: number, name: string, run: () => void): void {
    this.after(everyMs * (0.5 + this.random()), name, () => {
      if (this.now >= until) return;
      run();
      this.every(everyMs, until, name, run);
    });
  }

  note(text: string): void {
    this.trace?.push(`${new Date(this.now).toISOString()} ${text}`);
  }

  /** Runs all events up to `until`. @param check called after each event; an error that it throws ends the run. */
  async run(until: number, check: () => void): Promise<void> {
    // Work that was thawed continues now, even if no event is left before `until`.
    await settled(false);
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.at;
      this.events += 1;
      for (let i = 0; i < next.name.length; i += 1) this.#mix(next.name.charCodeAt(i));
      this.#mix(Math.round(next.at));
      await next.run();
      await settled(this.events % 256 === 0);
      check();
    }
    this.now = until;
  }

  #mix(value: number): void {
    this.fingerprint = (Math.imul(this.fingerprint ^ value, 0x01000193) ^ (value >>> 7)) >>> 0;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!before(heap[child] as Event, last)) break;
      heap[i] = heap[child] as Event;
      i = child;
    }
    heap[i] = last;
  }
}

interface Event {
  readonly at: number;
  readonly sequence: number;
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

const before = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence);

/**
 * Resolves when every promise that can settle without time passing has settled. A tick that is requested by a promise runs when no
 * promise can settle any more, and costs less than an immediate. Some immediates let Node report rejections that nobody handles.
 */
const settled = (immediate: boolean) =>
  new Promise<void>((resolve) => void (immediate ? setImmediate(resolve) : process.nextTick(resolve)));

/** The unreachable servers, until when (true time), and the share of single requests that fail. */
export interface Network {
  /** Share of requests that are refused before they have an effect, or whose response is lost afterwards. */
  failing: { dynamodb: number; redis: number; sqs: number };
  /** Number of requests that failed, by name. */
  failed: Map<string, number>;
}

/**
 * An execution environment: code with its own clock. It can be frozen between invocations, and killed at any `await`.
 */
export class Environment {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  alive = true;
  /** Whether this environment can't reach Redis. */
  redisCut = false;
  /** The lead of its clock, ms. */
  skewMs: number;
  readonly #engine: Engine;
  readonly #network: Network;
  #frozen = false;
  #waiting: (() => void)[] = [];

  constructor(engine: Engine, network: Network, name: string) {
    this.#engine = engine;
    this.#network = network;
    this.name = name;
    this.random = randomStream(Math.floor(engine.random() * 2 ** 32));
    this.skewMs = Math.round((engine.random() - 0.5) * 200);
    this.clock = {
      now: () => Math.floor(engine.now + this.skewMs),
      sleep: (ms) => new Promise((wake) => engine.after(Math.max(0, ms), `${name} wakes`, () => this.resume(wake))),
    };
  }

  /** Stops the environment until it is thawed. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const work of this.#waiting.splice(0)) work();
  }

  /** Lets its code continue, unless it was killed. */
  resume(work: () => void): void {
    if (!this.alive) return;
    if (this.#frozen) this.#waiting.push(work);
    else work();
  }

  /**
   * Sends a request to a server. The effect happens when the request arrives, and the response arrives later. The request can be
   * refused, or its response can be lost after the effect.
   */
  request<T>(server: keyof Network['failing'], name: string, effect: () => T | Promise<T>): Promise<T> {
    const { random } = this.#engine;
    const slow = random() < 0.01 ? 800 : 6;
    const failing = random() < this.#network.failing[server];
    const lost = failing && random() < 0.5;
    if (failing) this.#network.failed.set(name, (this.#network.failed.get(name) ?? 0) + 1);
    return new Promise((resolve, reject) => {
      this.#engine.after(random() * slow, `${this.name} ${name}`, async () => {
        let answer: () => void;
        if (failing && !lost) answer = () => reject(new Error(`${server} refused ${name}`));
        else {
          try {
            const value = await effect();
            answer = lost ? () => reject(new Error(`${server} lost the answer to ${name}`)) : () => resolve(value);
          } catch (error) {
            answer = () => reject(error);
          }
        }
        this.#engine.after(random() * slow, `${this.name} hears`, () => this.resume(answer));
      });
    });
  }
}
