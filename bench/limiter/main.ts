import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis } from '../../localstack/servers/redis.ts';
import { startChild } from '../support/children.ts';
import { redisCommands, startCountingProxy } from '../support/counting-proxy.ts';
import type { Figure, Part } from '../support/part.ts';
import { peersInstalled, peerVersion } from '../support/peers.ts';
import { plot } from '../support/plot.ts';
import { median, quantile, round, sum, worstWindow } from '../support/stats.ts';
import { LIMITERS, type LimiterName, RPS } from './limiters.ts';
import type { Start, TakerOptions, TakerReport } from './taker-process.ts';

/** P5: the requests that arrive at an upstream when four processes share 30 requests a second. */

const SERVICE: LimiterName = 'service';
const PROCESSES = 4;
const JITTER_MS = 50;
/** (30 − burst) / (1 + jitter): at most one request is out of step, and each is up to 50 ms late. */
const BOUND = (RPS - 1) / (1 + JITTER_MS / 1_000);
/** Start of each run, ms, until all takers have queued. Rates exclude it. */
const SETTLING_MS = 1_500;

const crowd = { lane: 'background', count: 5, pauseMs: 60 } as const;
const person = { lane: 'interactive', count: 1, pauseMs: 200 } as const;

interface Run {
  readonly limiter: LimiterName;
  /** Times of arrival at the upstream, Unix ms, in order. */
  readonly arrivals: readonly number[];
  readonly rate: number;
  readonly worst: number;
  /** Starts of each process after all takers have queued. */
  readonly granted: readonly number[];
  readonly callsPerPermit: number;
  /** Time from the call to the permit, ms. */
  readonly interactiveWaits: readonly number[];
}

export const run: Part = async ({ quick }) => {
  const names = peersInstalled() ? (Object.keys(LIMITERS) as LimiterName[]) : [SERVICE];
  const rounds = quick ? 1 : 3;
  const lengths = quick ? { own: 8_000, peer: 6_000, mixed: 8_000 } : { own: 45_000, peer: 10_000, mixed: 25_000 };
  const background: Run[] = [];
  const mixed: Run[] = [];
  for (let i = 0; i < rounds; i += 1) {
    for (const limiter of names) {
      const own = limiter === SERVICE;
      background.push(await runOnce(limiter, Array(PROCESSES).fill([crowd]), own ? lengths.own : lengths.peer));
      mixed.push(await runOnce(limiter, [[crowd, person], [crowd]], own ? lengths.mixed : lengths.peer));
    }
  }
  return report(names, background, mixed, rounds);
};

async function runOnce(limiter: LimiterName, processes: TakerOptions['takers'][], runMs: number): Promise<Run> {
  const redis = await startRedis();
  const proxy = await startCountingProxy(Number(new URL(redis.url).port), redisCommands);
  const upstream = createSocket('udp4').bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  const starts: Start[] = [];
  upstream.on('message', (message) => starts.push(JSON.parse(message.toString())));
  const admin = new Redis(redis.url);
  const children = await Promise.all(
    processes.map((takers, i) => {
      const { port: upstreamPort } = upstream.address();
      const options = { name: `p${i}`, limiter, url: `redis://127.0.0.1:${proxy.port}`, upstreamPort, takers };
      return startChild(join(import.meta.dirname, 'taker-process.ts'), [
        JSON.stringify(options satisfies TakerOptions),
      ]);
    }),
  );
  try {
    proxy.take();
    const reports = await Promise.all(children.map((child) => child.ask<TakerReport>({ runMs })));
    const calls = sum(Object.values(proxy.take()));
    const began = Math.min(...starts.map(({ at }) => at));
    // Excludes the end, when the processes finish one after the other.
    const steady = starts.filter(({ at }) => at > began + SETTLING_MS && at < began + runMs - 500);
    const times = steady.map(({ at }) => at).sort((a, b) => a - b);
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    const arrivals = starts.map(({ at }) => at + Math.random() * JITTER_MS).sort((a, b) => a - b);
    return {
      limiter,
      arrivals,
      rate: ((times.length - 1) * 1_000) / (last - first),
      worst: worstWindow(arrivals, 1_000),
      granted: processes.map((_, i) => steady.filter(({ from }) => from === `p${i}`).length),
      callsPerPermit: calls / starts.length,
      interactiveWaits: reports.flatMap(({ waits }) => waits.interactive),
    };
  } finally {
    admin.disconnect();
    await Promise.all(children.map((child) => child.stop()));
    proxy.stop();
    upstream.close();
    await redis.stop();
  }
}

const spread = (granted: readonly number[]): number =>
  (Math.max(...granted) - Math.min(...granted)) / Math.max(...granted);

/** Returns the grants of each process over all rounds. */
const totals = (runs: readonly Run[]): number[] =>
  Array.from({ length: PROCESSES }, (_, i) => sum(runs.map(({ granted }) => granted[i] ?? 0)));

