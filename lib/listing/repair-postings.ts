import type { Clock } from '../base/clock.ts';
import type { Chat } from '../chats/chat.ts';
import { CHUNK_IDS, type ChunkBits, chunkOf, emptyBits, hasBit, offsetsOf, setBit } from '../chats/id-set.ts';
import type { Position } from '../chats/sort-keys.ts';
import { type Term, termKey, termsOf } from '../chats/terms.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { PostingRepairStore, RepairCursor } from '../state/posting-store.ts';

/**
 * Compares the posting lists with the chats and repairs them. A gap is a chat that is missing in the list of one of its terms. An
 * orphan is an id in a list whose chat does not have the term. It reads the chats by id, then all chunks of the lists, in pages,
 * and writes the sort keys of all chats into their columns. It saves a cursor after each page, so it can be interrupted at any
 * time. The cursor never passes a page whose orphans are not yet removed. It also creates lists that do not exist.
 */

/**
 * Time until an orphan is removed, ms. It may belong to a chat that is being written, because the lists are written before the
 * chat. After this time, every writer has finished or died.
 */
const GRACE_MS = 60_000;

/** From this number of orphans on, no page is read before they are removed. */
const MAX_SUSPECTS = 100_000;

const ROWS_AT_ONCE = 1_000;

export interface RepairPostingsDeps {
  readonly chatStore: Pick<ChatStore, 'list' | 'getMany'>;
  readonly repairs: PostingRepairStore;
  readonly clock: Clock;
}

export interface RepairReport {
  /** Number of compared chats. */
  readonly chats: number;
  /** Number of compared chunks. */
  readonly chunks: number;
  readonly gaps: number;
  /** Number of removed orphans. */
  readonly orphans: number;
  /** Whether everything was compared. Otherwise the next repair continues from the cursor. */
  readonly finished: boolean;
}

/** An orphan whose grace time is not over. */
interface Suspect {
  readonly id: number;
  readonly term: Term;
  readonly seenAt: number;
  /** The cursor of the page in which it was found. */
  readonly page: RepairCursor;
}

/**
 * Runs or continues a repair.
 * @param deadline when it ends, finished or not, Unix ms.
 * @param onProgress called after each page.
 */
