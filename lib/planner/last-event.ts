import type { Evidence } from './change-rate.ts';

/**
 * Learns from the time of a chat's last event, which every response of MAX contains. If joins and leaves move this time, the count
 * has not changed since. Messages move it too. So without the number of messages, it only shows how long nobody joined or left.
 *
 * It is not documented that joins and leaves move the time. So the planner checks it: if a count differs although the last event
 * is older than the previous reading, that reading contradicts it. The time is used only while such contradictions are rare.
 */

/** The activity of a chat in a response of MAX. */
export interface LastEvent {
  /** Unix ms, by MAX's clock. */
  readonly at: number;
  /** Number of messages ever sent; `null`: not in the response. */
  readonly messages: number | null;
}

/** The activity of a chat at its last reading. */
export interface Activity {
  /** Number of messages ever sent, at the last reading; `null`: not known. */
  readonly messages: number | null;
  /** Time until which silence was used as evidence, Unix ms; `null`: none was. */
  readonly silenceUsedUntil: number | null;
}

export const NO_ACTIVITY: Activity = { messages: null, silenceUsedUntil: null };

/** Differences of counts, and those among them that contradict the time of the last event. */
export interface Contradictions {
  readonly differences: number;
  readonly contradicted: number;
}

export const NO_CONTRADICTIONS: Contradictions = { differences: 0, contradicted: 0 };

/** Adds two numbers of contradictions. @param kept the weight of `a`, 0 to 1. */
export const addContradictions = (a: Contradictions, b: Contradictions, kept = 1): Contradictions => ({
  differences: a.differences * kept + b.differences,
  contradicted: a.contradicted * kept + b.contradicted,
});

/** Differences needed before the time of the last event is used. */
const MIN_DIFFERENCES = 50;
/**
 * Largest share of contradictions. If joins and leaves never move the time, a difference contradicts it unless there were messages
 * too, so the share is a multiple of this. With up to this share, wrong silence costs less than the signal gains (`npm run bench --
 * freshness` measures both).
 */
const MAX_CONTRADICTED = 0.02;
/** Assumed difference between MAX's clock and the service's. */
const CLOCK_SKEW_MS = 60_000;
const HOUR_MS = 3_600_000;

export const isLastEventReliable = ({ differences, contradicted }: Contradictions): boolean =>
  differences >= MIN_DIFFERENCES && contradicted <= MAX_CONTRADICTED * differences;

/** A reading of a polled chat. Times are Unix ms. */
export interface ReadingOfChat {
  /** Time of the previous reading; `null`: none. */
  readonly previousAt: number | null;
  readonly at: number;
  /** Absolute difference from the previous count. */
  readonly difference: number;
  readonly lastEvent: LastEvent;
}

/** Returns whether the count differs although the last event is older than the previous reading. */
export const contradicts = ({ previousAt, difference, lastEvent }: ReadingOfChat): boolean =>
  previousAt !== null && difference > 0 && lastEvent.at < previousAt - CLOCK_SKEW_MS;

/**
 * Returns the evidence of a reading; `null`: none.
 * @param before the activity at the previous reading. @param memoryHours older silence says nothing about the present rate.
 */
export function evidenceOfLastEvent(reading: ReadingOfChat, before: Activity, memoryHours: number): Evidence | null {
  const { previousAt, at, difference, lastEvent } = reading;
  const eventAt = Math.min(lastEvent.at, at);
  if (previousAt !== null && (difference > 0 || eventAt > previousAt + CLOCK_SKEW_MS)) {
    if (eventAt <= previousAt) return { kind: 'difference', hours: (at - previousAt) / HOUR_MS, difference };
    const sent = before.messages === null || lastEvent.messages === null ? -1 : lastEvent.messages - before.messages;
    return {
      ...{ kind: 'last event', difference, hours: (eventAt - previousAt) / HOUR_MS },
      // Deleted messages can lower the number.
      ...{ messages: sent < 0 ? null : sent, silentHours: (at - eventAt) / HOUR_MS },
    };
  }
  const used = before.silenceUsedUntil ?? Number.NEGATIVE_INFINITY;
  const silentFrom = Math.max(Math.min(eventAt, previousAt ?? eventAt), used, at - memoryHours * HOUR_MS);
  const hours = (at - silentFrom) / HOUR_MS;
  if (hours <= 0) return null;
  return silentFrom === eventAt ? { kind: 'silence', hours } : { kind: 'events', hours, quarters: 0 };
}
