import { addDays, dayOf } from '../base/day.ts';
import type { CountedChat } from '../chats/chat.ts';
import { NO_MOVERS, NO_SUMS, withChat, withMover } from '../chats/sums.ts';
import type { ChatStore } from '../state/chat-store.ts';
import {
  CHUNK,
  type CountsOfChunk,
  type RollUp,
  type RollUpOf,
  type RollUpStore,
  SPANS,
  type Span,
} from '../state/statistics.ts';

/**
 * The nightly roll-up of statistics. It reads all chats by id in chunks, adds them up by university, and compares each count with
 * that of 7 and 30 days ago. It saves its progress, so that a later call continues from there.
 */

const DAYS: Readonly<Record<Span, number>> = { week: 7, month: 30 };
/** If a night was missed, counts are compared with those of at most this many days earlier. */
const MAX_EARLIER_DAYS = 3;
/** Length of the lists of chats that changed most, for all chats and for a university. */
const MOST_MOVERS = { all: 10, university: 5 } as const;
/** Longest age of an unfinished roll-up that is continued, ms. In an older one, the sums would be of too different times. */
const MAX_PAUSE_MS = 6 * 3_600_000;
/** Number of chats after which the progress is saved. */
const SAVED_EVERY = 25 * CHUNK;
const PAGE = 1_000;

export interface RollUpDeps {
  readonly chatStore: Pick<ChatStore, 'outlines' | 'getCounted' | 'getMany'>;
  readonly rollUpStore: RollUpStore;
  readonly now: () => number;
  readonly settings: { readonly freshMs: number };
}

export interface RollUpReport {
  readonly finished: boolean;
  readonly date: string;
  readonly chats: number;
  readonly durationMs: number;
}

/**
 * Runs or continues a roll-up.
 * @param deadline Unix ms. It stops after the chunk in which this time passes.
 * @param since Unix ms. If a roll-up that started after this time is finished, nothing is done.
 * @returns `undefined` if there was nothing to do.
 */
export const createRollUp =
  (deps: RollUpDeps) =>
  async (
    { deadline, since }: { readonly deadline: number; readonly since: number },
    onProgress: (chats: number) => void = () => {},
  ): Promise<RollUpReport | undefined> => {
    const { rollUpStore, now } = deps;
    const begunAt = now();
    const last = await rollUpStore.lastRollUp();
    if (last && last.finishedAt !== null && last.startedAt >= since) return undefined;
    const continued = last && last.finishedAt === null && begunAt - last.startedAt < MAX_PAUSE_MS ? last : undefined;
    let state = continued ?? (await begin(deps, begunAt));
    const report = (finished: boolean): RollUpReport => ({
      ...{ finished, date: state.date, chats: state.all.sums.chats, durationMs: now() - begunAt },
    });

    let saved = state.all.sums.chats;
    for await (const part of readAhead(chunksFrom(deps, state))) {
      await rollUpStore.keepCounts(part.chunk, state.date, countsIn(part));
      state = addChunk(deps, state, part);
      onProgress(state.all.sums.chats);
      const late = now() > deadline;
      if (late || state.all.sums.chats - saved >= SAVED_EVERY) {
        await rollUpStore.saveRollUp(state);
        saved = state.all.sums.chats;
      }
      if (late) return report(false);
    }
    state = { ...state, finishedAt: now() };
    await rollUpStore.publish(state, await namesOf(deps, state));
    await rollUpStore.saveRollUp(state);
    return report(true);
  };

async function begin({ rollUpStore }: RollUpDeps, startedAt: number): Promise<RollUp> {
  const date = dayOf(startedAt);
  const candidates = SPANS.map((span) =>
    Array.from({ length: MAX_EARLIER_DAYS + 1 }, (_, i) => addDays(date, -DAYS[span] - i)),
  );
  const known = new Set(await rollUpStore.daysWithCounts(candidates.flat()));
  const [week, month] = candidates.map((days) => days.find((day) => known.has(day)) ?? null);
  return {
    ...{ date, startedAt, finishedAt: null, after: 0, all: NOTHING, universities: {} },
    since: { week: week ?? null, month: month ?? null },
  };
}

