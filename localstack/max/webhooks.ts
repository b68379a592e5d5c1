/** MAX's side of webhooks: subscriptions, and deliveries that can be late, repeated and reordered like those of MAX. */
import http from 'node:http';
import https from 'node:https';
import type { Random } from './random.ts';
import { Timers } from './timers.ts';
import type { Update } from './world.ts';

export interface WebhookOptions {
  /** Probability that an update is delivered twice. */
  readonly repeat: number;
  /** Longest random delay of a delivery, ms, so that the order changes. */
  readonly reorderMs: number;
  /** Factor on the pauses between retries and on the 8 hours until unsubscription; 1 is like MAX. */
  readonly timeScale: number;
  /** Longest time for a receiver's 200, ms; 30,000 in MAX. */
  readonly answerWithinMs: number;
}

export interface Subscription {
  readonly url: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** Null: all types. */
  readonly update_types: readonly string[] | null;
}

export interface WebhookStats {
  /** Requests sent, including retries and repeats. */
  readonly attempts: number;
  readonly delivered: number;
  readonly failed_attempts: number;
  /** Deliveries abandoned: after the last retry, or because too many were waiting. */
  readonly abandoned: number;
  /** Deliveries in progress or waiting for a retry. */
  readonly waiting: number;
  readonly unsubscribed: number;
}

interface Subscriber extends Subscription {
  readonly secret: string | null;
  waiting: number;
  ended: boolean;
  /** Set from the first failure until the next success. */
  cancelUnsubscription: (() => void) | null;
}

const mostRetries = 10;
const firstRetryMs = 60_000;
const retryFactor = 2.5;
const patienceMs = 8 * 3_600_000;
/** Largest number of waiting deliveries, so that a receiver that is down for hours does not fill the memory. */
const mostWaiting = 10_000;
const mostConnections = 64;

export class Webhooks {
  readonly #options: WebhookOptions;
  readonly #random: Random;
  readonly #timers = new Timers();
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: mostConnections }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: mostConnections }),
  };
  /** Subscriptions by URL. A new URL is added to the others; the same URL replaces the old subscription. */
  readonly #subscribers = new Map<string, Subscriber>();
  #counts = { attempts: 0, delivered: 0, failed_attempts: 0, abandoned: 0, unsubscribed: 0 };
  /**
   * Base address for deliveries instead of the subscribed host; the path of the subscription is appended. An API in an emulator has
   * a host name of AWS that does not lead to the emulator. Null: deliveries go to the subscribed address.
   */
  via: string | null = null;

  constructor(options: WebhookOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  list(): Subscription[] {
    return [...this.#subscribers.values()].map(({ url, time, update_types }) => ({ url, time, update_types }));
  }

  subscribe(subscription: Subscription, secret: string | null): void {
    this.unsubscribe(subscription.url);
    const subscriber = { ...subscription, secret, waiting: 0, ended: false, cancelUnsubscription: null };
    this.#subscribers.set(subscription.url, subscriber);
  }

  /** Removes a subscription and its waiting deliveries. Returns false if there is no such subscription. */
  unsubscribe(url: string): boolean {
    const subscriber = this.#subscribers.get(url);
    if (subscriber === undefined) return false;
    subscriber.ended = true;
    subscriber.cancelUnsubscription?.();
    return this.#subscribers.delete(url);
  }

  /** Delivers an update to every subscription for its type, in the background. */
  publish(update: Update): void {
    for (const subscriber of this.#subscribers.values()) {
      if (subscriber.update_types?.includes(update.update_type) === false) continue;
      const copies = this.#random() < this.#options.repeat ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const delayMs = this.#random() * this.#options.reorderMs;
        if (subscriber.waiting >= mostWaiting) {
          this.#counts.abandoned += 1;
          continue;
        }
        subscriber.waiting += 1;
        this.#timers.after(delayMs, () => this.#attempt(subscriber, update, 0));
      }
    }
  }

  stats(): WebhookStats {
    const waiting = [...this.#subscribers.values()].reduce((sum, subscriber) => sum + subscriber.waiting, 0);
    return { ...this.#counts, waiting };
  }

  resetStats(): void {
    this.#counts = { attempts: 0, delivered: 0, failed_attempts: 0, abandoned: 0, unsubscribed: 0 };
  }

  close(): void {
    for (const url of this.#subscribers.keys()) this.unsubscribe(url);
    this.#timers.end();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #attempt(subscriber: Subscriber, update: Update, retries: number): Promise<void> {
    if (subscriber.ended) return;
    this.#counts.attempts += 1;
    const delivered = await this.#post(subscriber, JSON.stringify(update));
    if (subscriber.ended) return;
    if (delivered) {
      this.#counts.delivered += 1;
      subscriber.waiting -= 1;
      subscriber.cancelUnsubscription?.();
      subscriber.cancelUnsubscription = null;
      return;
    }
    this.#counts.failed_attempts += 1;
    const { timeScale } = this.#options;
    // MAX documents "8 hours without a success". Here they begin with the first failure, so that a bot without events stays
    // subscribed.
    subscriber.cancelUnsubscription ??= this.#timers.after(patienceMs * timeScale, () => {
      this.#counts.unsubscribed += 1;
      this.unsubscribe(subscriber.url);
    });
    if (retries >= mostRetries) {
      this.#counts.abandoned += 1;
      subscriber.waiting -= 1;
      return;
    }
    const pauseMs = firstRetryMs * retryFactor ** retries * timeScale;
    this.#timers.after(pauseMs, () => this.#attempt(subscriber, update, retries + 1));
  }

  /** Returns true if the receiver responds with 200 in time. Never rejects. */
  #post(subscriber: Subscriber, body: string): Promise<boolean> {
    const subscribed = new URL(subscriber.url);
    const url = this.via === null ? subscribed : new URL(`${this.via}${subscribed.pathname}${subscribed.search}`);
    const secure = url.protocol === 'https:';
    return new Promise((resolve) => {
      const request = (secure ? https : http).request(url, {
        method: 'POST',
        agent: this.#agents[secure ? 'https:' : 'http:'],
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
          ...(subscriber.secret === null ? {} : { 'x-max-bot-api-secret': subscriber.secret }),
        },
      });
      const cancelTimeout = this.#timers.after(this.#options.answerWithinMs, () => request.destroy());
      const settle = (delivered: boolean) => {
        cancelTimeout();
        resolve(delivered);
      };
      request.on('response', (response) => {
        response.resume();
        settle(response.statusCode === 200);
      });
      request.on('error', () => settle(false));
      request.on('close', () => settle(false));
      request.end(body);
    });
  }
}
