import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Figure, PartResult, Plot, Table } from '../support/part.ts';
import { COLOURS, type Line, plot } from '../support/plot.ts';
import { keep, print } from '../support/report.ts';
import { bestPolling, bestWithEvents, type PlainCache, plainCacheWithin, uniformPolling } from './bounds.ts';
import { type Coalescing, coalesce } from './coalescing.ts';
import { seeded } from './random.ts';
import type { Job, Outcome } from './worker.ts';
import { createWorld, type Kind, SIZE_SPREAD, SPREAD, USUAL, type World } from './world.ts';

/**
 * P7, P8 and P9 in virtual time: `npm run bench -- freshness [--quick]`; with fewer chats `node bench/freshness/main.ts --chats
 * N`.
 */

const { quick, chats } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, chats: { type: 'string' } },
}).values;
const CHATS = Number(chats ?? (quick ? 7_500 : 150_000));
const EXPONENTS = quick ? [1] : [0.8, 1, 1.2];
/** Requests per hour for 150,000 chats; fewer chats get a proportional share. */
const BUDGETS = [1_500, 6_000, 21_600];
const WARM_DAYS = 7;
const THREADS = 2;

/** The scenarios of the planner, each with its upper bound. */
const KINDS = [
  { kind: 'polling, rates known', rates: 'known', trusted: 0, bound: 0.99, of: 'polling' },
  { kind: 'polling, rates learnt', rates: 'learnt', trusted: 0, bound: 0.96, of: 'polling' },
  { kind: 'events, rates known', rates: 'known', trusted: 1, bound: 0.98, of: 'events' },
  { kind: 'events, rates learnt', rates: 'learnt', trusted: 1, bound: 0.98, of: 'events' },
] as const;

/** The values that all ways of refreshing share at one budget. */
interface Setting {
  readonly exponent: number;
  readonly budget: number;
  readonly polling: number;
  readonly events: number;
  readonly naive: number;
  readonly plain: PlainCache;
}

/** A way of `KINDS` on the day after the warm ones. */
interface Way {
  readonly kind: (typeof KINDS)[number]['kind'];
  readonly outcome: Outcome;
  /** Freshness as a share of the best there can be. */
  readonly ratio: number;
}

interface Measured extends Setting {
  readonly ways: readonly Way[];
}

const inThousands = (value: number) => value.toLocaleString('en');
const ratio = (value: number) => value.toFixed(3);
const percent = (value: number) => `${(100 * value).toFixed(value < 0.001 ? 3 : 1)} %`;
const share = (budget: number) => (budget * CHATS) / 150_000;

const began = performance.now();
const worlds = new Map(EXPONENTS.map((exponent) => [exponent, createWorld(CHATS, exponent, seeded(1))]));
const settings = [...worlds].flatMap(([exponent, world]) =>
  BUDGETS.map((budget) => settingOf(world, exponent, budget)),
);
const job = { chats: CHATS, warmDays: WARM_DAYS, days: 1 };
const jobs: Job[] = settings.flatMap(({ exponent, budget }) =>
  KINDS.map(({ rates, trusted }) => ({ ...job, exponent, budgetPerHour: share(budget), rates, trusted })),
);
const learnt = { ...job, exponent: 1, budgetPerHour: share(6_000), rates: 'learnt' } as const;
const NEWCOMERS = CHATS / 100;
/** Spread of chats that differ less, with the same number of changes. The default belief is wrong about them. */
const OTHER_SPREAD = 1;
const OTHER = { spread: OTHER_SPREAD };
jobs.push({ ...learnt, trusted: 0.5, newcomers: NEWCOMERS }, { ...learnt, trusted: 0, kind: OTHER });
/** The hardest case, with one kind of rates known, and learnt for longer. */
const [HARDEST] = settings;
if (!HARDEST) throw new Error('nothing to measure');
const LONG_DAYS = 14;
const WAYS = [
  { way: 'views known', rates: 'views known', warmDays: WARM_DAYS },
  { way: 'changes known', rates: 'changes known', warmDays: WARM_DAYS },
  { way: `learnt over ${LONG_DAYS} days`, rates: 'learnt', warmDays: LONG_DAYS },
  { way: `known, after ${LONG_DAYS} days`, rates: 'known', warmDays: LONG_DAYS },
] as const;
const hardestAt = jobs.length;
for (const { rates, warmDays } of WAYS) {
  for (const trusted of [0, 1]) {
    jobs.push({ ...job, exponent: HARDEST.exponent, budgetPerHour: share(HARDEST.budget), rates, warmDays, trusted });
  }
}

