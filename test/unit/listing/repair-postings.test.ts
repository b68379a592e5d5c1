import { beforeEach, describe, expect, test } from 'vitest';
import { CHUNK_IDS, emptyBits, setBit } from '../../../lib/chats/id-set.ts';
import { type Term, termKey } from '../../../lib/chats/terms.ts';
import { createRepairPostings, type RepairReport } from '../../../lib/listing/repair-postings.ts';
import type { Listing } from '../../../lib/state/chat-store.ts';
import type { ListedChunk, PostingRepairStore, RepairCursor } from '../../../lib/state/posting-store.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';
import { line, openMemory, type Stores, T0 } from '../../support/stores.ts';

/** The steps of a repair and their times. test/contract/repair-postings.test.ts has its results, for all stores. */

const WRONG: Term = { group: '^нет', word: '' };
const STALE: Term = { group: '=source', word: 'crm' };
const NEVER = Number.POSITIVE_INFINITY;

let clock: FakeClock;
let stores: Stores;
/** The calls that change something or find out a lot, with their times since the beginning, ms. */
let calls: string[];

beforeEach(async () => {
  clock = fakeClock(T0);
  stores = await openMemory();
  calls = [];
});

const noted = (call: string) => calls.push(`${clock.now() - T0} ${call}`);
const callsOf = (name: string) => calls.filter((call) => call.split(' ')[1] === name);

interface Options {
  readonly repairs?: Partial<PostingRepairStore>;
  /** Rows of a page of the listing, which has 1,000 if the store is not slow. */
  readonly rows?: number;
  /** The time that a page of the listing takes, ms. */
  readonly tookMs?: number;
}

function repair(deadline: number = NEVER, { repairs, rows = 1_000, tookMs = 0 }: Options = {}) {
  const through = { ...stores.repairs, ...repairs };
  const reports: (RepairReport & { readonly phase: RepairCursor['phase'] })[] = [];
  const repairPostings = createRepairPostings({
    clock: {
      now: clock.now,
      sleep(ms) {
        noted(`sleep ${ms}`);
        return clock.sleep(ms);
      },
    },
    chatStore: {
      async list(listing: Listing) {
        noted(`list ${listing.limit} after ${listing.after?.id}`);
        if (tookMs > 0) await clock.sleep(tookMs);
        return stores.chats.list({ ...listing, limit: rows });
      },
      async getMany(ids) {
        noted(`getMany ${ids.length}`);
        return stores.chats.getMany(ids);
      },
    },
    repairs: {
      ...through,
      async correct(chats, missing) {
        const entries = missing.map(({ term, id }) => `${termKey(term).trim()} ${id}`).join();
        noted(`correct ${chats.map(({ id }) => id).join()}${entries && ` ${entries}`}`);
        await through.correct(chats, missing);
      },
      async settle(id, terms) {
        noted(`settle ${id} ${terms.map(termKey).join().replaceAll('\t', ' ').trim()}`);
        await through.settle(id, terms);
      },
      async markComplete() {
        noted('markComplete');
        await through.markComplete();
      },
      async writeCursor(cursor) {
        noted(`writeCursor ${cursor ? `${cursor.phase} ${cursor.afterId} ${cursor.afterChunk}` : cursor}`);
        await through.writeCursor(cursor);
      },
    },
  });
  return { reports, done: clock.until(repairPostings(deadline, (report) => reports.push(report))) };
}

/** Creates chats with one word, and no department, source or university. */
const chats = (...ids: number[]) =>
  stores.chats.importMany(
    ids.map((id) => line(`-${id}`, { id, name: 'Чат' })),
    T0,
  );

const chunkOfIds = (term: Term, chunk: number, ids: readonly number[]): ListedChunk => {
  const bits = emptyBits();
  for (const id of ids) setBit(bits, id, true);
  return { term, chunk, bits };
};