const NOTHING: RollUpOf = { sums: NO_SUMS, movers: { week: NO_MOVERS, month: NO_MOVERS } };

/** The ids of the chats, those of one chunk together. */
async function* chunksOfIds(chatStore: RollUpDeps['chatStore'], after: number) {
  let ids: number[] = [];
  const chunkOf = (id: number) => Math.floor(id / CHUNK);
  for (let from: number | undefined = after; from !== undefined; ) {
    const page = await chatStore.outlines(from, PAGE);
    for (const { id } of page.chats) {
      const [first] = ids;
      if (first !== undefined && chunkOf(first) !== chunkOf(id)) {
        yield { chunk: chunkOf(first), ids };
        ids = [];
      }
      ids.push(id);
    }
    from = page.next;
  }
  const [first] = ids;
  if (first !== undefined) yield { chunk: chunkOf(first), ids };
}

/** A chunk of the chats, as it is now and as it was. */
interface ChunkOfChats {
  readonly chunk: number;
  readonly chats: readonly CountedChat[];
  readonly before: Readonly<Record<Span, CountsOfChunk | undefined>>;
  /** It is the last id of the chunk. */
  readonly after: number;
}

/** Reads the remaining chunks. */
async function* chunksFrom({ chatStore, rollUpStore }: RollUpDeps, { after, since }: RollUp) {
  const countsOf = (chunk: number, date: string | null) =>
    date === null ? undefined : rollUpStore.countsOf(chunk, date);
  for await (const { chunk, ids } of chunksOfIds(chatStore, after)) {
    const [chats, week, month] = await Promise.all([
      chatStore.getCounted(ids),
      countsOf(chunk, since.week),
      countsOf(chunk, since.month),
    ]);
    yield { chunk, chats, before: { week, month }, after: ids.at(-1) ?? after } satisfies ChunkOfChats;
  }
}

/** Yields the same values, but fetches the next one while its consumer works on the last one. */
async function* readAhead<T>(source: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const fetchNext = () => {
    const next = source.next();
    // If it fails before the consumer asks for it, that is not an unhandled error.
    next.catch(() => {});
    return next;
  };
  let next = fetchNext();
  try {
    for (let result = await next; !result.done; result = await next) {
      next = fetchNext();
      yield result.value;
    }
  } finally {
    await next.catch(() => {});
  }
}

const countsIn = ({ chats }: ChunkOfChats): CountsOfChunk =>
  new Map(chats.flatMap(({ chat, participantsCount: count }) => (count === null ? [] : [[chat.id, count]])));

function addChunk({ settings }: RollUpDeps, state: RollUp, { chats, before, after }: ChunkOfChats): RollUp {
  let { all } = state;
  const universities: Record<number, RollUpOf> = { ...state.universities };
  for (const counted of chats) {
    const { id, universityId } = counted.chat;
    const { participantsCount } = counted;
    const add = (of: RollUpOf, most: number): RollUpOf => {
      const movers = { ...of.movers };
      for (const span of SPANS) {
        const earlier = before[span]?.get(id);
        if (earlier === undefined || participantsCount === null) continue;
        movers[span] = withMover(movers[span], { id, before: earlier, after: participantsCount }, most);
      }
      return { sums: withChat(of.sums, counted, state.startedAt, settings.freshMs), movers };
    };
    all = add(all, MOST_MOVERS.all);
    if (universityId !== null) {
      universities[universityId] = add(universities[universityId] ?? NOTHING, MOST_MOVERS.university);
    }
  }
  return { ...state, after, all, universities };
}

async function namesOf({ chatStore }: RollUpDeps, { all, universities }: RollUp): Promise<Map<number, string>> {
  const ids = [all, ...Object.values(universities)].flatMap(({ movers }) =>
    SPANS.flatMap((span) => [...movers[span].grew, ...movers[span].shrank].map(({ id }) => id)),
  );
  const chats = await chatStore.getMany([...new Set(ids)]);
  return new Map([...chats].map(([id, { chat }]) => [id, chat.name]));
}