/** Worlds in which the signals differ. Fewer chats are enough to compare them. */
const WORLD_CHATS = Math.min(CHATS, 30_000);
interface OtherWorld {
  readonly world: string;
  readonly kind?: Partial<Kind>;
  readonly more?: Partial<Job>;
}
const WORLDS: readonly OtherWorld[] = [
  { world: 'as above: size independent of the rate, ten messages for each change' },
  { world: 'large chats change more often (ρ = 0.6)', kind: { sizeCorrelation: 0.6 } },
  { world: 'only joins and leaves move the time of the last event', kind: { messagesPerChange: 1e-9 } },
  { world: 'the number of messages is never in a response', more: { messagesCounted: 0 } },
  { world: 'joins and leaves do not move the time in a tenth of the chats', more: { stepsMoveLastEvent: 0.9 } },
  { world: 'joins and leaves never move the time', more: { stepsMoveLastEvent: 0 } },
  { world: 'a third of the chats dead', kind: { dead: 1 / 3 } },
];
const SIGNALS = [
  { name: 'difference', size: false, lastEvent: false },
  { name: '+ size', size: true, lastEvent: false },
  { name: '+ last event', size: false, lastEvent: true },
  { name: 'all', size: true, lastEvent: true },
] as const;
/** The hardest case and a usual one. */
const CASES = [HARDEST, settings.find(({ exponent, budget }) => exponent === 1 && budget === 6_000) ?? HARDEST];
/** Ways to learn change rates from the same readings. */
const IDEALS = [
  { name: 'changed or not, without approximation', rates: 'changed' },
  { name: 'difference, as the service learns', rates: 'learnt' },
  { name: 'difference, without approximation', rates: 'ideal' },
  { name: 'rates known', rates: 'changes known' },
] as const;
const GROWTH = { days: WARM_DAYS, factor: 5 };
const GROWTH_DAYS = 14;
const worldsAt = jobs.length;
const inWorld = ({ exponent, budget }: Setting): Job => ({
  ...{ ...job, chats: WORLD_CHATS, exponent, budgetPerHour: worldShare(budget) },
  ...{ rates: 'learnt', trusted: 0 },
});
for (const setting of CASES) {
  for (const { kind, more } of WORLDS) {
    for (const { size, lastEvent } of SIGNALS) {
      jobs.push({ ...inWorld(setting), ...more, kind: kind ?? {}, signals: { size, lastEvent } });
    }
  }
}
const idealsAt = jobs.length;
for (const setting of CASES) {
  for (const { rates } of IDEALS) {
    jobs.push({ ...inWorld(setting), rates, signals: { size: false, lastEvent: false } });
  }
}
const growthAt = jobs.length;
for (const setting of CASES) jobs.push({ ...inWorld(setting), growth: GROWTH, days: GROWTH_DAYS });