describe('a repair', () => {
  test('writes the sort keys of all chats, chunk by chunk, and records that the lists are complete', async () => {
    await chats(1, 2, 3, CHUNK_IDS - 1, CHUNK_IDS, 3 * CHUNK_IDS + 5);
    const { done } = repair();
    expect(await done).toEqual({ chats: 6, chunks: 12, gaps: 0, orphans: 0, finished: true });
    // Nothing is missing.
    expect(callsOf('correct')).toEqual([
      `0 correct 1,2,3,${CHUNK_IDS - 1}`,
      `0 correct ${CHUNK_IDS}`,
      `0 correct ${3 * CHUNK_IDS + 5}`,
    ]);
    expect(callsOf('settle')).toEqual([]);
    expect(callsOf('writeCursor')).toEqual([
      `0 writeCursor chats ${CHUNK_IDS - 1} undefined`,
      `0 writeCursor chats ${CHUNK_IDS} undefined`,
      '0 writeCursor lists 0 undefined',
      '0 writeCursor undefined',
    ]);
    expect(calls.indexOf('0 markComplete')).toBe(calls.indexOf('0 writeCursor lists 0 undefined') - 1);
  });

  test('reads a chunk of chats in pages', async () => {
    await chats(1, 2, 3, 4, 5, CHUNK_IDS);
    const { done } = repair(NEVER, { rows: 2 });
    expect(await done).toMatchObject({ chats: 6, gaps: 0, finished: true });
    expect(callsOf('list')).toEqual([
      ...['0 list 1000 after 0', '0 list 1000 after 2', '0 list 1000 after 4'],
      // The last page of the first chunk had the first chat of the next one.
      '0 list 1000 after 5',
    ]);
    expect(callsOf('correct')).toEqual(['0 correct 1,2,3,4,5', `0 correct ${CHUNK_IDS}`]);
  });

  test('adds what is missing, and tells about its progress after each page', async () => {
    await chats(1, 2, CHUNK_IDS);
    await stores.setPosting({ group: '^ча', word: '' }, 2, false);
    await stores.setPosting({ group: '=status', word: 'active' }, 2, false);
    await stores.setPosting({ group: '^ча', word: '' }, CHUNK_IDS, false);
    const scanned = await stores.repairs.scan(undefined);
    let scans = 0;
    // The lists in two parts.
    const scan = async () => ({ chunks: scanned.chunks, next: ++scans === 1 ? 'more' : undefined });
    const { done, reports } = repair(NEVER, { repairs: { scan } });
    expect(await done).toMatchObject({ chats: 3, gaps: 3, orphans: 0 });
    expect(callsOf('correct')).toEqual([
      '0 correct 1,2 ^ча 2,=status\tactive 2',
      `0 correct ${CHUNK_IDS} ^ча ${CHUNK_IDS}`,
    ]);
    const { length: chunks } = scanned.chunks;
    expect(reports).toEqual([
      { phase: 'chats', chats: 2, chunks: 0, gaps: 2, orphans: 0, finished: false },
      { phase: 'lists', chats: 3, chunks: 0, gaps: 3, orphans: 0, finished: false },
      { phase: 'lists', chats: 3, chunks, gaps: 3, orphans: 0, finished: false },
    ]);
    expect(callsOf('writeCursor').slice(-2)).toEqual(['0 writeCursor lists 0 more', '0 writeCursor undefined']);
  });
});

