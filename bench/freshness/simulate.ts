import { QUARTER_HOURS, UNKNOWN_POPULATION } from '../../lib/planner/change-rate.ts';
import {
  type ChatSchedule,
  firstSchedule,
  floorMs,
  NO_TALLY,
  type Observations,
  SCHEDULING_LIMITS,
  type SchedulingContext,
  scheduleAfterEvent,
  scheduleAfterRefresh,
  scheduleWhenDue,
  type Tally,
} from '../../lib/planner/plan.ts';
import {
  addTallies,
  adjustPrice,
  contextOf,
  expectedFreshness,
  firstState,
  type PriceState,
} from '../../lib/planner/price.ts';
import { viewsPerHour } from '../../lib/planner/view-rate.ts';
import type { SampledChat } from '../../lib/planner/what-if.ts';
import { DueQueue } from './due-queue.ts';
import { at, type Random, weightedIndex } from './random.ts';
import type { World } from './world.ts';

/**
 * The service in virtual time, driven by the planner itself. Before it begins every chat was read in turn; then the planner
 * decides. Between two views of a chat its freshness is integrated in closed form (polled chats) or known from the time of
 * its first change (chats with events); what the planner learns from is drawn.
 */
export interface Scenario {
  readonly world: World;
  readonly budgetPerHour: number;
  /** `known`: the true rates, never to be forgotten; `learnt`: nothing is known at first; or one kind of them is known. */
  readonly rates: 'known' | 'learnt' | 'views known' | 'changes known';
  /** Share of the chats whose every change is told by an event. */
  readonly trusted: number;
  readonly warmDays: number;
  /** Days measured after that. */
  readonly days: number;
  readonly random: Random;
  /** How often due chats are planned; a minute unless told. */
  readonly tickMinutes?: number;
  /** Of the chats, so many come to be known, without a count, at some time in the days measured. */
  readonly newcomers?: number;
}

export interface Simulated {
  /** Share of right views in each day. */
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
  /** Counts shown over the days measured (the sampled ones), and those of them that had to be waited for. */
  readonly shown: number;
  readonly waited: number;
  /** What the planner knew of chats it looked at on the last day, weighted so that they stand for all. */
  readonly sample: readonly SampledChat[];
}

const HOUR_MS = 3_600_000;
const SAMPLE_SIZE = 5_000;
/** One listing in four counts its views. */
const SAMPLED = 0.25;
/** Due chats weighed at a tick, at most. */
const LOOKS_LEAST = 5_000;
const WEIGHED_PER_REQUEST = 10;