const outcomes = await inThreads(jobs);
const measured: Measured[] = settings.map((setting, i) => ({
  ...setting,
  ways: KINDS.map(({ kind, of }, nth) => {
    const outcome = outcomeOf(i * KINDS.length + nth);
    return { kind, outcome, ratio: outcome.freshness / setting[of] };
  }),
}));
const [replay, misfit] = [outcomeOf(hardestAt - 2), outcomeOf(hardestAt - 1)];
const otherBest = bestPolling(createWorld(CHATS, 1, seeded(1), { ...USUAL, ...OTHER }), share(6_000)).freshness;
const compared = compareWorlds();
console.error('events and windows');
/** Number of chats. It is sufficient, because chats are independent here. */
const TOLD_CHATS = CHATS / 10;
const told = await coalesce(createWorld(TOLD_CHATS, 1, seeded(1)), quick ? 6 : 24, seeded(3));

const result: PartResult = {
  figures: [...KINDS.map(freshnessFigure), signalsFigure(), ...coalescingFigures(told), replayFigure(replay)],
  notes: notes(),
  tables: [ratios(), byDay(), signalsTable(), idealsTable(), growthTable(), shortfall(HARDEST), levels(), honesty()],
  plots: plots(),
  data: {
    chats: CHATS,
    measured,
    hardest: outcomes.slice(hardestAt, worldsAt),
    compared,
    told,
    replay,
    misfit,
    otherBest,
  },
};
print('freshness', result);
keep('freshness', result, { quick, load: loadavg()[0]?.toFixed(1) ?? '' });

function settingOf(world: World, exponent: number, budget: number): Setting {
  const within = share(budget);
  return {
    ...{ exponent, budget },
    polling: bestPolling(world, within).freshness,
    events: bestWithEvents(world, within),
    naive: uniformPolling(world, within),
    plain: plainCacheWithin(world, within),
  };
}

/** Returns the result of each job. Runs one job per thread at a time. */
async function inThreads(all: readonly Job[]): Promise<Outcome[]> {
  const done: Outcome[] = [];
  let next = 0;
  let finished = 0;
  const runNext = async (): Promise<void> => {
    for (let nth = next++; nth < all.length; nth = next++) {
      done[nth] = await inThread(all[nth]);
      finished += 1;
      const elapsed = Math.round((performance.now() - began) / 1_000);
      console.error(`${finished} of ${all.length} scenarios, ${elapsed} s`);
    }
  };
  await Promise.all(Array.from({ length: THREADS }, runNext));
  return done;
}

function inThread(workerData: Job | undefined): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function outcomeOf(nth: number): Outcome {
  const outcome = outcomes[nth];
  if (!outcome) throw new RangeError(`scenario ${nth} was not simulated`);
  return outcome;
}

function freshnessFigure({ kind, bound, of }: (typeof KINDS)[number], nth: number): Figure {
  const all = measured.map(({ ways }) => ways[nth]?.ratio ?? Number.NaN);
  const worst = Math.min(...all);
  const row = measured[all.indexOf(worst)];
  const naive = measured.map((r) => r.naive / r[of]);
  const plain = measured.map((r) => r.plain.freshness / r[of]);
  return {
    goal: 'P7',
    what: `${kind}${kind.endsWith('learnt') ? ` over ${WARM_DAYS} days` : ''}: share of the best ${of === 'events' ? 'with events' : 'polling'}`,
    bound: `≥ ${bound}`,
    measured: `${ratio(worst)}–${ratio(Math.max(...all))}; ${all.filter((r) => r >= bound).length} of ${all.length} reach it (least at s = ${row?.exponent}, ${inThousands(row?.budget ?? 0)}/h)`,
    peer: `in turn ${range(naive)}; TTL ${range(plain)}`,
    reached: worst >= bound,
  };
}

/** Freshness of one world with each set of signals, as a share of the best polling. */
interface Compared extends Setting {
  readonly world: string;
  readonly shares: readonly number[];
  /** The slope of ln λ over ln(1 + count) that was learnt with all signals, and the contradictions of the last event. */
  readonly slope: number;
  readonly contradicted: number;
  readonly lastEventUsed: boolean;
}

function worldShare(budget: number): number {
  return (budget * WORLD_CHATS) / 150_000;
}

