/** The source of a cached count: fetched from MAX (`api`), or read from the durable store (`database`). */
export type CountSource = 'api' | 'database';

/** The value of `chat_participants:<id>`. */
export interface CachedCount {
  readonly count: number;
  /** When the count was requested from MAX: RFC 3339, UTC, milliseconds; `null` for an imported count. */
  readonly updatedAt: string | null;
  readonly source: CountSource;
  /** The MAX id of the chat when the count was read. The chat may get another one meanwhile. Absent if it had none. */
  readonly maxChatId?: string | undefined;
  /** True if MAX sends an event for every change and sent none: the count is correct at any age. Absent otherwise. */
  readonly eventsTrusted?: true | undefined;
}

/**
 * The cache of counts. A key lives twice as long as a count is fresh (± 10 %), so that a stale count can be served while its
 * refresh runs. `undefined` as a result means that the cache is not available.
 */
export interface CountCache {
  /** Returns the counts of these ids, without ids that have none. One MGET for any number of ids. */
  getMany(ids: readonly number[]): Promise<ReadonlyMap<number, CachedCount> | undefined>;
  /**
   * Stores counts. The newer one wins: a count that was read earlier than the stored one is dropped. One round trip. Never
   * rejects.
   */
  putMany(counts: ReadonlyMap<number, CachedCount>): Promise<void>;
  /** Records that the count is no longer known to be correct. Never rejects. */
  clearTrusted(id: number): Promise<void>;
  /** Deletes the count and the lease of a chat. Never rejects. */
  forget(id: number): Promise<void>;
}

/** The subject of a lease: a chat, by its id, or the validation of a sample of chats against MAX, which runs once at a time. */
export type Leased = number | 'validation';

/**
 * Leases make sure that one caller refreshes a chat, so that any number of simultaneous readers cause one request.
 * `queued`: a refresh is in the queue. `fetching`: a caller is requesting the count from MAX.
 */
export interface Leases {
  /** Takes the free leases among these, in one round trip. Returns those taken; `undefined` if the cache is not available. */
  takeQueued(ids: readonly number[], ttlMs: number): Promise<ReadonlySet<number> | undefined>;
  /**
   * Takes the lease for a request to MAX; it replaces a `queued` lease. Returns whether it was taken; `undefined` if the cache is
   * not available.
   */
  takeFetching(of: Leased, owner: string, ttlMs: number): Promise<boolean | undefined>;
  /** Records for `ttlMs` that several callers request the chat's count from MAX at the same time. Never rejects. */
  noteContention(id: number, ttlMs: number): Promise<void>;
  /** Returns whether contention was recorded recently; `false` if the cache is not available. Never rejects. */
  isContended(id: number): Promise<boolean>;
  /** Ends a lease of this owner before it expires. Never rejects. */
  release(of: Leased, owner: string): Promise<void>;
}
