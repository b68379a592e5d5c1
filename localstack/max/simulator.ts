import type { ArrivalsSummary } from './arrivals.ts';
import type { Switches, SwitchesPatch } from './switches.ts';
import type { WebhookStats } from './webhooks.ts';
import type { World } from './world.ts';

/** The interface of the simulated MAX for its control API and for tests. */

export interface Simulator {
  /** The value for `MAX_API_URL`. */
  readonly url: string;
  readonly controlUrl: string;
  readonly token: string;
  readonly world: World;
  stats(): SimulatorStats;
  resetStats(): void;
  /** Returns the number of requests for one chat (`GET /chats/{chatId}`) since the last reset, including refused ones. */
  callsTo(chatId: string): number;
  switches(): Switches;
  /** Changes switches. Throws a ZodError or RangeError for an invalid patch, and changes nothing then. */
  turnSwitches(patch: SwitchesPatch): Switches;
  /** Sends webhooks to this address from now on, with the path of the subscription; null: to the subscribed address. */
  deliverVia(url: string | null): void;
  /** Closes all sockets and timers; resolves when none is left. */
  close(): Promise<void>;
}

export interface SimulatorStats extends ArrivalsSummary {
  /** Time of the start or the last reset, Unix ms. */
  readonly since: number;
  /** Requests by HTTP status, `timeout` or `reset`. Requests in progress are only in `total`. */
  readonly by_status: Readonly<Record<string, number>>;
  /** Number of different chats that were requested. */
  readonly chats_called: number;
  /** The ten chats with the most requests, and their numbers of requests. */
  readonly most_called: readonly (readonly [string, number])[];
  readonly webhooks: WebhookStats;
}

export interface Answer {
  readonly status: number;
  /** A string is sent as HTML, anything else as JSON. */
  readonly body: unknown;
}
