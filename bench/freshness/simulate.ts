import {
  beliefFrom,
  evidenceFor,
  NO_EVIDENCE,
  type Population,
  priorOf,
  QUARTER_HOURS,
  type RateEvidence,
  UNKNOWN_POPULATION,
} from '../../lib/planner/change-rate.ts';
import {
  addFindings,
  type Findings,
  measuredAccuracy,
  measuredFreshness,
  NO_FINDINGS,
} from '../../lib/planner/findings.ts';
import { type LastEvent, NO_ACTIVITY } from '../../lib/planner/last-event.ts';
import {
  type ChatSchedule,
  floorMs,
  isWorthReading,
  type Observations,
  SCHEDULING_LIMITS,
  type SchedulingContext,
  type SchedulingLimits,
} from '../../lib/planner/plan.ts';
import { expectedAccuracy, expectedFreshness } from '../../lib/planner/price.ts';
import {
  affordableAgain,
  beginSync,
  collect,
  endSync,
  learnFromRefresh,
  nothingFound,
  type Price,
  type SyncSettings,
  select,
  wantsMore,
  weigh,
} from '../../lib/planner/sync.ts';
import { viewsPerHour } from '../../lib/planner/view-rate.ts';
import type { SampledChat } from '../../lib/planner/what-if.ts';
import { DueQueue } from './due-queue.ts';
import { IdealLearner } from './ideal-learner.ts';
import { at, type Random, seeded, weightedIndex } from './random.ts';
import { correctUntil, drawPoisson, drawSteps, probabilityEqual, type World } from './world.ts';

/**
 * A world in virtual time around the service's own planning (`lib/planner/sync.ts`), with the service's interval: chats that
 * change, people who view them, a queue, and MAX. Before it begins every chat was read in turn; then the planner decides.
 * Between two reads of a chat its freshness is integrated in closed form (polled chats: a count is right while it equals MAX's,
 * whether nothing happened or as many left as joined) or known from the time of its first change (chats with events); what
 * the planner learns from is drawn.
 */
export interface Scenario {
  readonly world: World;
  readonly budgetPerHour: number;
  /**
   * `known`: the true rates, never to be forgotten; `learnt`: nothing is known at first; or one kind of them is known. `ideal`:
   * change rates are learnt without approximation from the differences of counts of polled chats; `changed`: from whether they differ.
   */
  readonly rates: 'known' | 'learnt' | 'views known' | 'changes known' | 'ideal' | 'changed';
  /** Share of the chats whose every change is told by an event. */
  readonly trusted: number;
  readonly warmDays: number;
  /** Days measured after that. */
  readonly days: number;
  readonly random: Random;
  /** Number of chats that are created, without a count, during the measured days. */
  readonly newcomers?: number;
  /** The signals beside the difference of counts that the planner gets; by default both. */
  readonly signals?: { readonly size: boolean; readonly lastEvent: boolean };
  /** Share of the chats in which joins and leaves move the time of the last event; by default all. */
  readonly stepsMoveLastEvent?: number;
  /** Share of the chats whose responses contain the number of messages; by default all. */
  readonly messagesCounted?: number;
  /** All change rates grow by `factor` after `days`. Polled chats only. */
  readonly growth?: { readonly days: number; readonly factor: number };
}

