import type { ArrivalsSummary } from './arrivals.ts';
import type { Switches, SwitchesPatch } from './switches.ts';
import type { WebhookStats } from './webhooks.ts';
import type { World } from './world.ts';

/** What the simulated MAX offers to its controls and to tests. */

export interface Simulator {
  /** What `MAX_API_URL` should be. */
  readonly url: string;
  readonly controlUrl: string;
  readonly token: string;
  readonly world: World;
  stats(): SimulatorStats;
  resetStats(): void;
  /** Reads of one chat (`GET /chats/{chatId}`) since the last reset, refused ones too. */
  callsTo(chatId: string): number;
  switches(): Switches;
  /** Throws a ZodError or RangeError, changing nothing, for a patch that breaks the rules. */
  turnSwitches(patch: SwitchesPatch): Switches;
  /** From now on webhooks go to this address, with the path subscribed; null: to the address subscribed. */
  deliverVia(url: string | null): void;
  /** Ends every socket and timer; resolves when none is left. */
  close(): Promise<void>;
}

export interface SimulatorStats extends ArrivalsSummary {
  /** Unix milliseconds: the start or the last reset. */
  readonly since: number;
  /** How requests ended: by HTTP status, or `timeout` or `reset`. Those under way are in `total` only. */
  readonly by_status: Readonly<Record<string, number>>;
  /** How many different chats were asked for. */
  readonly chats_called: number;
  /** The ten chats asked for most often, with how often. */
  readonly most_called: readonly (readonly [string, number])[];
  readonly webhooks: WebhookStats;
}

export interface Answer {
  readonly status: number;
  /** A string is sent as HTML, anything else as JSON. */
  readonly body: unknown;
}
