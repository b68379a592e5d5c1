import { UNKNOWN_POPULATION } from '../../lib/participants/planner/change-rate.ts';
import {
  type ChatPlan,
  floorMs,
  NO_TALLY,
  PLAN_LIMITS,
  type PlanContext,
  planAfterEvent,
  planAfterRefresh,
  planWhenDue,
  type Tally,
} from '../../lib/participants/planner/plan.ts';
import {
  addTallies,
  contextOf,
  expectedFreshness,
  firstState,
  type PlanState,
  steer,
} from '../../lib/participants/planner/price.ts';
import { DueQueue } from './due-queue.ts';
import { at, type Random, weightedIndex } from './random.ts';
import type { World } from './world.ts';

/**
 * The service in virtual time, driven by the planner itself. Before it begins every chat was read in turn; then the planner
 * decides. Between two reads of a chat its freshness is integrated in closed form (polled chats) or known from the time of
 * its first change (chats with events); what the planner learns from is drawn.
 */
export interface Scenario {
  readonly world: World;
  readonly budgetPerHour: number;
  /** `known`: the true rates, never to be forgotten; `learnt`: nothing is known at first. */
  readonly rates: 'known' | 'learnt';
  /** Share of the chats whose every change is told by an event. */
  readonly trusted: number;
  readonly warmDays: number;
  /** Days measured after that. */
  readonly days: number;
  readonly random: Random;
  readonly tickMinutes?: number;
}

export interface Simulated {
  /** Share of right reads in each day. */
  readonly daily: readonly number[];
  /** The same over the days measured, and what the planner itself expected at their end. */
  readonly freshness: number;
  readonly expected: number;
  /** Requests an hour over the days measured. */
  readonly requestsPerHour: number;
  readonly kappa: number;
  /** Due chats left over at a tick, on average and at most, over the days measured. */
  readonly meanBacklog: number;
  readonly maxBacklog: number;
}

const HOUR_MS = 3_600_000;
/** One listing in four counts its reads. */
const SAMPLED = 0.25;
/** Due chats weighed at a tick, at most. */
const LOOKS_LEAST = 5_000;
const LOOKS_PER_REQUEST = 10;