function bestIn(setting: Setting, kind: Partial<Kind> = {}, factor = 1): number {
  const world = createWorld(WORLD_CHATS, setting.exponent, seeded(1), { ...USUAL, ...kind });
  const changes = world.changes.map((rate) => rate * factor);
  return bestPolling({ ...world, changes }, worldShare(setting.budget)).freshness;
}

function compareWorlds(): Compared[] {
  return CASES.flatMap((setting, nth) =>
    WORLDS.map(({ world, kind }, i) => {
      const best = bestIn(setting, kind);
      const first = worldsAt + (nth * WORLDS.length + i) * SIGNALS.length;
      const all = SIGNALS.map((_, signal) => outcomeOf(first + signal));
      const last = outcomeOf(first + SIGNALS.length - 1);
      return {
        ...{ ...setting, world, shares: all.map(({ freshness }) => freshness / best) },
        ...{ slope: last.population.bySize?.slope ?? 0, contradicted: last.contradicted },
        lastEventUsed: last.lastEventUsed,
      };
    }),
  );
}

function signalsFigure(): Figure {
  const gains = compared.flatMap(({ shares: [alone = 0, ...more] }) => more.map((share) => share - alone));
  const cost = Math.max(0, -Math.min(...gains));
  return {
    goal: 'P7',
    what: `most that a signal costs in one of ${WORLDS.length} worlds, share of the best polling`,
    bound: '≤ 0.002',
    measured: `${cost.toFixed(4)}; the most it gains is ${Math.max(...gains).toFixed(4)}`,
    peer: '',
    reached: cost <= 0.002,
  };
}

function signalsTable(): Table {
  return {
    title: 'Signals: freshness as a share of the best polling, rates learnt, on the eighth day',
    head: [
      ...['world', 's', 'requests an hour', ...SIGNALS.map(({ name }) => name)],
      ...['slope over ln(1 + count)', 'contradictions', 'last event used'],
    ],
    rows: compared.map(({ world, exponent, budget, shares, slope, contradicted, lastEventUsed }) => [
      ...[world, exponent, inThousands(budget), ...shares.map((share) => share.toFixed(4))],
      ...[slope.toFixed(2), percent(contradicted), lastEventUsed ? 'yes' : 'no'],
    ]),
  };
}

function idealsTable(): Table {
  return {
    title: 'How much the readings say at all: share of the best polling on the eighth day, views learnt',
    head: ['change rates from', ...CASES.map(({ exponent, budget }) => `s = ${exponent}, ${inThousands(budget)}/h`)],
    rows: IDEALS.map(({ name }, i) => [
      name,
      ...CASES.map((setting, nth) => {
        const { freshness } = outcomeOf(idealsAt + nth * IDEALS.length + i);
        return (freshness / bestIn(setting)).toFixed(4);
      }),
    ]),
  };
}

function growthTable(): Table {
  return {
    title: `All change rates × ${GROWTH.factor} after ${GROWTH.days} days: share of the best polling at the new rates`,
    head: ['s', 'requests an hour', ...Array.from({ length: GROWTH_DAYS }, (_, day) => `day ${day + 1}`)],
    rows: CASES.map((setting, nth) => {
      const best = bestIn(setting, {}, GROWTH.factor);
      const { daily } = outcomeOf(growthAt + nth);
      const after = daily.slice(WARM_DAYS).map((freshness) => ratio(freshness / best));
      return [setting.exponent, inThousands(setting.budget), ...after];
    }),
  };
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
}

