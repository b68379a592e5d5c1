import type { ScheduledChat } from '../chats/planning.ts';
import { QUARTER_HOURS } from '../planner/change-rate.ts';

/** The quarter of an hour, counted since 1970, that `at` (Unix ms) is in. */
export const quarterOf = (at: number): number => Math.floor(at / (QUARTER_HOURS * 3_600_000));

/** What events leave behind beside a chat. Times are Unix ms; newest wins, so repeats and reordering change nothing. */
export interface EventStore {
  /**
   * Says that the chat has changed, and opens its coalescing window until `until`. @returns the chat as it was before;
   * `undefined` where a window is open (whatever changed since is read at its end) or the chat is unknown.
   */
  markDirty(id: number, now: number, until: number): Promise<ScheduledChat | undefined>;
  /** Records whether every join and leave of the chat is told, as of `at`; learnt at `now`. */
  recordEventTrust(id: number, trusted: boolean, at: number, now: number): Promise<void>;
  /**
   * Says that MAX changed the chat's title at `at`. @returns the newest title that is known, this one or a later; `undefined`
   * for an unknown chat.
   */
  retitle(id: number, title: Title): Promise<Title | undefined>;
}

export interface Title {
  readonly title: string;
  readonly at: number;
}
