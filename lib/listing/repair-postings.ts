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
 * time. It also creates lists that do not exist.
 */

/**
 * Time until an orphan is removed, ms. It may belong to a chat that is being written, because the lists are written before the
 * chat. After this time, every writer has finished or died.
 */
const GRACE_MS = 60_000;

/** Largest number of orphans that wait for the end of the grace time. The next repair finds the others. */
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

interface Suspect {
  readonly id: number;
  readonly terms: Map<string, Term>;
  readonly seenAt: number;
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
    const suspects = new Map<number, Suspect>();
    let cursor: RepairCursor = (await repairs.readCursor()) ?? { phase: 'chats', afterId: 0, afterChunk: undefined };

    const pageDone = async (next: RepairCursor) => {
      cursor = next;
      await repairs.writeCursor(cursor);
      onProgress({ ...report, phase: cursor.phase });
      await removeOrphans(clock.now() - GRACE_MS);
    };

    while (cursor.phase === 'chats') {
      if (clock.now() >= deadline) return report;
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
      if (clock.now() >= deadline) return report;
      const { chunks, next } = await repairs.scan(cursor.afterChunk);
      await compareChunks(chunks);
      report.chunks += chunks.length;
      isLast = next === undefined;
      if (!isLast) await pageDone({ phase: 'lists', afterId: 0, afterChunk: next });
    }

    for (const { seenAt } of [...suspects.values()]) {
      const wait = seenAt + GRACE_MS - clock.now();
      if (clock.now() + wait >= deadline) return report;
      if (wait > 0) await clock.sleep(wait);
      await removeOrphans(clock.now() - GRACE_MS);
    }
    await repairs.writeCursor(undefined);
    return { ...report, finished: true };

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
      if (missing.length > 0) await repairs.add(missing);
      await repairs.setSortKeys(chats);
      report.chats += chats.length;
      report.gaps += missing.length;
    }

    /** Compares chunks whose first id is an orphan. The first phase has compared all chunks with a chat that has the term. */
    async function compareChunks(chunks: readonly { term: Term; chunk: number; bits: ChunkBits }[]): Promise<void> {
      const haveTerm = async (asked: readonly { readonly id: number; readonly term: Term }[]) => {
        const chats = await chatStore.getMany(asked.map(({ id }) => id));
        const terms = new Map([...chats].map(([id, { chat }]) => [id, new Set(termsOf(chat).map(termKey))]));
        return asked.filter(({ id, term }) => !terms.get(id)?.has(termKey(term)));
      };
      const firsts = chunks.flatMap(({ term, chunk, bits }) => {
        const [id] = idsOf(bits, chunk);
        return id === undefined ? [] : [{ id, term, chunk, bits }];
      });
      const wrong = new Set(await haveTerm(firsts));
      const all = firsts
        .filter((first) => wrong.has(first))
        .flatMap(({ term, chunk, bits }) => [...idsOf(bits, chunk)].map((id) => ({ id, term })));
      if (all.length > 0) for (const { id, term } of await haveTerm(all)) suspect(id, term);
    }

    function suspect(id: number, term: Term): void {
      const known = suspects.get(id);
      if (known) known.terms.set(termKey(term), term);
      else if (suspects.size < MAX_SUSPECTS) {
        suspects.set(id, { id, terms: new Map([[termKey(term), term]]), seenAt: clock.now() });
      }
    }

    async function removeOrphans(seenBefore: number): Promise<void> {
      for (const { id, terms, seenAt } of [...suspects.values()]) {
        if (seenAt > seenBefore) continue;
        suspects.delete(id);
        await repairs.settle(id, [...terms.values()]);
        report.orphans += terms.size;
      }
    }
  };

function* idsOf(bits: ChunkBits, chunk: number): Generator<number> {
  for (const offset of offsetsOf(bits)) yield chunk * CHUNK_IDS + offset;
}
