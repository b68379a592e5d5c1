import type { Chat, ChatFields, ChatOutline, CountedChat, Scope, StoredChat, StoredCount } from '../chats/chat.ts';
import type { Order, Position, Sort } from '../chats/sort-keys.ts';

export interface Listing {
  readonly scope: Scope;
  readonly sort: Sort;
  readonly order: Order;
  /** Largest number of rows. */
  readonly limit: number;
  /** The listing starts after this position; `undefined`: at the beginning. */
  readonly after: Position | undefined;
}

export interface ListedChat {
  readonly chat: Chat;
  /** The stored count, if the listing is sorted by `participants_count` and so includes it. */
  readonly count: StoredCount | undefined;
}

export interface ListPage {
  readonly rows: readonly ListedChat[];
  /** The next page starts after this position; `undefined` if there is none. */
  readonly next: Position | undefined;
}

/** A part of a listing, without the chats. */
export interface Walk {
  readonly positions: readonly Position[];
  /** The next part starts after this position; `undefined` at the end. A short part may have a next one. */
  readonly next: Position | undefined;
}

export interface OutlinePage {
  readonly chats: readonly ChatOutline[];
  /** The next page starts after this id; `undefined` if there is none. A short page may have a next one. */
  readonly next: number | undefined;
}

export type CreateOutcome =
  | { readonly kind: 'created'; readonly stored: StoredChat }
  | { readonly kind: 'max_chat_id_taken'; readonly by: number };

export type UpdateOutcome =
  | {
      readonly kind: 'updated';
      readonly chat: Chat;
      /** Whether the MAX id changed, so that the old count no longer applies. */
      readonly countDropped: boolean;
    }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'max_chat_id_taken'; readonly by: number };

/** One line of an import. `id`, `createdAt` and `updatedAt` apply only if the line creates a chat. */
export interface ImportedChat extends ChatFields {
  readonly maxChatId: string;
  readonly participantsCount: number | null;
  /** The required id of the chat; if absent, a new chat gets the next id. */
  readonly id?: number;
  /** RFC 3339 UTC with milliseconds; by default the time of the import. */
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

/** A line that was not written, because its chat can't have the id in the line. */
export interface IdConflict {
  readonly maxChatId: string;
  /** `taken`: another chat has the id. `different`: the chat exists and has the id `existing`. */
  readonly kind: 'taken' | 'different';
  /** Id of the existing chat. */
  readonly existing: number;
}

/** Outcomes of an import, one per distinct MAX id. */
export interface ImportOutcomes {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Absent if there are none. */
  readonly conflicts?: readonly IdConflict[];
}

/** The durable store of chats. Times as text are RFC 3339 UTC with milliseconds; times as numbers are Unix ms. */
export interface ChatStore {
  get(id: number): Promise<StoredChat | undefined>;
  /** Returns chats by id, without unknown ids. One BatchGetItem for every 100, in parallel. */
  getMany(ids: readonly number[]): Promise<Map<number, StoredChat>>;
  /** Returns what sums need of these chats, in any order, without unknown ids. Requests as for `getMany`. */
  getCounted(ids: readonly number[]): Promise<readonly CountedChat[]>;
  findByMaxChatId(maxChatId: string): Promise<number | undefined>;
  /** Returns a page of 1 to 1,000 rows. */
  list(listing: Listing): Promise<ListPage>;
  /** Returns the positions of the next chats of a listing, for a search of few among many. */
  walk(listing: Listing): Promise<Walk>;
  /** Returns at most `limit` chats after the id `after`, in the order of ids, for reading all chats. */
  outlines(after: number, limit: number): Promise<OutlinePage>;
  /** Returns the exact number of chats in the scope. */
  total(scope: Scope): Promise<number>;
  create(fields: ChatFields, at: number): Promise<CreateOutcome>;
  /** Changes the given fields. Concurrent updates of one chat are serialised, so none is lost. */
  update(id: number, patch: Partial<ChatFields>, at: number): Promise<UpdateOutcome>;
  delete(id: number): Promise<'deleted' | 'not_found'>;
  /**
   * Creates chats with new MAX ids, and updates the others if a field differs. A count is stored only if the chat has none. At
   * most 1,000 lines. If a MAX id occurs twice, the later line wins. A chat keeps a free id from its line, and all ids assigned
   * afterwards are above it.
   */
  importMany(lines: readonly ImportedChat[], at: number): Promise<ImportOutcomes>;
  /**
   * Returns the largest id assigned so far. Ids are assigned in ascending order and never reused; imports may use lower free ids.
   */
  lastId(): Promise<number>;
}
