/** `fork(taker-process.ts, [JSON of TakerOptions])` acquires permits for `runMs` and sends one datagram for each. */
import { createSocket } from 'node:dgram';
import type { Lane } from '../../lib/max-api/permits.ts';
import { answering } from '../support/children.ts';
import { LIMITERS, type LimiterName } from './limiters.ts';

export interface TakerOptions {
  readonly name: string;
  readonly limiter: LimiterName;
  readonly url: string;
  readonly upstreamPort: number;
  readonly takers: readonly {
    readonly lane: Lane;
    readonly count: number;
    /** Time between the requests of a taker, ms; ± 50 %. */
    readonly pauseMs: number;
  }[];
}

/** The content of a datagram. */
export interface Start {
  readonly from: string;
  readonly lane: Lane;
  /** Unix ms. */
  readonly at: number;
}

export interface TakerReport {
  /** Time from the call to the permit, ms. */
  readonly waits: Readonly<Record<Lane, readonly number[]>>;
}

const options: TakerOptions = JSON.parse(process.argv[2] ?? '{}');
const socket = createSocket('udp4');
const limiter = await LIMITERS[options.limiter](options.url);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

answering<{ runMs: number }>(async ({ runMs }) => {
  const until = Date.now() + runMs;
  const waits: Record<Lane, number[]> = { interactive: [], background: [] };
  const take = async (lane: Lane, pauseMs: number) => {
    while (Date.now() < until) {
      const asked = performance.now();
      await limiter.take(lane);
      const start: Start = { from: options.name, lane, at: performance.timeOrigin + performance.now() };
      waits[lane].push(performance.now() - asked);
      socket.send(JSON.stringify(start), options.upstreamPort, '127.0.0.1');
      await sleep(pauseMs * (0.5 + Math.random()));
      limiter.ended?.();
    }
  };
  await Promise.all(
    options.takers.flatMap(({ lane, count, pauseMs }) => Array.from({ length: count }, () => take(lane, pauseMs))),
  );
  await limiter.close?.();
  return { waits } satisfies TakerReport;
});