describe('an orphan', () => {
  test('is removed a minute after it was found, with all terms that its chat does not have', async () => {
    await chats(1, 2);
    await stores.setPosting(WRONG, 2, true);
    await stores.setPosting(STALE, 2, true);
    await stores.setPosting(STALE, 77, true);
    expect(await repair().done).toEqual({ chats: 2, chunks: 6, gaps: 0, orphans: 3, finished: true });
    expect(callsOf('settle')).toEqual(['60000 settle 2 =source crm,^нет', '60000 settle 77 =source crm']);
    expect(callsOf('sleep')).toEqual(['0 sleep 60000']);
  });

  test('of a list of chats that have the term is found with these chats', async () => {
    await chats(1, 2);
    await stores.setPosting({ group: '^чат', word: '' }, 3, true);
    expect(await repair().done).toMatchObject({ orphans: 1, finished: true });
    // Of each chunk of the lists, only the first id is read again.
    expect(callsOf('getMany')).toEqual(['0 getMany 4']);
  });

  test('is looked for in a list only if the first id is one', async () => {
    await chats(1, 2);
    await stores.setPosting(WRONG, 1, true);
    await stores.setPosting(WRONG, 3, true);
    expect(await repair().done).toMatchObject({ chunks: 5, orphans: 2 });
    expect(callsOf('getMany')).toEqual(['0 getMany 5', '0 getMany 2']);
  });

  test('is no orphan if its chat got the term meanwhile', async () => {
    await chats(1, 2);
    await stores.setPosting({ group: '^нов', word: '' }, 1, true);
    await stores.setPosting({ group: '^нов', word: '' }, 2, true);
    const { scan } = stores.repairs;
    const renaming: typeof scan = async (after) => {
      const page = await scan(after);
      await stores.chats.update(2, { name: 'Новый' }, T0);
      return page;
    };
    await repair(NEVER, { repairs: { scan: renaming } }).done;
    expect(callsOf('settle')).toEqual(['60000 settle 1 ^нов']);
  });

  test('is removed between pages if these take so long, and not before its minute has passed', async () => {
    await chats(1, CHUNK_IDS, 2 * CHUNK_IDS, 3 * CHUNK_IDS);
    for (const id of [2, CHUNK_IDS + 2, 2 * CHUNK_IDS + 2]) {
      await stores.setPosting({ group: '^чат', word: '' }, id, true);
    }
    const { done, reports } = repair(NEVER, { tookMs: 25_000 });
    expect(await done).toMatchObject({ orphans: 3, finished: true });
    expect(callsOf('settle')).toEqual([
      '100000 settle 2 ^чат',
      `110000 settle ${CHUNK_IDS + 2} ^чат`,
      `135000 settle ${2 * CHUNK_IDS + 2} ^чат`,
    ]);
    expect(reports.map(({ orphans }) => orphans)).toEqual([0, 0, 0, 1]);
  });

  test('of a chunk without ids does not exist', async () => {
    const scan = async () => ({ chunks: [chunkOfIds(WRONG, 0, [])], next: undefined });
    expect(await repair(NEVER, { repairs: { scan } }).done).toMatchObject({ chunks: 1, orphans: 0, finished: true });
    expect(callsOf('settle')).toEqual([]);
    expect(callsOf('getMany')).toEqual(['0 getMany 0']);
  });

  const ids = (chunk: number) => Array.from({ length: CHUNK_IDS }, (_, i) => chunk * CHUNK_IDS + i);
  const manyOrphans = Array.from({ length: 25 }, (_, i) => chunkOfIds(WRONG, i, ids(i)));

  test('is removed before more are looked for if 100,000 wait already', async () => {
    const settled = new Set<number>();
    const settle = async (id: number) => void settled.add(id);
    const scans: string[] = [];
    const scan = async (after: unknown) => {
      scans.push(`${after} at ${clock.now() - T0}, ${settled.size} removed`);
      if (after === undefined) return { chunks: manyOrphans.slice(1), next: 'a' };
      if (after === 'a') return { chunks: manyOrphans.slice(0, 1), next: 'b' };
      return { chunks: [], next: undefined };
    };
    const report = await repair(NEVER, { repairs: { scan, settle } }).done;
    expect(report).toMatchObject({ chunks: 25, orphans: 102_400, finished: true });
    expect(settled.size).toBe(102_400);
    // 98,304 may wait.
    expect(scans).toEqual(['undefined at 0, 0 removed', 'a at 0, 0 removed', 'b at 60000, 102400 removed']);
  });

  test('of a list that was found later waits for its own minute', async () => {
    await chats(1);
    const pages: Record<string, { readonly chunks: ListedChunk[]; readonly next: unknown }> = {
      undefined: { chunks: [chunkOfIds(WRONG, 0, [1])], next: 'a' },
      a: { chunks: [chunkOfIds(STALE, 0, [1]), chunkOfIds(WRONG, 0, [1])], next: undefined },
    };
    const scan = async (after: unknown) => {
      if (after === 'a') await clock.sleep(40_000);
      return pages[String(after)] as (typeof pages)[string];
    };
    expect(await repair(NEVER, { repairs: { scan } }).done).toMatchObject({ orphans: 2, finished: true });
    expect(callsOf('settle')).toEqual(['60000 settle 1 ^нет', '100000 settle 1 =source crm']);
  });
});

