import { readdir, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { makeScratch } from '../../localstack/scratch.ts';
import { type StackProcess, startStackProcess } from '../../test/support/stack-process.ts';
import type { Figure, Part, Table } from '../support/part.ts';
import { mb, quantile, round } from '../support/stats.ts';

/**
 * Runs the local stack under ten parallel clients, webhooks and a full update, while faults come and go. It measures the
 * responses, memory, descriptors and disk. SOAK_CHATS and SOAK_MINUTES set other sizes.
 */

const CLIENTS = 10;
/** Pause of a client between two requests, ms. API Gateway takes 100 requests a second. */
const PAUSE_MS = 100;
/** Changes of counts in MAX a second, each of which is an event. */
const CHANGES = 5;
const FAULT_MS = 5_000;
const CALM_MS = 10_000;
const IDLE_MS = 60_000;
/** Longer than API Gateway waits for a function. */
const GIVEN_UP_MS = 35_000;

interface Outcome {
  readonly kind: string;
  readonly status: number;
  readonly ms: number;
  /** Whether the API documents this answer. */
  readonly documented: boolean;
}

export const run: Part = async ({ quick }) => {
  const chats = Number(process.env.SOAK_CHATS || (quick ? 2_000 : 150_000));
  const minutes = Number(process.env.SOAK_MINUTES || (quick ? 1 : 10));
  const dataDir = await makeScratch('soak');
  const startedAt = performance.now();
  const stack = startStackProcess({ dataDir, simulator: { chats, drift: 1 } });
  try {
    const { url, tokens, redisUrl, maxControl } = await stack.ready;
    const startS = (performance.now() - startedAt) / 1_000;
    console.log(`… ${chats} chats after ${Math.round(startS)} s; soaking for ${minutes} minutes`);
    await sleep(quick ? 5_000 : 20_000);
    const before = { ...stack.usage(), disk: await diskBytes(dataDir) };

    const until = Date.now() + minutes * 60_000;
    /** The first quarter has no faults. */
    const calmUntil = Date.now() + minutes * 15_000;
    const samples: (ReturnType<StackProcess['usage']> & { readonly at: number })[] = [];
    const outcomes: Outcome[] = [];
    const faults = new Map<string, number>();
    const report = (fault: string) => faults.set(fault, (faults.get(fault) ?? 0) + 1);
    await stack.runSchedule('scheduleCheckSubscription');
    const bearer = { authorization: `Bearer ${tokens.superadmin}` };
    await fetch(`${url}/admin/participants/full-update`, { method: 'POST', headers: bearer });
    await Promise.all([
      ...Array.from({ length: CLIENTS }, () => client(url, bearer, chats, until, (outcome) => outcomes.push(outcome))),
      every(1_000, until, () => control(maxControl, 'POST', '/drift', { changes: CHANGES })),
      every(2_000, until, async () => void samples.push({ at: Date.now(), ...stack.usage() })),
      sleep(calmUntil - Date.now()).then(() => breakThings(stack, { maxControl, redisUrl }, until, report)),
    ]);
    const most = (of: typeof samples) => of.reduce((a, b) => (b.rssBytes > a.rssBytes ? b : a));
    const loaded = most(samples.filter(({ at }) => at < calmUntil));
    const troubled = most(samples);
    await sleep(IDLE_MS);
    const after = { ...stack.usage(), disk: await diskBytes(dataDir) };
    const { webhooks } = (await (await fetch(new URL('/stats', maxControl))).json()) as { webhooks: object };

    const failed = outcomes.filter(({ documented }) => !documented);
    const figure = (what: string, bound: string, measured: string, reached: boolean | undefined): Figure => ({
      ...{ goal: '', what, bound, measured, peer: '–', reached },
    });
    const limits = chats === 150_000;
    return {
      figures: [
        figure(
          'requests not answered as documented',
          '0',
          `${failed.length} of ${outcomes.length}`,
          failed.length === 0,
        ),
        figure(
          'memory of all processes under ten clients, most, before the faults',
          '≤ 1,024 MB at 150,000 chats',
          mb(loaded.rssBytes),
          limits ? loaded.rssBytes <= 2 ** 30 : undefined,
        ),
        figure('memory of all processes under ten clients, most, with faults', '–', mb(troubled.rssBytes), undefined),
        figure('memory of all processes, idle before', '–', mb(before.rssBytes), undefined),
        figure('memory of all processes, 60 s after', '–', mb(after.rssBytes), undefined),
        figure(
          'data on disk, after the start',
          '≤ 1,434 MB at 150,000 chats',
          mb(sum(before.disk)),
          limits ? sum(before.disk) <= 1.4 * 2 ** 30 : undefined,
        ),
        figure('data on disk, after the load', '–', mb(sum(after.disk)), undefined),
        figure(
          'open descriptors: before, most, 60 s after',
          '–',
          [before, samples.reduce((a, b) => (b.descriptors > a.descriptors ? b : a)), after]
            .map(({ descriptors }) => descriptors)
            .join(', '),
          undefined,
        ),
      ],
      tables: [answersTable(outcomes), failuresTable(failed), diskTable(before.disk, after.disk)],
      notes: [
        `${chats} chats, imported in ${Math.round(startS)} s with the start of the stack; ${minutes} minutes, ${CLIENTS} clients, ${CHANGES} changes a second in MAX, a full update under way. Memory is the sum of the resident memory of ${troubled.processes} processes, shared pages counted in each.`,
        `Faults of ${FAULT_MS / 1_000} s, ${CALM_MS / 1_000} s apart: ${[...faults].map(([fault, times]) => `${fault} (${times})`).join(', ')}.`,
        `Webhooks: ${JSON.stringify(webhooks)}.`,
      ],
      data: {
        chats,
        minutes,
        before,
        loaded,
        troubled,
        after,
        faults: Object.fromEntries(faults),
        requests: outcomes.length,
      },
    };
  } finally {
    await stack.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
};

async function every(ms: number, until: number, work: () => Promise<unknown>): Promise<void> {
  while (Date.now() < until) {
    await work().catch(() => {});
    await sleep(ms);
  }
}

const control = (address: string, method: string, path: string, body: object) =>
  fetch(new URL(path, address), {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

const SORTS = ['id', 'name', 'participants_count', 'created_at', 'updated_at'];
const WORDS = ['чат', 'группа', 'и', 'фак', 'студ', 'курс 1', 'деканат', 'общ', 'нет такого слова'];

/** Sends one request after another, like a person who looks around. */
async function client(
  url: string,
  bearer: Record<string, string>,
  chats: number,
  until: number,
  report: (outcome: Outcome) => void,
): Promise<void> {
  let cursor: string | undefined;
  let order = '';
  while (Date.now() < until) {
    const dice = Math.random();
    const id = 1 + Math.floor(Math.random() * chats);
    if (dice < 0.4) {
      if (!cursor) order = `limit=100&sort_by=${pick(SORTS)}&sort_order=${pick(['asc', 'desc'])}`;
      const next = cursor ? `&cursor=${cursor}` : '';
      const { body } = await send('listing', `/chats/all?${order}${next}`);
      cursor = (body as { next_cursor?: string } | undefined)?.next_cursor ?? undefined;
    } else if (dice < 0.65) await send('search', `/chats/all?limit=50&search=${encodeURIComponent(pick(WORDS))}`);
    else if (dice < 0.75) await send('chat', `/chats/${id}`);
    else if (dice < 0.8) await send('facets', '/chats/facets?university_id=1');
    else if (dice < 0.85) await send('history', `/chats/${id}/history`);
    else if (dice < 0.9) await send('plan', '/admin/participants/plan');
    else await send('refresh', `/chats/${id}/refresh-participants`, 'POST');
    await sleep(PAUSE_MS);
  }

  async function send(kind: string, path: string, method = 'GET'): Promise<{ readonly body: unknown }> {
    const startedAt = performance.now();
    try {
      const answer = await fetch(url + path, { method, headers: bearer, signal: AbortSignal.timeout(GIVEN_UP_MS) });
      const body = (await answer.json()) as { readonly type?: string };
      const { status } = answer;
      // Of the answers from 500 on, only the problem 503 with its header is documented.
      const isProblem = body.type?.startsWith('urn:') === true && answer.headers.has('retry-after');
      const documented = status < 500 || (status === 503 && isProblem);
      report({ kind, status, ms: performance.now() - startedAt, documented });
      return { body: status === 200 ? body : undefined };
    } catch {
      report({ kind, status: 0, ms: performance.now() - startedAt, documented: false });
      return { body: undefined };
    }
  }
}

/** Breaks one thing after another, each for `FAULT_MS`. */
async function breakThings(
  stack: StackProcess,
  { maxControl, redisUrl }: { readonly maxControl: string; readonly redisUrl: string },
  until: number,
  report: (fault: string) => unknown,
): Promise<void> {
  const turn = (switches: object) => control(maxControl, 'PATCH', '/switches', switches);
  const during = async (on: object, off: object) => {
    await turn(on);
    await sleep(FAULT_MS);
    await turn(off);
  };
  const faults: Record<string, () => Promise<void>> = {
    'MAX fails at random': () =>
      during({ errors: { '429': 0.1, '500': 0.1, reset: 0.1 } }, { errors: { '429': 0, '500': 0, reset: 0 } }),
    'Redis hangs': () => stack.hang('redis-server', FAULT_MS),
    'MAX does not answer': () => during({ errors: { timeout: 1 } }, { errors: { timeout: 0 } }),
    'Redis loses everything': async () => {
      const redis = new Redis(redisUrl);
      await redis.flushall();
      redis.disconnect();
    },
    'MAX is out': () => during({ outage_until: Date.now() + FAULT_MS }, { outage_until: null }),
    'DynamoDB hangs': () => stack.hang('dynoxide', FAULT_MS),
    'MAX refuses the token': () => during({ reject_token: true }, { reject_token: false }),
  };
  for (let i = 0; Date.now() + CALM_MS + FAULT_MS < until; i += 1) {
    await sleep(CALM_MS);
    const [name = '', happen] = Object.entries(faults)[i % Object.keys(faults).length] ?? [];
    try {
      await happen?.();
      report(name);
    } catch (error) {
      console.log(`… ${name}: ${(error as Error).message}`);
    }
  }
}

/** Returns the bytes on disk of each folder and file in `folder`. */
async function diskBytes(folder: string): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>();
  for (const entry of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, entry)).catch(() => undefined);
    if (!found?.isFile()) continue;
    const [first = ''] = entry.split(sep);
    const name = first === 'dynamodb' ? entry : first;
    // `blocks` are of 512 bytes, whatever the file system.
    bytes.set(name, (bytes.get(name) ?? 0) + found.blocks * 512);
  }
  return bytes;
}

const sum = (bytes: ReadonlyMap<string, number>): number => [...bytes.values()].reduce((all, each) => all + each, 0);

function diskTable(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Table {
  const rows = [...after].filter(([, bytes]) => bytes >= 2 ** 20).sort(([, a], [, b]) => b - a);
  return {
    title: 'Data on disk, of 1 MB and more',
    head: ['what', 'after the start', 'after the load'],
    rows: rows.map(([name, bytes]) => [name, mb(before.get(name) ?? 0), mb(bytes)]),
  };
}

function answersTable(outcomes: readonly Outcome[]): Table {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))].sort();
  return {
    title: 'Answers',
    head: ['request', 'sent', '200', '503 with Retry-After', 'others', 'median, ms', '99 %, ms', 'slowest, ms'],
    rows: kinds.map((kind) => {
      const own = outcomes.filter((outcome) => outcome.kind === kind);
      const times = own.map(({ ms }) => ms);
      const good = own.filter(({ status }) => status === 200).length;
      const unavailable = own.filter(({ status, documented }) => status === 503 && documented).length;
      return [
        ...[kind, own.length, good, unavailable, own.length - good - unavailable],
        ...[quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)].map((ms) => round(ms, 0)),
      ];
    }),
  };
}

function failuresTable(failed: readonly Outcome[]): Table {
  const numbers = new Map<string, number>();
  for (const { kind, status } of failed) {
    const name = `${kind}: ${status || 'no answer'}`;
    numbers.set(name, (numbers.get(name) ?? 0) + 1);
  }
  return { title: 'Not answered as documented', head: ['answer', 'times'], rows: [...numbers] };
}
