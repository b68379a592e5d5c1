import type { ChangeBelief } from '../planner/change-rate.ts';
import type { Findings } from '../planner/findings.ts';
import type { ChatSchedule, Observations, SchedulingContext } from '../planner/plan.ts';
import type { ViewTally } from '../planner/view-rate.ts';

/** What is kept beside a chat for the planner. Times are Unix ms. */
export interface Planning {
  /** `null` before the chat's first refresh that was planned. */
  readonly learnt: Learnt | null;
  /** The first event since the last read; one older than that says nothing any more. */
  readonly dirtyAt: number | null;
  /** Since when every join and leave is told by an event; `null`: they aren't. */
  readonly eventsTrustedSince: number | null;
  /** Whether MAX has said if they are. */
  readonly eventTrustChecked: boolean;
  /** Quarters of an hour with an event since the views were counted last. */
  readonly eventQuarters: number;
}

/** What refreshes, events and listings have taught about a chat. */
export interface Learnt {
  readonly change: ChangeBelief;
  readonly views: ViewTally;
}

export const NOTHING_PLANNED: Planning = {
  learnt: null,
  dirtyAt: null,
  eventsTrustedSince: null,
  eventTrustChecked: false,
  eventQuarters: 0,
};

/** When a chat that was just read is read again, and what is remembered for it. */
export interface NextRefresh {
  /** Unix ms. */
  readonly dueAt: number;
  /** Absent: what is known stays. */
  readonly learnt?: Learnt;
}

/** The schedule of a chat that was just read, and what the refresh found; the caller keeps the findings of what was stored. */
export interface ScheduledRefresh extends NextRefresh {
  readonly findings: Findings;
}

/** @param askedAt Unix ms at which MAX was asked. */
export type ScheduleNext = (count: number, askedAt: number) => ScheduledRefresh;

/** A chat as far as its planning goes. */
export interface ScheduledChat {
  /** When MAX was asked for the count that is stored, Unix ms; `null`: never. */
  readonly readAt: number | null;
  readonly planning: Planning;
}

/** The chat as the planner sees it. One that nothing was learnt of yet is as likely to change as any. */
export const scheduleOf = (
  chat: ScheduledChat,
  dueAt: number,
  now: number,
  context: SchedulingContext,
): ChatSchedule => ({
  change: chat.planning.learnt?.change ?? context.population,
  views: chat.planning.learnt?.views ?? { views: 0, hours: 0, countedTo: chat.readAt ?? now },
  readAt: chat.readAt,
  dirtyAt: isDirty(chat) ? chat.planning.dirtyAt : null,
  dueAt,
});

/**
 * @param views counted since the chat's views were counted last.
 * @param eventsSince since when events come at all, Unix ms; `null`: they don't.
 */
export const observationsOf = (
  { planning }: ScheduledChat,
  views: number,
  eventsSince: number | null,
): Observations => ({
  views,
  eventsTrustedSince:
    planning.eventsTrustedSince === null || eventsSince === null
      ? null
      : Math.max(planning.eventsTrustedSince, eventsSince),
  eventQuarters: planning.eventQuarters,
});

/** Whether an event said that the count has changed since it was read. */
export const isDirty = ({ readAt, planning: { dirtyAt } }: ScheduledChat): boolean =>
  dirtyAt !== null && dirtyAt > (readAt ?? 0);

/** Whether the count is known to be right: its chat tells every change, and told none since. */
export const isKnownCorrect = (chat: ScheduledChat): boolean =>
  chat.readAt !== null &&
  chat.planning.eventsTrustedSince !== null &&
  chat.planning.eventsTrustedSince <= chat.readAt &&
  !isDirty(chat);