function coalescingFigures({ changes, requests, windows, toldWindows, mostInWindow, ...rest }: Coalescing): Figure[] {
  return [
    {
      goal: 'P8',
      what: 'requests for each changed chat and window of 30 s, windows as events arrive',
      bound: '≤ 1',
      measured: `${ratio(requests / toldWindows)} (${inThousands(requests)} requests, ${inThousands(toldWindows)} windows); at most ${mostInWindow} in any 29 s. By the times of the changes ${ratio(requests / windows)} (${inThousands(windows)} windows)`,
      peer: `one a change: ${inThousands(changes)}`,
      reached: requests <= toldWindows && mostInWindow <= 1,
    },
    {
      goal: 'P8',
      what: 'requests for chats that are known to be gone',
      bound: '0',
      measured: `${rest.knownGoneRequests} of ${inThousands(requests)}; before it was known: ${rest.goneRequests}; ${rest.goneDeliveries} events arrived after the removals`,
      peer: '',
      reached: rest.knownGoneRequests === 0,
    },
  ];
}

function replayFigure({ shown, waited }: Outcome): Figure {
  const plain = measured.find(({ exponent, budget }) => exponent === 1 && budget === 6_000)?.plain;
  return {
    goal: 'P9',
    what: `listed counts that didn't wait for MAX, with ${inThousands(NEWCOMERS)} new chats a day`,
    bound: '≥ 99.9 %',
    measured: `${(100 * (1 - waited / shown)).toFixed(3)} % (${waited} of ${inThousands(shown)} waited)`,
    peer: `TTL ${percent(1 - (plain?.waiting ?? 0))}`,
    reached: waited / shown <= 0.001,
  };
}

function ratios(): Table {
  return {
    title: 'Freshness as a share of the best possible, on the eighth day',
    head: ['s', 'requests an hour', ...KINDS.map(({ kind, bound }) => `${kind} (≥ ${bound})`), 'used of the budget'],
    rows: measured.map((row) => [
      row.exponent,
      inThousands(row.budget),
      ...row.ways.map((way) => ratio(way.ratio)),
      row.ways.map(({ outcome }) => percent(outcome.requestsPerHour / share(row.budget))).join(', '),
    ]),
  };
}

function levels(): Table {
  return {
    title: 'Freshness: the bounds, the service, and simpler services at the same budget',
    head: [
      ...['s', 'requests an hour', 'best polling', 'best with events'],
      ...KINDS.map(({ kind }) => kind),
      ...['every chat in turn', 'plain TTL', '…its waiting views'],
    ],
    rows: measured.map(({ exponent, budget, polling, events, ways, naive, plain }) => [
      ...[exponent, inThousands(budget), ...[polling, events].map(ratio)],
      ...ways.map(({ outcome }) => ratio(outcome.freshness)),
      ...[ratio(naive), ratio(plain.freshness), percent(plain.waiting)],
    ]),
  };
}

/** Shows how fast the planner learns. */
function byDay(): Table {
  return {
    title: 'Freshness as a share of the best possible, rates learnt, by day',
    head: ['s', 'requests an hour', 'chats', ...Array.from({ length: WARM_DAYS + 1 }, (_, day) => `day ${day + 1}`)],
    rows: measured.flatMap(({ exponent, budget, ways }) =>
      ways
        .filter(({ kind }) => kind.endsWith('learnt'))
        .map(({ kind, outcome, ratio: last }) => [
          ...[exponent, inThousands(budget), kind.split(',')[0] ?? ''],
          ...outcome.daily.map((freshness) => ratio((freshness * last) / outcome.freshness)),
        ]),
    ),
  };
}

/** Compares the freshness that the service reports with the true one. */
function honesty(): Table {
  const points = (said: number, true_: number) => `${ratio(said)} (${(100 * (said - true_)).toFixed(1)})`;
  return {
    title: 'Correct counts on the eighth day, and what the planner says of them (points off the truth)',
    head: [
      's',
      'requests an hour',
      'rates',
      'shown: true',
      'expected',
      'measured',
      'all: true',
      'expected',
      'measured',
    ],
    rows: measured.flatMap(({ exponent, budget, ways }) =>
      ways
        .filter(({ kind }) => kind.endsWith('learnt'))
        .map(({ kind, outcome: o }) => [
          ...[exponent, inThousands(budget), kind.split(',')[0] ?? '', ratio(o.freshness)],
          ...[points(o.expected, o.freshness), points(o.measured, o.freshness), ratio(o.accuracy)],
          ...[points(o.expectedAccuracy, o.accuracy), points(o.measuredAccuracy, o.accuracy)],
        ]),
    ),
  };
}