export interface Simulated {
  /** Share of right views in each day. */
  readonly daily: readonly number[];
  /** The share over the measured days; at their end, the planner's expectation and the share that its refreshes measured. */
  readonly freshness: number;
  readonly expected: number;
  readonly measured: number;
  /** The same three for all counts, not weighted by views. */
  readonly accuracy: number;
  readonly expectedAccuracy: number;
  readonly measuredAccuracy: number;
  /** Requests per hour during the measured days. */
  readonly requestsPerHour: number;
  readonly kappa: number;
  /** Mean and largest number of chats that a sync left although their refresh gains the price, during the measured days. */
  readonly meanBacklog: number;
  readonly maxBacklog: number;
  /** Sampled counts that were shown during the measured days, and the number of them that waited for MAX. */
  readonly shown: number;
  readonly waited: number;
  /** The planner's knowledge of the chats that it evaluated on the last day, weighted so that they represent all chats. */
  readonly sample: readonly SampledChat[];
  /** The distribution of change rates that the planner has learnt. */
  readonly population: Population;
  /** Share of the differences that contradict the time of the last event, and whether this time was used at the end. */
  readonly contradicted: number;
  readonly lastEventUsed: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MINUTES = 24 * 60;
const SAMPLE_SIZE = 5_000;
/** One listing in four counts its views. */
const SAMPLED = 0.25;
/** The defaults of the service. */
const SYNC_MINUTES = 15;
const WINDOW_MS = 30_000;

export function simulate(scenario: Scenario): Simulated {
  const { world, budgetPerHour, random } = scenario;
  const { changes, balances, views, sizes, messages } = world;
  const { signals = { size: true, lastEvent: true }, growth } = scenario;
  const growsAt = growth ? growth.days * DAY_MINUTES * MINUTE_MS : Number.POSITIVE_INFINITY;
  /** The activity of chats has random numbers of its own, so that scenarios with other signals differ in nothing else. */
  const active = seeded(11);
  const chats = changes.length;
  const minutes = (scenario.warmDays + scenario.days) * DAY_MINUTES;
  const measuredFromMs = scenario.warmDays * DAY_MINUTES * MINUTE_MS;
  const changesKnown = scenario.rates === 'known' || scenario.rates === 'changes known';
  const ideal =
    scenario.rates === 'ideal' || scenario.rates === 'changed'
      ? new IdealLearner(chats, scenario.rates === 'ideal' ? 'difference' : 'changed')
      : undefined;
  const viewsKnown = scenario.rates === 'known' || scenario.rates === 'views known';
  const settings: SyncSettings = {
    ...{ rps: 30, backgroundShare: 1, maxCallsPerHour: budgetPerHour },
    ...{ intervalMs: SYNC_MINUTES * MINUTE_MS, windowMs: WINDOW_MS },
  };
  const limits: SchedulingLimits = {
    ...SCHEDULING_LIMITS,
    maxIntervalMs: floorMs(SCHEDULING_LIMITS.maxIntervalMs, chats, budgetPerHour),
    eventWindowMs: WINDOW_MS,
    ...(changesKnown || ideal ? { changeMemoryHours: Number.POSITIVE_INFINITY } : {}),
    ...(viewsKnown ? { viewMemoryHours: Number.POSITIVE_INFINITY } : {}),
  };

  /** The due index, the queue of refreshes, and changes to come of chats with events; each by the minute. */
  const due = new DueQueue(chats, minutes);
  const jobs = new DueQueue(chats, minutes);
  const events = new DueQueue(chats, minutes);
  const births = new DueQueue(chats, minutes);
  const jobAt = new Float64Array(chats);
  const lastRead = new Float64Array(chats);
  /** Time of the first change since the last read; of an unread one the next to be told. Chats with events only. */
  const changeAt = new Float64Array(chats);
  const eventAt = new Float64Array(chats);
  const counted = new Float64Array(chats);
  const withEvents = new Uint8Array(chats);
  const bornAt = new Float64Array(chats);
  /** Probability that a chat with events was correct when they began; 1 once it was read after that. */
  const correctAtFirst = new Float64Array(chats);
  /** Chats with events whose last read was after they began. */
  const told = new Uint8Array(chats);
  const plans: ChatSchedule[] = [];
  /** The evidence in the beliefs of `plans`, which follow the population as in the service. */
  const evidence: RateEvidence[] = [];
  const lastEventAt = new Float64Array(chats);
  const messagesSent = new Float64Array(chats);
  const stepsMove = new Uint8Array(chats);
  const messagesCounted = new Uint8Array(chats);
  const turnMs = (chats / budgetPerHour) * HOUR_MS;
  for (let i = 0; i < chats; i += 1) {
    const readAt = -random.uniform() * turnMs;
    lastRead[i] = readAt;
    evidence.push(NO_EVIDENCE);
    stepsMove[i] = active.uniform() < (scenario.stepsMoveLastEvent ?? 1) ? 1 : 0;
    messagesCounted[i] = active.uniform() < (scenario.messagesCounted ?? 1) ? 1 : 0;
    const perHour = at(messages, i) + at(stepsMove, i) * at(changes, i);
    lastEventAt[i] = readAt - (active.exponential() / perHour) * HOUR_MS;
    withEvents[i] = random.uniform() < scenario.trusted ? 1 : 0;
    if (withEvents[i]) {
      nextEvent(i, 0);
      changeAt[i] = at(eventAt, i);
      correctAtFirst[i] = probabilityEqual(-readAt / HOUR_MS, at(changes, i), at(balances, i));
    }
    plans.push({
      change: changesKnown ? { mean: Math.log(at(changes, i)), variance: 0 } : UNKNOWN_POPULATION,
      views: viewsKnown
        ? { views: at(views, i) * 1e9, hours: 1e9, countedTo: 0 }
        : { views: 0, hours: 0, countedTo: 0 },
      count: sizeOf(i),
      activity: { ...NO_ACTIVITY, messages: messagesCounted[i] ? 0 : null },
      readAt,
      dirtyAt: null,
      dueAt: random.uniform() * Math.min(turnMs, limits.reviewMs),
    });
    due.put(i, minuteOf(plan(i).dueAt));
  }
  for (let n = 0; n < (scenario.newcomers ?? 0); n += 1) {
    const i = Math.floor(random.uniform() * chats);
    const born = measuredFromMs + random.uniform() * scenario.days * DAY_MINUTES * MINUTE_MS;
    bornAt[i] = born;
    lastRead[i] = Number.NEGATIVE_INFINITY;
    correctAtFirst[i] = 0;
    plans[i] = {
      ...{ change: UNKNOWN_POPULATION, views: { views: 0, hours: 0, countedTo: born } },
      ...{ count: null, activity: NO_ACTIVITY, readAt: null, dirtyAt: null, dueAt: born },
    };
    due.remove(i);
    births.put(i, Math.ceil(born / MINUTE_MS));
  }

  const drawView = weightedIndex(views, random);
  const daily: number[] = [];
  const sample: SampledChat[] = [];
  const truth = { right: 0, rightHours: 0, accuracy: 0 };
  const total = { requests: 0, backlogs: 0, maxBacklog: 0, shown: 0, waited: 0 };
  let dayBegan = 0;
  let price: Price | undefined;
  let findings: Findings = NO_FINDINGS;
  let drawn = 0;
  let looks = 0;
  let lastDay = false;
  /** One evaluation in this number is kept. Each chat is evaluated daily and at each request. */
  const rememberOneIn = Math.max(1, Math.round((2 * chats + 24 * budgetPerHour) / SAMPLE_SIZE));

  for (let minute = 0; minute < minutes; minute += 1) {
    const now = minute * MINUTE_MS;
    lastDay = minute >= minutes - DAY_MINUTES;
    for (let i = births.take(minute); i >= 0; i = births.take(minute)) due.put(i, minute);
    for (let i = events.take(minute - 1); i >= 0; i = events.take(minute - 1)) tellChange(i);
    for (let i = jobs.take(minute - 1); i >= 0; i = jobs.take(minute - 1)) refresh(i, at(jobAt, i), true);
    for (drawn += (world.viewsPerHour * SAMPLED) / 60; drawn >= 1; drawn -= 1) view(drawView(), now);
    if (minute % SYNC_MINUTES === 0) sync(now);
    if ((minute + 1) % DAY_MINUTES === 0) endDay((minute + 1) * MINUTE_MS);
  }
  if (!price) throw new Error('no sync was made');
  const measured = daily.slice(scenario.warmDays);
  const syncs = (scenario.days * DAY_MINUTES) / SYNC_MINUTES;
  return {
    daily,
    freshness: measured.reduce((a, b) => a + b, 0) / measured.length,
    expected: expectedFreshness(price.state) ?? 0,
    measured: measuredFreshness(price) ?? 0,
    accuracy: truth.accuracy / measured.length,
    expectedAccuracy: expectedAccuracy(price.state) ?? 0,
    measuredAccuracy: measuredAccuracy(price) ?? 0,
    requestsPerHour: total.requests / (scenario.days * 24),
    kappa: price.context.kappa,
    meanBacklog: total.backlogs / syncs,
    maxBacklog: total.maxBacklog,
    shown: total.shown,
    waited: total.waited,
    sample,
    population: price.context.population,
    contradicted: price.state.contradicted / Math.max(1, price.state.differences),
    lastEventUsed: price.context.lastEventReliable,
  };

  function plan(i: number, context?: SchedulingContext): ChatSchedule {
    const found = plans[i];
    if (!found) throw new RangeError(`no chat ${i}`);
    if (changesKnown || ideal || !context) return found;
    return { ...found, change: beliefFrom(priorOf(context.population, found.count), evidence[i] ?? NO_EVIDENCE) };
  }

  function keep(i: number, next: ChatSchedule, { population }: SchedulingContext): void {
    plans[i] = next;
    if (!changesKnown) evidence[i] = evidenceFor(next.change, priorOf(population, next.count));
  }

  function sizeOf(i: number): number {
    return signals.size ? at(sizes, i) : 0;
  }

  function minuteOf(time: number): number {
    return Math.floor(time / MINUTE_MS);
  }

  function view(i: number, now: number): void {
    if (at(bornAt, i) > now) return;
    const measuring = now >= measuredFromMs;
    if (measuring) total.shown += 1;
    // A listing waits for a count that was never read, and nothing else.
    if (plan(i).readAt === null) {
      if (measuring) total.waited += 1;
      refresh(i, now, false);
    }
    counted[i] = at(counted, i) + 1;
  }

  /** Does the work of `scheduling/plan-stale.ts`, with the due index and the queue of this world. */
  function sync(now: number): void {
    const current = beginSync({ price, findings, chats }, settings, now, limits);
    const found = nothingFound();
    const taken: number[] = [];
    let until = minuteOf(current.until);
    while (wantsMore(current, found, until === minutes)) {
      const i = due.take(until);
      if (i < 0) {
        if (until === minutes) break;
        until = minutes;
        continue;
      }
      taken.push(i);
      const before = plan(i, current.context);
      const weighed = weigh(current, before, news(i, now), random.uniform());
      collect(found, i, before, weighed);
      if (weighed.kind !== 'postponed') continue;
      keep(i, weighed.next, current.context);
      counted[i] = 0;
      remember(i, weighed.tally.hours);
    }
    for (const i of taken) due.put(i, minuteOf(plan(i).dueAt));
    const selection = select(current, found);
    price = endSync(current, found, selection, world.viewsPerHour * current.hours);
    findings = NO_FINDINGS;
    for (const { id, inMs } of [...selection.first, ...selection.read]) enqueue(id, now + inMs);
    if (now < measuredFromMs) return;
    total.backlogs += selection.leftOver;
    total.maxBacklog = Math.max(total.maxBacklog, selection.leftOver);
  }

  function enqueue(i: number, time: number): void {
    jobAt[i] = time;
    jobs.put(i, minuteOf(time));
  }

  /** Does the work of `events/apply-updates.ts` for the first event since the last read. */
  function tellChange(i: number): void {
    const before = plan(i, price?.context);
    const changed = at(eventAt, i);
    if (!price || before.readAt === null || before.dirtyAt !== null || changed <= before.readAt) return;
    plans[i] = { ...plan(i), dirtyAt: changed };
    const seen = { views: 0, eventsTrustedSince: 0, eventQuarters: 0 };
    if (isWorthReading(before, seen, changed, price.context)) enqueue(i, changed + WINDOW_MS);
  }

  function news(i: number, now: number): Observations {
    const from = plan(i).views.countedTo;
    const eventQuarters = withEvents[i] ? drawQuarters(i, from, now) : 0;
    return { views: at(counted, i) / SAMPLED, eventsTrustedSince: withEvents[i] ? 0 : null, eventQuarters };
  }

  /** Quarters with an event: the first event since the last read is known, what came after it is drawn. */
  function drawQuarters(i: number, from: number, now: number): number {
    const first = at(changeAt, i);
    if (first >= now) return 0;
    const began = Math.max(from, first);
    const silent = Math.exp(-at(changes, i) * QUARTER_HOURS);
    const most = Math.floor((now - began) / HOUR_MS / QUARTER_HOURS);
    let active = first > from ? 1 : 0;
    // Silent quarters between two active ones are geometric: the integer part of an exponential.
    for (let q = silentRun(silent); q < most; q += 1 + silentRun(silent)) active += 1;
    return Math.min(active, Math.ceil((now - from) / HOUR_MS / QUARTER_HOURS));
  }

  function remember(i: number, hours: number): void {
    looks += 1;
    if (!lastDay || !price || looks % rememberOneIn !== 0) return;
    const { change, views: counts } = plan(i);
    // A look stands for the hours since the one before, so over a day the looks at a chat stand for one chat.
    const weight = (hours * rememberOneIn) / 24;
    const perHour = viewsPerHour(counts, price.context.meanViewsPerHour);
    sample.push({ weight, change, viewsPerHour: perHour, trusted: told[i] === 1 });
  }

  function silentRun(silent: number): number {
    return Math.floor(random.exponential() / -Math.log(silent));
  }

  /** Does the work of a worker for a chat (`scheduling/schedule-next.ts`). @param planned whether the planner enqueued it. */
  function refresh(i: number, now: number, planned: boolean): void {
    // The planner learns from events, so only whether the count differs matters for these chats.
    const correct = at(changeAt, i) >= now && random.uniform() < at(correctAtFirst, i);
    const { difference, lastEvent } = withEvents[i]
      ? { difference: Number(!correct), lastEvent: null }
      : drawAnswer(i, now);
    account(i, now);
    if (planned && now >= measuredFromMs) total.requests += 1;
    if (!price) throw new Error('a refresh before the first sync');
    const before = plan(i, price.context);
    const seen = {
      readAt: now,
      count: sizeOf(i),
      difference,
      lastEvent,
      planned: planned && before.readAt !== null,
      ...news(i, now),
    };
    const learnt = learnFromRefresh(before, seen, price, random.uniform());
    const asked = findings.again;
    counted[i] = 0;
    ideal?.learn(i, (now - at(lastRead, i)) / HOUR_MS, difference);
    lastRead[i] = now;
    keep(i, ideal ? { ...learnt.plan, change: ideal.beliefOf(i) } : learnt.plan, price.context);
    findings = addFindings(findings, learnt.findings);
    remember(i, learnt.findings.hours);
    if (withEvents[i]) {
      nextEvent(i, now);
      changeAt[i] = at(eventAt, i);
      told[i] = 1;
      correctAtFirst[i] = 1;
    }
    due.put(i, minuteOf(learnt.plan.dueAt));
    jobs.remove(i);
    if (learnt.findings.again > 0 && affordableAgain(price, asked) > 0) enqueue(i, learnt.plan.dueAt);
  }

  /** Draws what happened in a polled chat since its last read. */
  function drawAnswer(i: number, now: number): { readonly difference: number; readonly lastEvent: LastEvent | null } {
    const from = Number.isFinite(at(lastRead, i)) ? at(lastRead, i) : at(bornAt, i);
    const { joins, leaves } = drawSteps(stepsBetween(i, from, now), at(balances, i), random);
    const sent = drawPoisson((at(messages, i) * (now - from)) / HOUR_MS, active);
    const moved = sent + (stepsMove[i] ? joins + leaves : 0);
    // The last of n random times.
    if (moved > 0) lastEventAt[i] = from + (now - from) * active.uniform() ** (1 / moved);
    messagesSent[i] = at(messagesSent, i) + sent;
    const lastEvent = { at: at(lastEventAt, i), messages: messagesCounted[i] ? at(messagesSent, i) : null };
    return { difference: Math.abs(joins - leaves), lastEvent: signals.lastEvent ? lastEvent : null };
  }

  /** Expected joins and leaves. */
  function stepsBetween(i: number, from: number, to: number): number {
    const grown = Math.max(0, to - Math.max(from, growsAt)) * ((growth?.factor ?? 1) - 1);
    return (at(changes, i) * (to - from + grown)) / HOUR_MS;
  }

  function nextEvent(i: number, now: number): void {
    eventAt[i] = now + (random.exponential() / at(changes, i)) * HOUR_MS;
    events.put(i, minuteOf(at(eventAt, i)));
  }

  /** Adds the right hours of the chat from the day's beginning, or its last read if that was later, until `now`. */
  function account(i: number, now: number): void {
    const from = Math.max(dayBegan, at(lastRead, i));
    const rightHours = withEvents[i]
      ? (at(correctAtFirst, i) * Math.max(0, Math.min(now, at(changeAt, i)) - from)) / HOUR_MS
      : correctSince(i, now) - correctSince(i, from);
    truth.right += at(views, i) * rightHours;
    truth.rightHours += rightHours;
  }

  /** Hours in which the chat's count was right, from its last read until `time`. */
  function correctSince(i: number, time: number): number {
    const readAt = at(lastRead, i);
    const before = Math.max(0, Math.min(time, growsAt) - readAt) / HOUR_MS;
    const right = correctUntil(before, at(changes, i), at(balances, i));
    if (time <= growsAt) return right;
    const since = (time - Math.max(readAt, growsAt)) / HOUR_MS;
    const rate = at(changes, i) * (growth?.factor ?? 1);
    return right + correctUntil(since, rate, at(balances, i), at(changes, i) * before);
  }

  function endDay(now: number): void {
    for (let i = 0; i < chats; i += 1) account(i, now);
    daily.push(truth.right / (world.viewsPerHour * 24));
    if (now > measuredFromMs) truth.accuracy += truth.rightHours / (chats * 24);
    truth.right = 0;
    truth.rightHours = 0;
    dayBegan = now;
  }
}