export const createRepairPostings =
  (deps: RepairPostingsDeps) =>
  async (
    deadline: number,
    onProgress: (report: RepairReport & { readonly phase: RepairCursor['phase'] }) => void = () => {},
  ): Promise<RepairReport> => {
    const { chatStore, repairs, clock } = deps;
    const report = { chats: 0, chunks: 0, gaps: 0, orphans: 0, finished: false };
    /** The oldest first. */
    const suspects = new Map<string, Suspect>();
    let cursor: RepairCursor = (await repairs.readCursor()) ?? { phase: 'chats', afterId: 0, afterChunk: undefined };

    while (cursor.phase === 'chats') {
      if (!(await mayContinue())) return report;
      const part = await nextChunk(cursor.afterId);
      await compareChats(part.chats);
      if (part.isLast) await repairs.markComplete();
      await pageDone(
        part.isLast
          ? { phase: 'lists', afterId: 0, afterChunk: undefined }
          : { phase: 'chats', afterId: part.chats.at(-1)?.id ?? 0, afterChunk: undefined },
      );
    }

    for (let isLast = false; !isLast; ) {
      if (!(await mayContinue())) return report;
      const { chunks, next } = await repairs.scan(cursor.afterChunk);
      await compareChunks(chunks);
      report.chunks += chunks.length;
      isLast = next === undefined;
      if (!isLast) await pageDone({ phase: 'lists', afterId: 0, afterChunk: next });
    }

    if (!(await removeAllOrphans())) return report;
    await repairs.writeCursor(undefined);
    return { ...report, finished: true };

    async function mayContinue(): Promise<boolean> {
      return (suspects.size < MAX_SUSPECTS || (await removeAllOrphans())) && clock.now() < deadline;
    }

    async function pageDone(next: RepairCursor): Promise<void> {
      cursor = next;
      await removeOrphans();
      const [oldest] = suspects.values();
      await repairs.writeCursor(oldest?.page ?? cursor);
      onProgress({ ...report, phase: cursor.phase });
    }

    /** Returns the chats of the next chunk after this id. */
    async function nextChunk(afterId: number): Promise<{ readonly chats: readonly Chat[]; readonly isLast: boolean }> {
      const chats: Chat[] = [];
      let after: Position | undefined = { key: afterId, id: afterId };
      while (after) {
        const page = await chatStore.list({ scope: 'all', sort: 'id', order: 'asc', limit: ROWS_AT_ONCE, after });
        for (const { chat } of page.rows) {
          const [first = chat] = chats;
          if (chunkOf(chat.id) !== chunkOf(first.id)) return { chats, isLast: false };
          chats.push(chat);
        }
        after = page.next;
      }
      return { chats, isLast: true };
    }

    async function compareChats(chats: readonly Chat[]): Promise<void> {
      const [first] = chats;
      if (!first) return;
      const right = new Map<string, { readonly term: Term; readonly bits: ChunkBits }>();
      for (const chat of chats) {
        for (const term of termsOf(chat)) {
          const key = termKey(term);
          const known = right.get(key) ?? { term, bits: emptyBits() };
          setBit(known.bits, chat.id, true);
          right.set(key, known);
        }
      }
      const chunk = chunkOf(first.id);
      const stored = await repairs.readChunks(
        [...right.values()].map(({ term }) => term),
        chunk,
      );
      const missing: { term: Term; id: number }[] = [];
      for (const [key, { term, bits }] of right) {
        const listed = stored.get(key) ?? emptyBits();
        for (const id of idsOf(bits, chunk)) if (!hasBit(listed, id)) missing.push({ term, id });
        for (const id of idsOf(listed, chunk)) if (!hasBit(bits, id)) suspect(id, term);
      }
      await repairs.correct(chats, missing);
      report.chats += chats.length;
      report.gaps += missing.length;
    }

    /** Compares chunks whose first id is an orphan. The first phase has compared all chunks with a chat that has the term. */
    async function compareChunks(chunks: readonly { term: Term; chunk: number; bits: ChunkBits }[]): Promise<void> {
      const withoutTerm = async (asked: readonly { readonly id: number; readonly term: Term }[]) => {
        const chats = await chatStore.getMany(asked.map(({ id }) => id));
        const terms = new Map([...chats].map(([id, { chat }]) => [id, new Set(termsOf(chat).map(termKey))]));
        return asked.filter(({ id, term }) => !terms.get(id)?.has(termKey(term)));
      };
      const firsts = chunks.flatMap(({ term, chunk, bits }) => {
        const [id] = idsOf(bits, chunk);
        return id === undefined ? [] : [{ id, term, chunk, bits }];
      });
      const wrong = new Set(await withoutTerm(firsts));
      const all = firsts
        .filter((first) => wrong.has(first))
        .flatMap(({ term, chunk, bits }) => [...idsOf(bits, chunk)].map((id) => ({ id, term })));
      if (all.length > 0) for (const { id, term } of await withoutTerm(all)) suspect(id, term);
    }

    function suspect(id: number, term: Term): void {
      const key = `${id} ${termKey(term)}`;
      if (!suspects.has(key)) suspects.set(key, { id, term, seenAt: clock.now(), page: cursor });
    }

    /** Removes the orphans whose grace time is over. */
    async function removeOrphans(): Promise<void> {
      const due = [...suspects].filter(([, { seenAt }]) => seenAt + GRACE_MS <= clock.now());
      for (const [id, orphans] of Map.groupBy(due, ([, suspect]) => suspect.id)) {
        if (clock.now() >= deadline) return;
        await repairs.settle(
          id,
          orphans.map(([, { term }]) => term),
        );
        for (const [key] of orphans) suspects.delete(key);
        report.orphans += orphans.length;
      }
    }

    /** Waits until each orphan can be removed. @returns false if the deadline comes first. */
    async function removeAllOrphans(): Promise<boolean> {
      for (let [oldest] = suspects.values(); oldest; [oldest] = suspects.values()) {
        const wait = Math.max(0, oldest.seenAt + GRACE_MS - clock.now());
        if (clock.now() + wait >= deadline) return false;
        await clock.sleep(wait);
        await removeOrphans();
      }
      return true;
    }
  };

function* idsOf(bits: ChunkBits, chunk: number): Generator<number> {
  for (const offset of offsetsOf(bits)) yield chunk * CHUNK_IDS + offset;
}