export function simulate(scenario: Scenario): Simulated {
  const { world, budgetPerHour, random } = scenario;
  const { changes, reads } = world;
  const chats = changes.length;
  const tickHours = (scenario.tickMinutes ?? 1) / 60;
  const tickMs = tickHours * HOUR_MS;
  const days = scenario.warmDays + scenario.days;
  const ticks = Math.round((days * 24) / tickHours);
  const ticksADay = Math.round(24 / tickHours);
  const known = scenario.rates === 'known';
  const limits = {
    ...PLAN_LIMITS,
    mostMs: floorMs(PLAN_LIMITS.mostMs, chats, budgetPerHour),
    ...(known ? { changeMemoryHours: Number.POSITIVE_INFINITY, readMemoryHours: Number.POSITIVE_INFINITY } : {}),
  };

  const due = new DueQueue(chats, ticks);
  const events = new DueQueue(chats, ticks);
  const lastRead = new Float64Array(chats);
  /** Time of the first change since the last read; of an unread one the next to be told. Chats with events only. */
  const changeAt = new Float64Array(chats);
  const eventAt = new Float64Array(chats);
  const counted = new Float64Array(chats);
  const withEvents = new Uint8Array(chats);
  /** Chats with events whose last read was after they began. */
  const told = new Uint8Array(chats);
  const plans: ChatPlan[] = [];
  let state: PlanState = firstState(chats, world.readsPerHour, budgetPerHour);
  let context: PlanContext = contextOf(state, chats, limits);
  const turnMs = (chats / budgetPerHour) * HOUR_MS;
  for (let i = 0; i < chats; i += 1) {
    const readAt = -random.uniform() * turnMs;
    lastRead[i] = readAt;
    withEvents[i] = random.uniform() < scenario.trusted ? 1 : 0;
    if (withEvents[i]) nextEvent(i, 0);
    plans.push({
      change: known ? { mean: Math.log(at(changes, i)), variance: 0 } : UNKNOWN_POPULATION,
      reads: known ? { reads: at(reads, i) * 1e9, hours: 1e9, countedTo: 0 } : { reads: 0, hours: 0, countedTo: 0 },
      readAt,
      dirtyAt: null,
      dueAt: random.uniform() * Math.min(turnMs, limits.reviewMs),
    });
    due.put(i, Math.floor(plan(i).dueAt / tickMs));
  }

  const drawRead = weightedIndex(reads, random);
  const daily: number[] = [];
  let right = 0;
  let dayBegan = 0;
  let tally: Tally = NO_TALLY;
  let carried = 0;
  let drawn = 0;
  let requests = 0;
  let postponed = 0;
  let backlogs = 0;
  let maxBacklog = 0;

  for (let tick = 0; tick < ticks; tick += 1) {
    const now = tick * tickMs;
    for (drawn += world.readsPerHour * SAMPLED * tickHours; drawn >= 1; drawn -= 1) {
      const i = drawRead();
      counted[i] = at(counted, i) + 1;
    }
    for (let i = events.take(tick - 1); i >= 0; i = events.take(tick - 1)) {
      const before = plan(i);
      const after = planAfterEvent(before, { at: at(eventAt, i), trustedSince: trustedSince(i) }, context);
      plans[i] = after;
      if (after.dueAt < before.dueAt) due.put(i, Math.ceil(after.dueAt / tickMs));
    }
    carried += budgetPerHour * tickHours;
    const allowed = Math.floor(carried);
    carried -= allowed;
    const wanted: { readonly chat: number; readonly rightReads: number }[] = [];
    for (let looked = 0; looked < LOOKS_LEAST + LOOKS_PER_REQUEST * allowed; looked += 1) {
      const chat = due.take(tick);
      if (chat < 0) break;
      const seen = { now, reads: at(counted, chat) / SAMPLED, trustedSince: trustedSince(chat) };
      const { plan: next, tally: added, rightReads } = planWhenDue(plan(chat), seen, context, random.uniform());
      plans[chat] = next;
      counted[chat] = 0;
      tally = addTallies(tally, added);
      if (rightReads !== null) wanted.push({ chat, rightReads });
      else {
        postponed++;
        due.put(chat, Math.ceil(next.dueAt / tickMs));
      }
    }
    if (wanted.length > allowed) wanted.sort((a, b) => b.rightReads - a.rightReads);
    const used = Math.min(allowed, wanted.length);
    for (const [nth, { chat }] of wanted.entries()) {
      if (nth < used) refresh(chat, now + (nth / allowed) * tickMs);
      else due.put(chat, tick);
    }
    const backlog = wanted.length - used;
    state = steer(state, {
      tally,
      allowed,
      backlog,
      reads: world.readsPerHour * tickHours,
      hours: tickHours,
      budgetPerHour,
    });
    context = contextOf(state, chats, limits);
    tally = NO_TALLY;
    if (tick >= scenario.warmDays * ticksADay) {
      requests += used;
      backlogs += backlog;
      maxBacklog = Math.max(maxBacklog, backlog);
    }
    if (process.env.TRACE && (tick + 1) % (ticksADay / 12) === 0)
      console.log(
        '   day',
        (tick / ticksADay).toFixed(2),
        'lnk',
        state.logKappa.toFixed(2),
        'backlog',
        backlog,
        'used',
        used,
        'postponed',
        postponed,
        'of',
        allowed,
        context.population.mean.toFixed(2),
      );
    if ((tick + 1) % ticksADay === 0) endDay((tick + 1) * tickMs);
  }
  const measured = daily.slice(scenario.warmDays);
  return {
    daily,
    freshness: measured.reduce((a, b) => a + b, 0) / measured.length,
    expected: expectedFreshness(state) ?? 0,
    requestsPerHour: requests / (scenario.days * 24),
    kappa: context.kappa,
    meanBacklog: backlogs / (scenario.days * ticksADay),
    maxBacklog,
  };

  function plan(i: number): ChatPlan {
    const found = plans[i];
    if (!found) throw new RangeError(`no chat ${i}`);
    return found;
  }

  function trustedSince(i: number): number | null {
    return withEvents[i] ? 0 : null;
  }

  function refresh(i: number, now: number): void {
    const hours = (now - at(lastRead, i)) / HOUR_MS;
    const changed = told[i] ? at(changeAt, i) < now : random.uniform() < -Math.expm1(-at(changes, i) * hours);
    account(i, now);
    const outcome = planAfterRefresh(
      plan(i),
      { readAt: now, changed, reads: at(counted, i) / SAMPLED, trustedSince: trustedSince(i), planned: true },
      context,
      random.uniform(),
    );
    counted[i] = 0;
    lastRead[i] = now;
    plans[i] = outcome.plan;
    tally = addTallies(tally, outcome.tally);
    if (withEvents[i]) {
      nextEvent(i, now);
      changeAt[i] = at(eventAt, i);
      told[i] = 1;
    }
    due.put(i, Math.ceil(plan(i).dueAt / tickMs));
  }

  function nextEvent(i: number, now: number): void {
    eventAt[i] = now + (random.exponential() / at(changes, i)) * HOUR_MS;
    events.put(i, Math.floor(at(eventAt, i) / tickMs));
  }

  /** Adds the right reads of the chat from the day's beginning, or its last read if that was later, until `now`. */
  function account(i: number, now: number): void {
    const from = Math.max(dayBegan, at(lastRead, i));
    const rate = at(changes, i) / HOUR_MS;
    const rightMs = told[i]
      ? Math.max(0, Math.min(now, at(changeAt, i)) - from)
      : (Math.exp(-rate * (from - at(lastRead, i))) * -Math.expm1(-rate * (now - from))) / rate;
    right += (at(reads, i) * rightMs) / HOUR_MS;
  }

  function endDay(now: number): void {
    for (let i = 0; i < chats; i += 1) account(i, now);
    daily.push(right / (world.readsPerHour * 24));
    right = 0;
    dayBegan = now;
  }
}