describe('at its deadline', () => {
  test('a repair has done nothing if there was no time', async () => {
    await chats(1);
    expect(await repair(T0).done).toEqual({ chats: 0, chunks: 0, gaps: 0, orphans: 0, finished: false });
    expect(calls).toEqual([]);
    expect(await repair(T0 + 1).done).toMatchObject({ chats: 1, finished: true });
  });

  test('a repair ends after a page, and the next one continues', async () => {
    await chats(1, CHUNK_IDS, 2 * CHUNK_IDS);
    const { done } = repair(T0 + 20_000, { tookMs: 10_000 });
    expect(await done).toMatchObject({ chats: 2, chunks: 0, finished: false });
    expect(await stores.repairs.readCursor()).toEqual({ phase: 'chats', afterId: CHUNK_IDS, afterChunk: undefined });
    calls = [];
    expect(await repair().done).toMatchObject({ chats: 1, finished: true });
    expect(callsOf('list')).toEqual([`20000 list 1000 after ${CHUNK_IDS}`]);
    expect(await stores.repairs.readCursor()).toBeUndefined();
  });

  test('a repair of the lists ends after a page too, and the next one reads no chats before', async () => {
    await chats(1);
    const asked: unknown[] = [];
    const scan = async (after: unknown) => {
      asked.push(after);
      await clock.sleep(10_000);
      const next = { undefined: 'a', a: 'b' }[String(after)];
      return { chunks: [chunkOfIds({ group: '^чат', word: '' }, 0, [1])], next };
    };
    expect(await repair(T0 + 10_000, { repairs: { scan } }).done).toMatchObject({ chunks: 1, finished: false });
    expect(await stores.repairs.readCursor()).toEqual({ phase: 'lists', afterId: 0, afterChunk: 'a' });
    calls = [];
    expect(await repair(NEVER, { repairs: { scan } }).done).toMatchObject({ chats: 0, chunks: 2, finished: true });
    expect(asked).toEqual([undefined, 'a', 'b']);
    expect([callsOf('list'), callsOf('markComplete')]).toEqual([[], []]);
  });

  test.each([
    [60_000, false],
    [60_001, true],
  ])('a repair leaves orphans that it would have to wait for too long: %i ms', async (ms, finished) => {
    await chats(1);
    await stores.setPosting(WRONG, 1, true);
    expect(await repair(T0 + ms).done).toMatchObject({ orphans: finished ? 1 : 0, finished });
    expect(clock.now() - T0).toBe(finished ? 60_000 : 0);
    expect(await stores.repairs.readCursor()).toEqual(
      finished ? undefined : { phase: 'lists', afterId: 0, afterChunk: undefined },
    );
  });

  test.each([
    ['in the lists', WRONG, 1, { phase: 'lists', afterId: 0, afterChunk: undefined }],
    ['with the chats', { group: '^чат', word: '' }, 2, { phase: 'chats', afterId: 0, afterChunk: undefined }],
  ])('what was found %s, but not removed, is found by the next repair', async (_, term, id, cursor) => {
    await chats(1, CHUNK_IDS);
    await stores.setPosting(term, id, true);
    const scanned: unknown[] = [];
    const scan: PostingRepairStore['scan'] = async (after) => {
      scanned.push(after);
      const { chunks } = await stores.repairs.scan(undefined);
      return after === undefined ? { chunks, next: 'a' } : { chunks: [], next: undefined };
    };
    expect(await repair(T0 + 30_000, { repairs: { scan } }).done).toMatchObject({ orphans: 0, finished: false });
    // Everything was compared, but the cursor stays at the page of the orphan.
    expect(scanned).toEqual([undefined, 'a']);
    expect(await stores.repairs.readCursor()).toEqual(cursor);
    expect(await repair(NEVER, { repairs: { scan } }).done).toMatchObject({ orphans: 1, finished: true });
    expect(await stores.repairs.readCursor()).toBeUndefined();
  });

  test('the cursor passes a page as soon as its orphans are removed', async () => {
    await chats(1, CHUNK_IDS, 2 * CHUNK_IDS, 3 * CHUNK_IDS);
    await stores.setPosting({ group: '^чат', word: '' }, 2, true);
    const { done } = repair(NEVER, { tookMs: 25_000 });
    expect(await done).toMatchObject({ orphans: 1, finished: true });
    expect(callsOf('writeCursor')).toEqual([
      ...[25, 50, 75].map((seconds) => `${seconds}000 writeCursor chats 0 undefined`),
      '100000 writeCursor lists 0 undefined',
      '100000 writeCursor undefined',
    ]);
  });

  test('a repair stops removing orphans, and the next one removes the others', async () => {
    await chats(1);
    for (const id of [5, 6, 7]) await stores.setPosting(WRONG, id, true);
    const settle: PostingRepairStore['settle'] = async (id, terms) => {
      await clock.sleep(10_000);
      await stores.repairs.settle(id, terms);
    };
    expect(await repair(T0 + 80_000, { repairs: { settle } }).done).toMatchObject({ orphans: 2, finished: false });
    expect(callsOf('settle')).toEqual(['60000 settle 5 ^нет', '70000 settle 6 ^нет']);
    expect(await repair().done).toMatchObject({ orphans: 1, finished: true });
  });
});
