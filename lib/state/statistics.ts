import type { Scope } from '../chats/chat.ts';
import type { Movers, Sums } from '../chats/sums.ts';

/** Statistics that the nightly roll-up has made. Days are in UTC. */

export interface DayOfSums extends Sums {
  readonly date: string;
}

export const SPANS = ['week', 'month'] as const;
export type Span = (typeof SPANS)[number];

/** The chats that grew and shrank most; `since` is the day that they are compared with, `null`: there is none so old. */
export type MoversBySpan = Readonly<Record<Span, { readonly since: string | null; readonly movers: Movers }>>;

export interface LatestMovers {
  readonly date: string;
  readonly spans: MoversBySpan;
  /** Names of the chats in it, as they were at the roll-up. */
  readonly names: Readonly<Record<number, string>>;
}

export interface UniversityDay {
  readonly date: string;
  readonly universities: readonly UniversitySums[];
}

export interface UniversitySums extends Omit<Sums, 'byStatus'> {
  readonly universityId: number;
}

export interface Statistics {
  /** The days from `from` to `to` for which there is a roll-up, oldest first. */
  days(scope: Scope, from: string, to: string): Promise<readonly DayOfSums[]>;
  movers(scope: Scope): Promise<LatestMovers | undefined>;
  /** All universities on the first or the last day of the range for which there is a roll-up. */
  universities(which: 'first' | 'last', from: string, to: string): Promise<UniversityDay | undefined>;
  /** When the last roll-up ended, Unix ms. */
  rolledUpAt(): Promise<number | undefined>;
}

/** Counts of up to `CHUNK` chats with consecutive ids on one day. */
export type CountsOfChunk = ReadonlyMap<number, number>;
export const CHUNK = 4_096;

/** A roll-up as far as it has come. */
export interface RollUp {
  readonly date: string;
  /** Unix ms. */
  readonly startedAt: number;
  /** Unix ms; `null`: it is not at its end. */
  readonly finishedAt: number | null;
  /** The chats up to this id are in it. */
  readonly after: number;
  readonly all: RollUpOf;
  readonly universities: Readonly<Record<number, RollUpOf>>;
  /** The days that counts are compared with. */
  readonly since: Readonly<Record<Span, string | null>>;
}

/** Of one scope. */
export interface RollUpOf {
  readonly sums: Sums;
  readonly movers: Readonly<Record<Span, Movers>>;
}

export interface RollUpStore {
  lastRollUp(): Promise<RollUp | undefined>;
  saveRollUp(rollUp: RollUp): Promise<void>;
  /** @returns the days of `dates` for which counts are kept. */
  daysWithCounts(dates: readonly string[]): Promise<readonly string[]>;
  countsOf(chunk: number, date: string): Promise<CountsOfChunk | undefined>;
  keepCounts(chunk: number, date: string, counts: CountsOfChunk): Promise<void>;
  /** Makes the result visible: sums and movers of all scopes. */
  publish(rollUp: RollUp, names: ReadonlyMap<number, string>): Promise<void>;
}
