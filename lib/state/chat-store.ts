import type { Chat, ChatFields, ChatOutline, Scope, StoredChat, StoredCount } from '../chats/chat.ts';
import type { Order, Position, Sort } from '../chats/sort-keys.ts';

export interface Listing {
  readonly scope: Scope;
  readonly sort: Sort;
  readonly order: Order;
  /** At most this many rows. */
  readonly limit: number;
  /** Rows strictly behind this place; `undefined` starts at the beginning. */
  readonly after: Position | undefined;
}

export interface ListedChat {
  readonly chat: Chat;
  /** The durable count, where it was read along: by a listing by `participants_count`, which is sorted by it. */
  readonly count: StoredCount | undefined;
}

export interface ListPage {
  readonly rows: readonly ListedChat[];
  /** Where the next page begins; `undefined` when there is none. */
  readonly next: Position | undefined;
}

/** A part of a listing, without the chats. */
export interface Walk {
  readonly positions: readonly Position[];
  /** Where the listing goes on; `undefined` at its end. A part may be short and yet have a next one. */
  readonly next: Position | undefined;
}

export interface OutlinePage {
  readonly chats: readonly ChatOutline[];
  /** The id behind which the next page begins; `undefined` when there is none. A page may be short and yet have a next one. */
  readonly next: number | undefined;
}

export type CreateOutcome =
  | { readonly kind: 'created'; readonly stored: StoredChat }
  | { readonly kind: 'max_chat_id_taken'; readonly by: number };

export type UpdateOutcome =
  | {
      readonly kind: 'updated';
      readonly chat: Chat /** The MAX id changed: the old count is no longer this chat's. */;
      readonly countDropped: boolean;
    }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'max_chat_id_taken'; readonly by: number };

/** One line of an import. `id`, `createdAt` and `updatedAt` apply only when the line creates a chat. */
export interface ImportedChat extends ChatFields {
  readonly maxChatId: string;
  readonly participantsCount: number | null;
  /** The id that the chat must have; absent: a new chat gets the next id. */
  readonly id?: number;
  /** RFC 3339 UTC with milliseconds; absent: the time of the import. */
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

/** A line that was not written, because the id it names can't be given to its chat. */
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
  /** Absent when there are none. */
  readonly conflicts?: readonly IdConflict[];
}

/** The durable store of chats. Times are RFC 3339 UTC with milliseconds where they are text, Unix ms where they are numbers. */
export interface ChatStore {
  get(id: number): Promise<StoredChat | undefined>;
  /** In as few round trips as the store allows (100 a BatchGetItem, in parallel). Unknown ids are left out. */
  getMany(ids: readonly number[]): Promise<Map<number, StoredChat>>;
  findByMaxChatId(maxChatId: string): Promise<number | undefined>;
  /** A page, from 1 to 1,000 rows. */
  list(listing: Listing): Promise<ListPage>;
  /** The places of the next chats of a listing, in its order: for who looks for few of many. */
  walk(listing: Listing): Promise<Walk>;
  /** All chats in the order of ids, for who goes through them all: those behind `after`, at most `limit` of them. */
  outlines(after: number, limit: number): Promise<OutlinePage>;
  /** The exact number of chats in the scope. */
  total(scope: Scope): Promise<number>;
  create(fields: ChatFields, at: number): Promise<CreateOutcome>;
  /** Changes the given fields. Concurrent updates of one chat are serialised, none is lost. */
  update(id: number, patch: Partial<ChatFields>, at: number): Promise<UpdateOutcome>;
  delete(id: number): Promise<'deleted' | 'not_found'>;
  /**
   * Creates the chats whose MAX id is new and updates the others where something differs; a count is taken only where the
   * chat has none. At most 1,000 lines; the same MAX id twice: the later line wins. A line that names a free id keeps it,
   * and all ids given afterwards are above it.
   */
  importMany(lines: readonly ImportedChat[], at: number): Promise<ImportOutcomes>;
  /** The largest id given so far. The store gives ids in ascending order, without reuse; imports may name free ids below. */
  lastId(): Promise<number>;
}