function plots(): Plot[] {
  const rows = measured.filter(({ exponent }) => exponent === 1);
  const world = worlds.get(1);
  if (!world) return [];
  const budgets = Array.from({ length: 25 }, (_, i) => 1_000 * 30 ** (i / 24));
  const curve = (f: (budget: number) => number) => budgets.map((budget) => [budget, f(share(budget))] as const);
  const dots = (wanted: Way['kind']) =>
    rows.flatMap(({ budget, ways }) =>
      ways.filter(({ kind }) => kind === wanted).map(({ outcome }) => [budget, outcome.freshness] as const),
    );
  const { green, blue, orange, red } = COLOURS;
  const plain = curve((budget) => plainCacheWithin(world, budget).freshness);
  const byBudget: Line[] = [
    { name: 'best with events', colour: green, kind: 'line', points: curve((b) => bestWithEvents(world, b)) },
    { name: 'service, events, learnt', colour: green, kind: 'points', points: dots('events, rates learnt') },
    { name: 'best polling', colour: blue, kind: 'line', points: curve((b) => bestPolling(world, b).freshness) },
    { name: 'service, polling, learnt', colour: blue, kind: 'points', points: dots('polling, rates learnt') },
    { name: 'plain TTL (people wait)', colour: orange, kind: 'dashes', points: plain },
    { name: 'every chat in turn', colour: red, kind: 'dashes', points: curve((b) => uniformPolling(world, b)) },
  ];
  const byDay = rows.flatMap((row, i) =>
    row.ways
      .filter(({ kind }) => kind.endsWith('learnt'))
      .map(({ kind, outcome, ratio: last }): Line => {
        const bound = outcome.freshness / last;
        return {
          name: `${inThousands(row.budget)}/h, ${kind.split(',')[0]}`,
          colour: [blue, orange, green][i] ?? red,
          kind: kind.startsWith('events') ? 'dashes' : 'line',
          points: outcome.daily.map((freshness, day) => [day + 1, freshness / bound]),
        };
      }),
  );
  const charts = {
    'freshness-by-budget': {
      title: 'Freshness against budget, s = 1',
      x: { label: 'requests an hour', ticks: [1_000, 1_500, 3_000, 6_000, 12_000, 21_600, 30_000], log: true },
      y: { label: 'right counts among those shown', ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] },
      lines: byBudget,
    },
    'freshness-by-day': {
      title: 'Learning: share of the best possible, s = 1',
      x: { label: 'day', ticks: Array.from({ length: WARM_DAYS + 1 }, (_, i) => i + 1) },
      y: { label: 'share of the best', ticks: [0.5, 0.6, 0.7, 0.8, 0.9, 1] },
      lines: byDay,
    },
  };
  return Object.entries(charts).map(([name, chart]) => ({ name, title: chart.title, svg: plot(chart) }));
}

/** The hardest case again: what it lacks. */
function shortfall({ exponent, budget, polling, events }: Setting): Table {
  const rows = WAYS.map(({ way }, i) => {
    const [polled, withEvents] = [0, 1].map((nth) => outcomeOf(hardestAt + 2 * i + nth).freshness);
    return [way, ratio((polled ?? 0) / polling), ratio((withEvents ?? 0) / events)];
  });
  return {
    title: `The least of them, s = ${exponent} at ${inThousands(budget)} an hour, had more been known or more time passed`,
    head: ['rates', 'polling', 'events'],
    rows,
  };
}

