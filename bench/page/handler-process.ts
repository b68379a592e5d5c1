/** `fork(handler-process.ts, [BUNDLE])` runs the listing function as deployed, in its own process like on Lambda. */
import { pathToFileURL } from 'node:url';
import { answering } from '../support/children.ts';
import { context } from './event.ts';

type Handler = (event: unknown, context: object) => Promise<{ statusCode: number; body: string }>;

export interface Timed {
  /** Duration of each call. */
  readonly ms: readonly number[];
  /** Processor time of all calls together. */
  readonly cpuMs: number;
  readonly statusCode: number;
  readonly body: string;
}

const { handler } = (await import(pathToFileURL(String(process.argv[2])).href)) as { handler: Handler };

answering<{ event: unknown; times: number }>(async ({ event, times }) => {
  const ms: number[] = [];
  const cpu = process.cpuUsage();
  let answer = { statusCode: 0, body: '' };
  for (let i = 0; i < times; i += 1) {
    const from = performance.now();
    answer = await handler(event, context);
    ms.push(performance.now() - from);
  }
  const { user, system } = process.cpuUsage(cpu);
  const { statusCode, body } = answer;
  return { ms, cpuMs: (user + system) / 1_000, statusCode, body } satisfies Timed;
});
