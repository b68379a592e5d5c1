import {
  beliefFrom,
  type ChangeBelief,
  evidenceFor,
  NO_EVIDENCE,
  priorOf,
  type RateEvidence,
} from '../planner/change-rate.ts';
import type { Findings } from '../planner/findings.ts';
import { type Activity, type LastEvent, NO_ACTIVITY } from '../planner/last-event.ts';
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
  readonly evidence: RateEvidence;
  readonly views: ViewTally;
  /** The count at the last reading; `null`: not known. It says how often a chat of this size changes. */
  readonly count: number | null;
  readonly activity: Activity;
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

/** MAX's response about a chat with a count. */
export interface CountedAnswer {
  readonly count: number;
  readonly lastEvent?: LastEvent | null;
}

/** Schedules the next refresh. @param askedAt when the count was requested from MAX, Unix ms. */
export type ScheduleNext = (answer: CountedAnswer, askedAt: number) => ScheduledRefresh;

/** The data of a chat that its schedule needs. */
export interface ScheduledChat {
  /** When the stored count was requested from MAX, Unix ms; `null`: never. */
  readonly readAt: number | null;
  readonly planning: Planning;
}

/**
 * Returns the schedule of a chat for the planner. The prior of its change rate is the present population.
 * @param count the count that was just read; by default the last one.
 */
export function scheduleOf(
  chat: ScheduledChat,
  dueAt: number,
  now: number,
  context: SchedulingContext,
  count = chat.planning.learnt?.count ?? null,
): ChatSchedule {
  const { learnt } = chat.planning;
  return {
    change: beliefOf(learnt, context, count),
    views: learnt?.views ?? { views: 0, hours: 0, countedTo: chat.readAt ?? now },
    count,
    activity: learnt?.activity ?? NO_ACTIVITY,
    readAt: chat.readAt,
    dirtyAt: isDirty(chat) ? chat.planning.dirtyAt : null,
    dueAt,
  };
}

/** Returns the belief about a chat's change rate. */
export const beliefOf = (
  learnt: Learnt | null,
  { population }: Pick<SchedulingContext, 'population'>,
  count = learnt?.count ?? null,
): ChangeBelief => beliefFrom(priorOf(population, count), learnt?.evidence ?? NO_EVIDENCE);

/** Returns what was learnt about a chat, to be stored. The schedule must come from `scheduleOf` with the same context and count. */
export const learntIn = (
  { change, views, count, activity }: ChatSchedule,
  { population }: Pick<SchedulingContext, 'population'>,
): Learnt => ({ evidence: evidenceFor(change, priorOf(population, count)), views, count, activity });

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
