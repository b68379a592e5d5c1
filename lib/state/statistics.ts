import type { Scope } from '../chats/chat.ts';
import type { Movers, Sums } from '../chats/sums.ts';

/** The statistics of the nightly roll-up. Days are in UTC. */

export interface DayOfSums extends Sums {
  readonly date: string;
}

export const SPANS = ['week', 'month'] as const;
export type Span = (typeof SPANS)[number];

/** The chats that grew and shrank most. `since`: the day of comparison; `null` if there are no counts from that time. */
export type MoversBySpan = Readonly<Record<Span, { readonly since: string | null; readonly movers: Movers }>>;

export interface LatestMovers {
  readonly date: string;
  readonly spans: MoversBySpan;
  /** Names of these chats at the time of the roll-up. */
  readonly names: Readonly<Record<number, string>>;
}

export interface UniversityDay {
  readonly date: string;
  readonly universities: readonly UniversitySums[];
}

export interface UniversitySums extends Sums {
  readonly universityId: number;
}

/** Number of days that show the course of a university: one a week in 90 days. */
export const COURSE_DAYS = 14;

export interface Statistics {
  /** Returns the days from `from` to `to` with a roll-up, oldest first. */
  days(scope: Scope, from: string, to: string): Promise<readonly DayOfSums[]>;
  movers(scope: Scope): Promise<LatestMovers | undefined>;
  /**
   * Returns all universities on the first and the last day with a roll-up in the range, and on up to `COURSE_DAYS` days that are
   * spread over it, oldest first.
   */
  universities(from: string, to: string): Promise<readonly UniversityDay[]>;
  /** Returns when the last roll-up ended, Unix ms. */
  rolledUpAt(): Promise<number | undefined>;
}

/** Counts of up to `CHUNK` chats with consecutive ids on one day. */
export type CountsOfChunk = ReadonlyMap<number, number>;
export const CHUNK = 4_096;

/** A roll-up and its progress. */
export interface RollUp {
  readonly date: string;
  /** Unix ms. */
  readonly startedAt: number;
  /** Unix ms; `null` if it is not finished. */
  readonly finishedAt: number | null;
  /** It contains the chats up to this id. */
  readonly after: number;
  readonly all: RollUpOf;
  readonly universities: Readonly<Record<number, RollUpOf>>;
  /** The days with which counts are compared. */
  readonly since: Readonly<Record<Span, string | null>>;
}

/** The results of one scope. */
export interface RollUpOf {
  readonly sums: Sums;
  readonly movers: Readonly<Record<Span, Movers>>;
}

export interface RollUpStore {
  lastRollUp(): Promise<RollUp | undefined>;
  saveRollUp(rollUp: RollUp): Promise<void>;
  /** @returns the days of `dates` with stored counts. */
  daysWithCounts(dates: readonly string[]): Promise<readonly string[]>;
  countsOf(chunk: number, date: string): Promise<CountsOfChunk | undefined>;
  keepCounts(chunk: number, date: string, counts: CountsOfChunk): Promise<void>;
  /** Publishes the results: sums and movers of all scopes. */
  publish(rollUp: RollUp, names: ReadonlyMap<number, string>): Promise<void>;
}
