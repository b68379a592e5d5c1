/** Where a count came from when it was cached: read from MAX, or taken from the durable store. */
export type CountSource = 'api' | 'database';

/** The value of `chat_participants:<id>`. */
export interface CachedCount {
  readonly count: number;
  /** When MAX was asked for it. RFC 3339, UTC, milliseconds; `null` for an imported count. */
  readonly updatedAt: string | null;
  readonly source: CountSource;
  /** Every change would have been told, and none was: known to be right, whatever its age. Absent otherwise. */
  readonly eventsTrusted?: true | undefined;
}

/**
 * The fast level of counts. A key lives twice as long as a count is fresh (± 10 %), so that a stale count can be served
 * while its refresh runs. `undefined` as a whole answer: the cache can't be asked now.
 */
export interface CountCache {
  /** One MGET, whatever the number of ids. Ids without a value are left out. */
  getMany(ids: readonly number[]): Promise<ReadonlyMap<number, CachedCount> | undefined>;
  /** Newer wins: a value read earlier than the one there is dropped. One round trip. Never rejects. */
  putMany(counts: ReadonlyMap<number, CachedCount>): Promise<void>;
  /** Says that the count is no longer known to be right. Never rejects. */
  clearTrusted(id: number): Promise<void>;
  /** Forgets the count and the leases of a chat. Never rejects. */
  forget(id: number): Promise<void>;
}

/** What a lease is for: a chat, by its id, or the comparison of a sample of chats with MAX, which runs once at a time. */
export type Leased = number | 'validation';

/**
 * Who refreshes a chat right now, so that any number of simultaneous readers make one request.
 * `queued`: a refresh was asked for through the queue; `fetching`: somebody is asking MAX this moment.
 */
export interface Leases {
  /** Takes the leases that are free, in one round trip. `undefined`: leases can't be had now. */
  takeQueued(ids: readonly number[], ttlMs: number): Promise<ReadonlySet<number> | undefined>;
  /** Takes the lease to ask MAX now; a `queued` lease gives way. `undefined`: leases can't be had now. */
  takeFetching(of: Leased, owner: string, ttlMs: number): Promise<boolean | undefined>;
  /** Notes for `ttlMs` that several requests want the chat's count from MAX at the same time. Never rejects. */
  noteContention(id: number, ttlMs: number): Promise<void>;
  /** Whether contention was noted lately; `false` where that can't be known now. Never rejects. */
  isContended(id: number): Promise<boolean>;
  /** Ends a lease of this owner's before its time. Never rejects. */
  release(of: Leased, owner: string): Promise<void>;
}
