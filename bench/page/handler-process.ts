/**
 * `fork(handler-process.ts, [BUNDLE])` runs the listing function as deployed, in its own process like on Lambda. It also measures
 * the processor time of a page, alternately with that of the same answers on raw connections.
 */
import { pathToFileURL } from 'node:url';
import { answering } from '../support/children.ts';
import { context } from './event.ts';
import { createRawPage, recordQuery } from './raw-page.ts';

type Handler = (event: unknown, context: object) => Promise<{ statusCode: number; body: string }>;

export interface Timed {
  /** Duration of each call. */
  readonly ms: readonly number[];
  /** Processor time of all calls together. */
  readonly cpuMs: number;
  readonly statusCode: number;
  readonly body: string;
}

/** Processor time of a page, ms. */
export interface CpuRound {
  readonly page: number;
  readonly raw: number;
}

/** Calls the function, or measures `rounds` of the processor time. */
export type Question =
  | { readonly event: unknown; readonly times: number }
  | { readonly event: unknown; readonly times: number; readonly rounds: number; readonly redisPort: number };

const { handler } = (await import(pathToFileURL(String(process.argv[2])).href)) as { handler: Handler };

/** Returns the processor time of each call, ms. */
async function cpuOf(times: number, call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / times;
}

async function time(event: unknown, times: number): Promise<Timed> {
  const ms: number[] = [];
  let answer = { statusCode: 0, body: '' };
  const cpuMs = await cpuOf(times, async () => {
    const from = performance.now();
    answer = await handler(event, context);
    ms.push(performance.now() - from);
  });
  const { statusCode, body } = answer;
  return { ms, cpuMs: cpuMs * times, statusCode, body };
}

async function compare(event: unknown, times: number, rounds: number, redisPort: number): Promise<CpuRound[]> {
  const page = () => handler(event, context);
  const raw = await createRawPage(await recordQuery(page), redisPort);
  await cpuOf(500, raw);
  const measured: CpuRound[] = [];
  for (let i = 0; i < rounds; i += 1) measured.push({ page: await cpuOf(times, page), raw: await cpuOf(times, raw) });
  return measured;
}

answering<Question>((question) =>
  'rounds' in question
    ? compare(question.event, question.times, question.rounds, question.redisPort)
    : time(question.event, question.times),
);
