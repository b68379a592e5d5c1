import type { Chat } from '../../lib/chats/chat.ts';
import { type ChunkBits, chunkOf, emptyBits, setBit } from '../../lib/chats/id-set.ts';
import { type Term, termKey, termsOf } from '../../lib/chats/terms.ts';
import type { PostingRepairStore, RepairCursor } from '../../lib/state/posting-store.ts';
import type { MemoryChat } from '../support/memory/chats.ts';

/**
 * The posting lists in simulated time. Some writers of chats die between their requests, and leave an id too many or, rarely, one
 * too few. The repair is the service's.
 */
export class PostingModel {
  readonly #lists = new Map<string, { readonly term: Term; readonly ids: Set<number> }>();
  readonly #random: () => number;
  readonly #chats: () => ReadonlyMap<number, MemoryChat>;
  #cursor: RepairCursor | undefined;

  constructor(random: () => number, chats: () => ReadonlyMap<number, MemoryChat>) {
    this.#random = random;
    this.#chats = chats;
  }

  /** Changes the lists as the writer of a chat does. */
  written(before: Chat | undefined, next: Chat | undefined): void {
    if (before === next) return;
    const terms = next ? termsOf(next) : [];
    const kept = new Set(terms.map(termKey));
    const known = new Set(before && termsOf(before).map(termKey));
    if (next)
      for (const term of terms) if (!known.has(termKey(term)) && this.#random() < 0.99) this.#set(term, next.id, true);
    if (before && this.#random() < 0.9) {
      for (const term of termsOf(before)) if (!kept.has(termKey(term))) this.#set(term, before.id, false);
    }
  }

  #set(term: Term, id: number, present: boolean): void {
    const list = this.#lists.get(termKey(term)) ?? { term, ids: new Set() };
    this.#lists.set(termKey(term), list);
    if (present) list.ids.add(id);
    else list.ids.delete(id);
  }

  #settle(id: number, terms: readonly Term[]): void {
    const stored = this.#chats().get(id);
    const right = new Set(stored && termsOf(stored.chat).map(termKey));
    for (const term of terms) this.#set(term, id, right.has(termKey(term)));
  }

  /** Returns the lists that disagree with the chats. */
  differences(): string[] {
    const right = new Map<string, number[]>();
    for (const { chat } of this.#chats().values()) {
      for (const key of termsOf(chat).map(termKey)) right.set(key, [...(right.get(key) ?? []), chat.id]);
    }
    const text = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b).join(' ');
    return [...new Set([...right.keys(), ...this.#lists.keys()])].flatMap((key) => {
      const [listed, chats] = [text(this.#lists.get(key)?.ids ?? []), text(right.get(key) ?? [])];
      return listed === chats ? [] : [`${key.trim()} lists [${listed}], the chats are [${chats}]`];
    });
  }

  /** The part of the store that the repair needs. It scans ten lists at once. */
  readonly repairs: PostingRepairStore = {
    readChunks: async (terms, chunk) => {
      const keys = terms.map(termKey).filter((key) => this.#chunks(key).has(chunk));
      return new Map(keys.map((key) => [key, this.#chunks(key).get(chunk) as ChunkBits]));
    },
    correct: async (_, missing) => {
      for (const { term, id } of missing) this.#settle(id, [term]);
    },
    settle: async (id, terms) => this.#settle(id, terms),
    scan: async (after) => {
      const keys = [...this.#lists.keys()].sort();
      const from = after === undefined ? 0 : keys.findIndex((key) => key > (after as string));
      const page = from < 0 ? [] : keys.slice(from, from + 10);
      const chunks = page.flatMap((key) => {
        const { term } = this.#lists.get(key) as { term: Term };
        return [...this.#chunks(key)].map(([chunk, bits]) => ({ term, chunk, bits }));
      });
      return { chunks, next: page.length < 10 ? undefined : page.at(-1) };
    },
    readCursor: async () => this.#cursor,
    writeCursor: async (cursor) => {
      this.#cursor = cursor;
    },
    markComplete: async () => {},
  };

  #chunks(key: string): Map<number, ChunkBits> {
    const chunks = new Map<number, ChunkBits>();
    for (const id of this.#lists.get(key)?.ids ?? []) {
      const bits = chunks.get(chunkOf(id)) ?? emptyBits();
      setBit(bits, id, true);
      chunks.set(chunkOf(id), bits);
    }
    return chunks;
  }
}
