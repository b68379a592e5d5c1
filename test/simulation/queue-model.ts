import type { Engine } from './engine.ts';

export interface Delivery<M> {
  readonly message: M;
  /**
   * Deletes the message. Other messages are delivered again after their visibility timeout, as after a failed invocation.
   * @returns whether the message was still there.
   */
  readonly done: () => boolean;
}

interface Held<M> {
  readonly message: M;
  received: number;
  visibleAt: number;
  deleted: boolean;
}

/** An SQS queue in simulated time: at-least-once delivery in any order, with a dead-letter queue. */
export class QueueModel<M> {
  readonly name: string;
  readonly dead: M[] = [];
  readonly #onSend: (message: M, sender: string) => void;
  readonly #engine: Engine;
  readonly #visibilityMs: number;
  readonly #doubled: number;
  readonly #messages = new Set<Held<M>>();
  #consume: ((delivery: Delivery<M>) => boolean) | undefined;
  #maxReceives = 5;

  /** @param onSend called with each accepted message. @param doubled share of the deliveries that are doubled. */
  constructor(
    engine: Engine,
    name: string,
    visibilityMs: number,
    onSend: (message: M, sender: string) => void = () => {},
    doubled = 0.03,
  ) {
    this.#doubled = doubled;
    this.#engine = engine;
    this.#onSend = onSend;
    this.name = name;
    this.#visibilityMs = visibilityMs;
  }

  /** @param consume handles a delivery, or returns that no environment is free. */
  consumedBy(consume: (delivery: Delivery<M>) => boolean): void {
    this.#consume = consume;
  }

  get depth(): number {
    return this.#messages.size;
  }

  /** The messages that are in the queue. */
  get messages(): readonly M[] {
    return [...this.#messages].map(({ message }) => message);
  }

  send(message: M, delayMs: number, sender: string): void {
    this.#onSend(message, sender);
    const held = {
      message: structuredClone(message),
      received: 0,
      visibleAt: this.#engine.now + delayMs,
      deleted: false,
    };
    this.#messages.add(held);
    this.#offer(held, delayMs + this.#engine.random() * 200);
  }

  #offer(held: Held<M>, inMs: number): void {
    this.#engine.after(inMs, `${this.name} offers`, () => {
      if (held.deleted || this.#engine.now < held.visibleAt) return;
      if (held.received >= this.#maxReceives) {
        held.deleted = true;
        this.#messages.delete(held);
        this.dead.push(held.message);
        return;
      }
      held.received += 1;
      held.visibleAt = this.#engine.now + this.#visibilityMs;
      const taken = this.#consume?.({
        message: structuredClone(held.message),
        done: () => {
          held.deleted = true;
          return this.#messages.delete(held);
        },
      });
      if (!taken) {
        held.received -= 1;
        held.visibleAt = this.#engine.now;
        this.#offer(held, 200 + this.#engine.random() * 800);
        return;
      }
      this.#offer(held, this.#visibilityMs + 1);
      // With at-least-once delivery, a message may be delivered twice, even while the first delivery is being handled.
      if (this.#engine.random() < this.#doubled) {
        const soon = this.#engine.random() < 0.5 ? 300 : 5_000;
        this.#engine.after(this.#engine.random() * soon, `${this.name} doubles`, () => {
          if (!held.deleted) {
            held.visibleAt = this.#engine.now;
            held.received -= 1;
            this.#offer(held, 0);
          }
        });
      }
    });
  }
}
