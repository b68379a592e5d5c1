import { UNKNOWN_POPULATION } from '../../lib/planner/change-rate.ts';
import {
  type ChatSchedule,
  firstSchedule,
  SCHEDULING_LIMITS,
  type SchedulingContext,
  scheduleAfterEvent,
  scheduleAfterRefresh,
  scheduleWhenDue,
} from '../../lib/planner/plan.ts';
import { at, type Random } from './random.ts';
import type { World } from './world.ts';

/**
 * P8: requests a change costs. Every join is told, some twice or thrice, up to a minute late and out of order; some chats are
 * raided by ten thousand; some go away. Price and budget don't hold anything back: the most requests there can be.
 */
export interface Coalescing {
  readonly changes: number;
  readonly deliveries: number;
  /** Windows in which something changed: one begins with the first change after the last. */
  readonly windows: number;
  readonly requests: number;
  /** Most requests for one chat that began within one window's length. */
  readonly mostInWindow: number;
  /** Requests for chats after they were gone. */
  readonly goneRequests: number;
  readonly goneDeliveries: number;
  /** The same for the raided chats alone. */
  readonly raidChanges: number;
  readonly raidRequests: number;
}

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;
const LATEST_MS = 60_000;
const RAIDS = 20;
const RAID_JOINS = 10_000;
const RAID_MS = 600_000;
const GONE = 0.01;

export function coalesce(world: World, hours: number, random: Random): Coalescing {
  const context: SchedulingContext = {
    kappa: 1e-9,
    population: UNKNOWN_POPULATION,
    meanViewsPerHour: world.viewsPerHour / world.changes.length,
    limits: { ...SCHEDULING_LIMITS, maxIntervalMs: 1_000 * HOUR_MS },
  };
  const windowMs = context.limits.eventWindowMs;
  const total = { changes: 0, deliveries: 0, windows: 0, requests: 0, mostInWindow: 0 };
  const gone = { goneRequests: 0, goneDeliveries: 0 };
  const raid = { raidChanges: 0, raidRequests: 0 };
  // Chats don't touch each other here, so each lives its day by itself.
  for (let i = 0; i < world.changes.length; i += 1) {
    const end = hours * HOUR_MS;
    const goneAt = random.uniform() < GONE ? random.uniform() * end : Number.POSITIVE_INFINITY;
    const changes: number[] = [];
    const mean = HOUR_MS / at(world.changes, i);
    for (let t = random.exponential() * mean; t < end; t += random.exponential() * mean) changes.push(t);
    if (i < RAIDS) {
      const began = random.uniform() * (end - RAID_MS);
      for (let n = 0; n < RAID_JOINS; n += 1) changes.push(began + random.uniform() * RAID_MS);
      changes.sort((a, b) => a - b);
    }
    const deliveries = changes
      .filter((change) => change < goneAt)
      .flatMap((change) => {
        const repeats = random.uniform() < 0.1 ? 3 : 1;
        return Array.from({ length: repeats }, () => ({ at: change, arrives: change + random.uniform() * LATEST_MS }));
      })
      .sort((a, b) => a.arrives - b.arrives);
    const requests = live(deliveries, goneAt);
    const before = changes.filter((change) => change < goneAt);
    total.changes += before.length;
    total.deliveries += deliveries.length;
    total.windows += windowsOf(before, windowMs);
    total.requests += requests.length;
    total.mostInWindow = Math.max(total.mostInWindow, mostWithin(requests, windowMs));
    gone.goneRequests += requests.filter((request) => request > goneAt).length;
    gone.goneDeliveries += deliveries.filter(({ arrives }) => arrives > goneAt).length;
    if (i < RAIDS) {
      raid.raidChanges += before.length;
      raid.raidRequests += requests.length;
    }
  }
  return { ...total, ...gone, ...raid };

  /** When the chat is asked for, until it is gone; MAX tells of that too, up to a minute late. */
  function live(deliveries: readonly { at: number; arrives: number }[], goneAt: number): number[] {
    const news = { views: 0, eventsTrustedSince: -1, eventQuarters: 0 };
    const first = { ...news, readAt: 0, changed: false, planned: false };
    let plan: ChatSchedule = scheduleAfterRefresh(firstSchedule(-1, UNKNOWN_POPULATION), first, context, 0).plan;
    const requests: number[] = [];
    // The webhook about the bot's removal, or the 403 of a request made meanwhile: whichever is first takes the chat off.
    let offAt = goneAt + random.uniform() * LATEST_MS;
    const catchUp = (now: number) => {
      while (plan.dueAt <= now && plan.dueAt < offAt) {
        const asked = plan.dueAt + random.uniform() * SECOND_MS;
        const look = scheduleWhenDue(plan, { ...news, now: asked }, context, random.uniform());
        plan = look.plan;
        if (look.correctViews === null) continue;
        requests.push(asked);
        if (asked > goneAt) offAt = asked;
        plan = scheduleAfterRefresh(
          plan,
          { ...news, readAt: asked, changed: true, planned: true },
          context,
          random.uniform(),
        ).plan;
      }
    };
    for (const { at: change, arrives } of deliveries) {
      catchUp(arrives);
      // Gone: `bot_removed` is known to be the later one, by its timestamp.
      if (arrives >= offAt) continue;
      plan = scheduleAfterEvent(plan, change, context);
      // What is due already is asked for now, not in the past.
      if (plan.dueAt < arrives) plan = { ...plan, dueAt: arrives };
    }
    catchUp(hours * HOUR_MS);
    return requests;
  }
}

function windowsOf(changes: readonly number[], windowMs: number): number {
  let windows = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const change of changes) {
    if (change <= end) continue;
    windows += 1;
    end = change + windowMs;
  }
  return windows;
}

function mostWithin(times: readonly number[], lengthMs: number): number {
  let most = 0;
  let from = 0;
  for (const [to, time] of times.entries()) {
    while (time - (times[from] ?? 0) >= lengthMs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
