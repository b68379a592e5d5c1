import type { ChangeBelief } from '../planner/change-rate.ts';
import type { Findings } from '../planner/findings.ts';
import type { ChatSchedule, Observations, SchedulingContext } from '../planner/plan.ts';
import type { ViewTally } from '../planner/view-rate.ts';

/** The planner's data of a chat. Times are Unix ms. */
export interface Planning {
  /** `null` before the first planned refresh of the chat. */
  readonly learnt: Learnt | null;
  /** The first event since the last read. An event before the last read is ignored. */
  readonly dirtyAt: number | null;
  /** Time since which events are trusted, that is, MAX sends one for every join and leave; `null`: they are not. */
  readonly eventsTrustedSince: number | null;
  /** Whether event trust was checked. */
  readonly eventTrustChecked: boolean;
  /** Number of quarters of an hour with an event since the views were last counted. */
  readonly eventQuarters: number;
}

/** The change rate and view rate of a chat, learnt from refreshes, events and listings. */
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

/** The next due time of a chat that was just read, and what was learnt. */
export interface NextRefresh {
  /** Unix ms. */
  readonly dueAt: number;
  /** If absent, the stored value remains. */
  readonly learnt?: Learnt;
}

/** The schedule of a chat that was just read, and the findings. The caller keeps the findings only if the reading was stored. */
export interface ScheduledRefresh extends NextRefresh {
  readonly findings: Findings;
}

/** Schedules the next refresh. @param askedAt when the count was requested from MAX, Unix ms. */
export type ScheduleNext = (count: number, askedAt: number) => ScheduledRefresh;

/** The data of a chat that its schedule needs. */
export interface ScheduledChat {
  /** When the stored count was requested from MAX, Unix ms; `null`: never. */
  readonly readAt: number | null;
  readonly planning: Planning;
}

/** Returns the schedule of a chat for the planner. A chat without learnt data gets the change rate of the population. */
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
 * Returns the observations of a chat.
 * @param views the views since the chat's views were last counted.
 * @param eventsSince time since which the service receives events, Unix ms; `null`: it does not.
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

/** Returns whether an event reported a change since the count was read. */
export const isDirty = ({ readAt, planning: { dirtyAt } }: ScheduledChat): boolean =>
  dirtyAt !== null && dirtyAt > (readAt ?? 0);

/** Returns whether the count is known to be correct: events are trusted since before the reading, and none arrived after it. */
export const isKnownCorrect = (chat: ScheduledChat): boolean =>
  chat.readAt !== null &&
  chat.planning.eventsTrustedSince !== null &&
  chat.planning.eventsTrustedSince <= chat.readAt &&
  !isDirty(chat);