interface Summary {
  readonly worst: number;
  readonly rate: number;
  readonly calls: number;
  readonly spread: number;
  readonly waits: readonly number[];
}

function summarise(name: LimiterName, background: readonly Run[], mixed: readonly Run[]): Summary {
  const of = (runs: readonly Run[]) => runs.filter(({ limiter }) => limiter === name);
  return {
    worst: Math.max(...[...of(background), ...of(mixed)].map(({ worst }) => worst)),
    rate: median(of(background).map(({ rate }) => rate)),
    calls: median(of(background).map(({ callsPerPermit }) => callsPerPermit)),
    spread: spread(totals(of(background))),
    waits: of(mixed).flatMap(({ interactiveWaits }) => interactiveWaits),
  };
}

const percent = (share: number): string => `${round(share * 100, 1)} %`;

function report(names: readonly LimiterName[], background: readonly Run[], mixed: readonly Run[], rounds: number) {
  const summaries = new Map(names.map((name) => [name, summarise(name, background, mixed)]));
  const own = summaries.get(SERVICE);
  if (!own) throw new Error('the service was not measured');
  const beside = (show: (summary: Summary) => string) =>
    names.flatMap((name) => {
      const summary = summaries.get(name);
      return name === SERVICE || !summary ? [] : [`${name} ${show(summary)}`];
    });
  const figure = (what: string, bound: string, show: (summary: Summary) => string, reached: boolean): Figure => ({
    goal: 'P5',
    what,
    bound,
    measured: show(own),
    peer: beside(show).join('; ') || '–',
    reached,
  });
  const waits = ({ waits: ms }: Summary, q: number) => Math.round(quantile(ms, q));
  return {
    figures: [
      figure(
        `arrivals in the fullest 1,000 ms, 0–${JITTER_MS} ms of jitter`,
        `≤ ${RPS}`,
        ({ worst }) => String(worst),
        own.worst <= RPS,
      ),
      figure(
        `throughput ÷ (${RPS} − 1) / (1 + ${JITTER_MS / 1_000}) = ${round(BOUND)}/s`,
        '≥ 0.98',
        ({ rate }) => `${round(rate / BOUND, 3)} (${round(rate)}/s)`,
        round(own.rate / BOUND, 3) >= 0.98,
      ),
      figure('Redis calls a permit', '≤ 1.05', ({ calls }) => String(round(calls)), own.calls <= 1.05),
      figure(
        `grants of ${PROCESSES} processes: most to least`,
        'within 2 %',
        (summary) => percent(summary.spread),
        own.spread <= 0.02,
      ),
      figure(
        "a person's wait beside saturated background: p50, p99 (judged), longest, ms",
        '≤ 150',
        (summary) => `${waits(summary, 0.5)}, ${waits(summary, 0.99)}, ${waits(summary, 1)}`,
        waits(own, 0.99) <= 150,
      ),
    ],
    notes: [
      `${rounds} rounds, alternating. ${PROCESSES} processes with 5 takers each, requests of 60 ms; a person sends a request every 200 ms, beside 10 takers in two ` +
        `processes. An arrival is the start of a request plus 0–${JITTER_MS} ms, so that delays of the counting process don't look like network jitter. ` +
        `Grants are those of all rounds together; ${sum(totals(background.filter(({ limiter }) => limiter === SERVICE)))} of the service.`,
      `Peers, each for ${RPS} a second: ${names
        .filter((name) => name !== SERVICE)
        .map((name) => `${name} ${peerVersion(name)}`)
        .join(
          ', ',
        )} (a queue over fixed windows; a cluster with a minimum time between starts; a sliding window with retries). ` +
        'A person waits at most for the lead of background (60 ms) and two slots: 132 ms, and longer if the machine is busy.',
    ],
    plots: [
      {
        name: 'limiter-arrivals',
        title: 'Arrivals at the upstream in any 1,000 ms',
        svg: plot({
          title: 'Arrivals at the upstream within the last 1,000 ms',
          x: { label: 'seconds' },
          y: { label: 'requests' },
          limit: { at: RPS, name: 'what MAX allows' },
          lines: names.map((name) => ({
            name: name === SERVICE ? 'this service' : name,
            kind: 'steps' as const,
            points: window(background.find(({ limiter }) => limiter === name)?.arrivals ?? []),
          })),
        }),
      },
    ],
    data: {
      runs: [...background, ...mixed].map(({ arrivals, interactiveWaits, ...figures }) => ({
        ...figures,
        arrivals: arrivals.length,
        interactive: interactiveWaits.length,
      })),
    },
  };
}

/** Returns the arrivals in the last 1,000 ms, for each tenth of a second in the first twelve seconds. */
function window(arrivals: readonly number[]): [number, number][] {
  const [began = 0] = arrivals;
  return Array.from({ length: 120 }, (_, i) => {
    const at = began + (i + 1) * 100;
    return [(i + 1) / 10, arrivals.filter((time) => time > at - 1_000 && time <= at).length];
  });
}
