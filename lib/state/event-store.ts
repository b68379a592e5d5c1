import type { ScheduledChat } from '../chats/planning.ts';
import { QUARTER_HOURS } from '../planner/change-rate.ts';

/** Returns the number of the quarter of an hour that contains `at` (Unix ms), counted since 1970. */
export const quarterOf = (at: number): number => Math.floor(at / (QUARTER_HOURS * 3_600_000));

/** Stores the effects of events on chats. Times are Unix ms. The newest event wins, so repeats and reordering change nothing. */
export interface EventStore {
  /**
   * Marks a chat as changed and opens its coalescing window until `until`. @returns the chat before that; `undefined` if the chat
   * is unknown, or if a window is already open. The refresh at the end of that window covers this change too.
   */
  markDirty(id: number, now: number, until: number): Promise<ScheduledChat | undefined>;
  /** Records whether MAX sends an event for every join and leave of the chat, as of `at`. `now` is the current time. */
  recordEventTrust(id: number, trusted: boolean, at: number, now: number): Promise<void>;
  /**
   * Records that the bot was added or removed at `at`, by MAX's clock. @returns whether this is the newest known change, so that the
   * order of two of them does not depend on the clock of the service; `false` for an unknown chat.
   */
  recordMembership(id: number, at: number): Promise<boolean>;
  /**
   * Records that the chat's title in MAX changed at `at`. @returns the newest known title, which is this one or a later one;
   * `undefined` for an unknown chat.
   */
  retitle(id: number, title: Title): Promise<Title | undefined>;
}

export interface Title {
  readonly title: string;
  readonly at: number;
}
