import { type ChunkBits, chunkOf, emptyBits, setBit } from '../../../lib/chats/id-set.ts';
import { termKey } from '../../../lib/chats/terms.ts';
import type { ListedChunk, PostingRepairStore, RepairCursor } from '../../../lib/state/posting-store.ts';
import type { MemoryChats } from './chats.ts';
import { listsOf, settleEntry, type WrongEntries } from './posting-store.ts';

/** Chunks per scan, so that the lists of a few chats need several scans. */
const SCANNED_AT_ONCE = 20;

/** The repair of the posting lists in memory: it corrects the wrong entries. */
export function createMemoryPostingRepairStore(chats: MemoryChats, wrong: WrongEntries): PostingRepairStore {
  let saved: RepairCursor | undefined;

  const chunks = (): ListedChunk[] =>
    [...listsOf(chats, wrong).values()].flatMap(({ term, ids }) => {
      const byChunk = new Map<number, ChunkBits>();
      for (const id of ids) {
        const bits = byChunk.get(chunkOf(id)) ?? emptyBits();
        setBit(bits, id, true);
        byChunk.set(chunkOf(id), bits);
      }
      return [...byChunk].map(([chunk, bits]) => ({ term, chunk, bits }));
    });

  const placeOf = ({ term, chunk }: ListedChunk) => `${termKey(term)} ${chunk}`;

  return {
    async readChunks(terms, chunk) {
      const asked = new Set(terms.map(termKey));
      const found = chunks().filter((one) => one.chunk === chunk && asked.has(termKey(one.term)));
      return new Map(found.map(({ term, bits }) => [termKey(term), bits]));
    },

    /** Sort keys are made from the chats. */
    async correct(_chats, missing) {
      for (const entry of missing) settleEntry(wrong, entry);
    },

    async settle(id, terms) {
      for (const term of terms) settleEntry(wrong, { term, id });
    },

    async scan(after) {
      const behind = chunks()
        .filter((chunk) => after === undefined || placeOf(chunk) > String(after))
        .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      const page = behind.slice(0, SCANNED_AT_ONCE);
      const last = page.at(-1);
      return { chunks: page, next: last && behind.length > page.length ? placeOf(last) : undefined };
    },

    async readCursor() {
      return saved;
    },

    async writeCursor(cursor) {
      saved = cursor;
    },

    /** They always do. */
    async markComplete() {},
  };
}