export function simulate(scenario: Scenario): Simulated {
  const { world, budgetPerHour, random } = scenario;
  const { changes, views } = world;
  const chats = changes.length;
  const tickHours = (scenario.tickMinutes ?? 1) / 60;
  const tickMs = tickHours * HOUR_MS;
  const days = scenario.warmDays + scenario.days;
  const ticks = Math.round((days * 24) / tickHours);
  const ticksADay = Math.round(24 / tickHours);
  const changesKnown = scenario.rates === 'known' || scenario.rates === 'changes known';
  const readsKnown = scenario.rates === 'known' || scenario.rates === 'views known';
  const limits = {
    ...SCHEDULING_LIMITS,
    maxIntervalMs: floorMs(SCHEDULING_LIMITS.maxIntervalMs, chats, budgetPerHour),
    ...(changesKnown ? { changeMemoryHours: Number.POSITIVE_INFINITY } : {}),
    ...(readsKnown ? { viewMemoryHours: Number.POSITIVE_INFINITY } : {}),
  };

  const due = new DueQueue(chats, ticks);
  const events = new DueQueue(chats, ticks);
  const lastRead = new Float64Array(chats);
  /** Time of the first change since the last read; of an unread one the next to be told. Chats with events only. */
  const changeAt = new Float64Array(chats);
  const eventAt = new Float64Array(chats);
  const counted = new Float64Array(chats);
  const withEvents = new Uint8Array(chats);
  const bornAt = new Float64Array(chats);
  /** Chats with events whose last read was after they began. */
  const told = new Uint8Array(chats);
  const plans: ChatSchedule[] = [];
  let state: PriceState = firstState(chats, world.viewsPerHour, budgetPerHour);
  let context: SchedulingContext = contextOf(state, chats, limits);
  const turnMs = (chats / budgetPerHour) * HOUR_MS;
  for (let i = 0; i < chats; i += 1) {
    const readAt = -random.uniform() * turnMs;
    lastRead[i] = readAt;
    withEvents[i] = random.uniform() < scenario.trusted ? 1 : 0;
    if (withEvents[i]) nextEvent(i, 0);
    plans.push({
      change: changesKnown ? { mean: Math.log(at(changes, i)), variance: 0 } : UNKNOWN_POPULATION,
      views: readsKnown
        ? { views: at(views, i) * 1e9, hours: 1e9, countedTo: 0 }
        : { views: 0, hours: 0, countedTo: 0 },
      readAt,
      dirtyAt: null,
      dueAt: random.uniform() * Math.min(turnMs, limits.reviewMs),
    });
    due.put(i, Math.floor(plan(i).dueAt / tickMs));
  }
  for (let n = 0; n < (scenario.newcomers ?? 0); n += 1) {
    const i = Math.floor(random.uniform() * chats);
    bornAt[i] = (scenario.warmDays + random.uniform() * scenario.days) * 24 * HOUR_MS;
    lastRead[i] = Number.NEGATIVE_INFINITY;
    plans[i] = firstSchedule(at(bornAt, i), UNKNOWN_POPULATION);
    due.put(i, Math.ceil(at(bornAt, i) / tickMs));
  }

  const drawRead = weightedIndex(views, random);
  const measuredFrom = scenario.warmDays * ticksADay;
  const daily: number[] = [];
  const sample: SampledChat[] = [];
  let right = 0;
  let dayBegan = 0;
  let tally: Tally = NO_TALLY;
  let carried = 0;
  let drawn = 0;
  let requests = 0;
  let backlogs = 0;
  let maxBacklog = 0;
  let shown = 0;
  let waited = 0;
  let looks = 0;
  let lastDay = false;
  /** One look in so many is remembered: each chat is looked at daily and at each request. */
  const rememberOneIn = Math.max(1, Math.round((2 * chats + 24 * budgetPerHour) / SAMPLE_SIZE));

  for (let tick = 0; tick < ticks; tick += 1) {
    const now = tick * tickMs;
    lastDay = tick >= ticks - ticksADay;
    for (drawn += world.viewsPerHour * SAMPLED * tickHours; drawn >= 1; drawn -= 1) {
      const i = drawRead();
      if (at(bornAt, i) > now) continue;
      if (tick >= measuredFrom) shown += 1;
      // A listing waits for a count that was never read, and nothing else.
      if (plan(i).readAt === null) {
        waited += 1;
        refresh(i, now, false);
      }
      counted[i] = at(counted, i) + 1;
    }
    for (let i = events.take(tick - 1); i >= 0; i = events.take(tick - 1)) {
      const before = plan(i);
      const after = scheduleAfterEvent(before, at(eventAt, i), context);
      plans[i] = after;
      if (after.dueAt < before.dueAt) due.put(i, Math.ceil(after.dueAt / tickMs));
    }
    carried += budgetPerHour * tickHours;
    const allowed = Math.floor(carried);
    carried -= allowed;
    const wanted: { readonly chat: number; readonly correctViews: number }[] = [];
    for (let looked = 0; looked < LOOKS_LEAST + WEIGHED_PER_REQUEST * allowed; looked += 1) {
      const chat = due.take(tick);
      if (chat < 0) break;
      const seen = { now, ...news(chat, now) };
      const { plan: next, tally: added, correctViews } = scheduleWhenDue(plan(chat), seen, context, random.uniform());
      if (correctViews !== null) {
        wanted.push({ chat, correctViews });
        continue;
      }
      plans[chat] = next;
      counted[chat] = 0;
      tally = addTallies(tally, added);
      remember(chat, added);
      due.put(chat, Math.ceil(next.dueAt / tickMs));
    }
    if (wanted.length > allowed) wanted.sort((a, b) => b.correctViews - a.correctViews);
    const used = Math.min(allowed, wanted.length);
    for (const [nth, { chat }] of wanted.entries()) {
      if (nth < used) refresh(chat, now + (nth / allowed) * tickMs);
      else due.put(chat, tick);
    }
    const backlog = wanted.length - used;
    state = adjustPrice(state, {
      tally,
      allowed,
      backlog,
      views: world.viewsPerHour * tickHours,
      hours: tickHours,
      budgetPerHour,
    });
    context = contextOf(state, chats, limits);
    tally = NO_TALLY;
    if (tick >= measuredFrom) {
      requests += used;
      backlogs += backlog;
      maxBacklog = Math.max(maxBacklog, backlog);
    }
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
    shown,
    waited,
    sample,
  };

  function plan(i: number): ChatSchedule {
    const found = plans[i];
    if (!found) throw new RangeError(`no chat ${i}`);
    return found;
  }

  function news(i: number, now: number): Observations {
    const from = plan(i).views.countedTo;
    const eventQuarters = withEvents[i] ? drawQuarters(i, from, now) : 0;
    return { views: at(counted, i) / SAMPLED, eventsTrustedSince: withEvents[i] ? 0 : null, eventQuarters };
  }

  /** Quarters with an event: the first event since the last read is known, what came after it is drawn. */
  function drawQuarters(i: number, from: number, now: number): number {
    const first = told[i] ? at(changeAt, i) : from;
    if (first >= now) return 0;
    const began = Math.max(from, first);
    const silent = Math.exp(-at(changes, i) * QUARTER_HOURS);
    const most = Math.floor((now - began) / HOUR_MS / QUARTER_HOURS);
    let active = told[i] && first > from ? 1 : 0;
    // Silent quarters between two active ones are geometric: the integer part of an exponential.
    for (let q = silentRun(silent); q < most; q += 1 + silentRun(silent)) active += 1;
    return Math.min(active, Math.ceil((now - from) / HOUR_MS / QUARTER_HOURS));
  }

  function remember(i: number, { hours }: Tally): void {
    looks += 1;
    if (!lastDay || looks % rememberOneIn !== 0) return;
    const { change, views: counts } = plan(i);
    // A look stands for the hours since the one before, so over a day the looks at a chat stand for one chat.
    const weight = (hours * rememberOneIn) / 24;
    const perHour = viewsPerHour(counts, context.meanViewsPerHour);
    sample.push({ weight, change, viewsPerHour: perHour, trusted: told[i] === 1 });
  }

  function silentRun(silent: number): number {
    return Math.floor(random.exponential() / -Math.log(silent));
  }

  function refresh(i: number, now: number, planned = true): void {
    const hours = (now - at(lastRead, i)) / HOUR_MS;
    const changed = told[i] ? at(changeAt, i) < now : random.uniform() < -Math.expm1(-at(changes, i) * hours);
    account(i, now);
    const outcome = scheduleAfterRefresh(
      plan(i),
      { readAt: now, changed, planned, ...news(i, now) },
      context,
      random.uniform(),
    );
    counted[i] = 0;
    lastRead[i] = now;
    plans[i] = outcome.plan;
    tally = addTallies(tally, outcome.tally);
    remember(i, outcome.tally);
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

  /** Adds the right views of the chat from the day's beginning, or its last read if that was later, until `now`. */
  function account(i: number, now: number): void {
    const from = Math.max(dayBegan, at(lastRead, i));
    const rate = at(changes, i) / HOUR_MS;
    const rightMs = told[i]
      ? Math.max(0, Math.min(now, at(changeAt, i)) - from)
      : (Math.exp(-rate * (from - at(lastRead, i))) * -Math.expm1(-rate * (now - from))) / rate;
    right += (at(views, i) * rightMs) / HOUR_MS;
  }

  function endDay(now: number): void {
    for (let i = 0; i < chats; i += 1) account(i, now);
    daily.push(right / (world.viewsPerHour * 24));
    right = 0;
    dayBegan = now;
  }
}
