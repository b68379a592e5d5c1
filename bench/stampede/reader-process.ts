/** `fork(reader-process.ts, [JSON of ReaderOptions])` runs readers that all start at the same time. */
import { get } from 'node:http';
import { answering } from '../support/children.ts';
import { type Lifetimes, READERS, type ReaderName } from './readers.ts';

export interface ReaderOptions {
  readonly reader: ReaderName;
  readonly redisUrl: string;
  readonly upstreamUrl: string;
  readonly lifetimes: Lifetimes;
}

export interface Crowd {
  readonly what: 'read' | 'refresh';
  readonly id: number;
  readonly readers: number;
  /** The start time of all readers, Unix ms. */
  readonly at: number;
}

export interface CrowdReport {
  /** The time that each reader waited. */
  readonly ms: readonly number[];
  readonly statuses: readonly number[];
}

const options: ReaderOptions = JSON.parse(process.argv[2] ?? '{}');

/** Sends the same request as the service. */
const fetchCount = (id: number) =>
  new Promise<number>((resolve, reject) => {
    const request = get(`${options.upstreamUrl}/chats/-${id}`, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => resolve(JSON.parse(body).participants_count));
    });
    request.on('error', reject);
  });

const reader = await READERS[options.reader](options.redisUrl, fetchCount, options.lifetimes);

answering<Crowd>(async ({ what, id, readers, at }) => {
  const act = reader[what];
  if (!act) throw new Error(`${options.reader} can't ${what}`);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
  const one = async () => {
    const from = performance.now();
    const status = await act(id);
    return { status, ms: performance.now() - from };
  };
  const answers = await Promise.all(Array.from({ length: readers }, one));
  return { ms: answers.map(({ ms }) => ms), statuses: answers.map(({ status }) => status) } satisfies CrowdReport;
});