function notes(): string[] {
  const gap = Math.max(
    ...measured.flatMap(({ ways }) => ways.map(({ outcome }) => Math.abs(outcome.freshness - outcome.expected))),
  );
  const perChat = (1_500 * 24 * WARM_DAYS) / 150_000;
  const first = 150_000 / 1_500 / 24;
  const waitedAtMost = replay.waited + NEWCOMERS;
  const shownADay = 60_000 * 24 * (CHATS / 150_000);
  return [
    `${chats === undefined ? '' : `Run as node bench/freshness/main.ts --chats ${chats}. `}${inThousands(CHATS)} chats in virtual time, planned every 15 minutes by the code of the service (lib/planner/sync.ts). Joins and leaves have log-normal rates (σ of ln λ = ${SPREAD}; 45,500 an hour in all). Each chat has its own share of joins, drawn from 0 to 1. A polled count is correct when it equals MAX's, even if as many people left as joined. A count with events is correct until the first change. 60,000 counts are shown an hour, and one listing in four counts its views. Before the first day, each chat was read once. The bounds are solved from the true rates, by code that the planner does not use. They hold for chats that have always been polled in that way, so the rest of the first round can lift a ratio slightly above 1. The freshness is that of day ${WARM_DAYS + 1}.`,
    `The lowest shares are at 1,500 requests an hour. That is ${perChat.toFixed(1)} requests per chat in ${WARM_DAYS} days, too few to learn ${inThousands(CHATS)} change rates. With events, a chat is known to be correct only after its first read since they began. A round of first reads takes ${first.toFixed(1)} days of the whole budget, so the chats whose read saves the most come first. The table of the lowest case shows the cost of each. These attempts brought nothing there (polling): prices × e^±0.25 for unknown chats, expectations over 13 rates instead of 5, a stronger prior for views, and a longer memory.`,
    `Signals (${inThousands(WORLD_CHATS)} chats): the planner learns from the differences of counts, from the size of a chat, and from the time of its last event with the number of messages. Sizes are log-normal (σ of ln = ${SIZE_SPREAD}), and so are messages (σ = ${SPREAD}, ten for each change). All sets of signals get the same joins and leaves. Contradictions are the differences of counts whose last event is older than the previous reading; above 2 % of them the planner does not use this time. The worlds in which joins and leaves move the time in nine chats of ten, or in none, show that wrong times then cost nothing.`,
    'How much the readings say: a planner that computes the posterior of each chat without approximation gets the same readings. The rest up to known rates cannot be learnt from so few readings. Only whether a count differs says less than by how much it differs.',
    `The planner's default belief is the distribution that these chats were drawn from. With less different chats (σ = ${OTHER_SPREAD}, the same number of changes, s = 1, 6,000 an hour, polled), it reaches ${ratio(misfit.freshness / otherBest)} of the best after ${WARM_DAYS} days. Its expected freshness is within ${ratio(gap)} of the true one. Refreshes measure an interval only at its end, so they measure nothing yet of chats that are read once in several weeks.`,
    'A plain cache with a time to live makes a reader wait at each miss, and is correct then. So with a large budget and this few readers, its share of correct counts is above that of any polling: at 21,600 an hour, more than a third of all shown counts wait for MAX.',
    `Events (P8) arrive up to a minute late, out of order, and one in ten three times. In 20 chats, 10,000 people join within ten minutes (${inThousands(told.raidChanges)} changes: ${inThousands(told.raidRequests)} requests); no price limits these requests. ${inThousands(TOLD_CHATS)} chats pass a day through the service's use cases (applyUpdates, refreshBatch) with stores in memory. A window begins with the first event after the end of the previous one; late events distribute the changes of one window over several. A chat is known to be gone when the event of its removal or a response of MAX has arrived.`,
    `The replay (P9): half of the chats have events; rates learnt; 6,000 requests an hour. A new chat is listed as rarely as most. If the person who adds a chat always listed it before MAX was asked, ${inThousands(waitedAtMost)} of ${inThousands(shownADay)} counts a day would wait, ${(100 * (waitedAtMost / shownADay)).toFixed(3)} %, which is more than P9 allows.`,
  ];
}
