import type { Clock } from '../base/clock.ts';
import type { Scope } from '../chats/chat.ts';
import { isReadable } from '../chats/chat.ts';
import type { Position } from '../chats/sort-keys.ts';
import type { FetchCount } from '../refreshing/request-max.ts';
import type { ChatStore, ListedChat } from '../state/chat-store.ts';
import type { Leases } from '../state/count-cache.ts';
import type { ViewCounts } from './view-counts.ts';

/**
 * Validates the counts that readers see. It compares a uniform random sample of the chats with a MAX id with MAX, and writes
 * nothing.
 */

/** Requests in flight. There are few, because each refresh by a person waits for at most these. */
const CONCURRENCY = 3;
/** Rounds of drawing random ids before it reads the listing instead. They are sufficient if one id in ten is in use. */
const DRAWS = 40;

export interface ValidationReport {
  readonly sample_size: number;
  readonly checked: number;
  readonly matched: number;
  readonly mismatched: number;
  /** Chats that MAX reports as gone, or in which the bot is not a member. */
  readonly unavailable: number;
  /** matched / checked; `null` if no chat could be checked. */
  readonly accuracy: number | null;
  /** Mean of |shown − actual| over the checked chats. A count that was never read counts as 0. */
  readonly mean_abs_drift: number | null;
  readonly max_drift: number | null;
  readonly mismatches: readonly Mismatch[];
}

export interface Mismatch {
  readonly chat_id: number;
  readonly shown: number | null;
  readonly actual: number;
  readonly drift: number;
  readonly participants_updated_at: string | null;
}

interface ValidateDeps {
  readonly chatStore: ChatStore;
  /** Without lazy updates, because a validation changes nothing. */
  readonly viewCounts: ViewCounts;
  readonly fetchCount: FetchCount;
  readonly leases: Pick<Leases, 'takeFetching' | 'release'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly newId: () => string;
  /** From 0 up to 1, exclusive. */
  readonly random: () => number;
}

export type ValidateOutcome =
  | { readonly kind: 'report'; readonly report: ValidationReport }
  /**
   * Another validation is running. A validation may request 500 chats from MAX, so two at once would slow down people's requests.
   */
  | { readonly kind: 'under_way' }
  /** No chat of the sample could be checked. */
  | { readonly kind: 'max_unreachable'; readonly reason: string };

/** Validates a sample. @param deadline Unix ms. Chats that are not checked by then are not in `checked`. */
export const createValidateCounts =
  (deps: ValidateDeps) =>
  async (scope: Scope, sampleSize: number, deadline: number): Promise<ValidateOutcome> => {
    const owner = deps.newId();
    const taken = await deps.leases.takeFetching('validation', owner, Math.max(1, deadline - deps.clock.now()));
    if (taken === false) return { kind: 'under_way' };
    try {
      return await compareSample(deps, scope, sampleSize, deadline);
    } finally {
      await deps.leases.release('validation', owner);
    }
  };

async function compareSample(
  deps: ValidateDeps,
  scope: Scope,
  sampleSize: number,
  deadline: number,
): Promise<ValidateOutcome> {
  const sample = await drawSample(deps, scope, sampleSize);
  const mismatches: Mismatch[] = [];
  let checked = 0;
  let unavailable = 0;
  let driftSum = 0;
  let reason = 'busy';

  const check = async ({ chat, count }: ListedChat) => {
    if (!isReadable(chat)) {
      unavailable += 1;
      return;
    }
    const asked = await deps.fetchCount(chat.maxChatId, { lane: 'interactive', deadline });
    if (asked.kind !== 'answered') {
      reason = asked.kind === 'failed' ? asked.error : asked.reason;
      return;
    }
    const { answer } = asked;
    if (answer.kind !== 'count') {
      unavailable += 1;
      return;
    }
    // Reads the shown count after the response of MAX, so that a refresh since the draw does not look like drift.
    const shown = (await deps.viewCounts([{ chat, count }])).get(chat.id);
    const drift = answer.count - (shown?.participantsCount ?? 0);
    checked += 1;
    driftSum += Math.abs(drift);
    if (shown?.participantsCount !== answer.count) {
      mismatches.push({
        chat_id: chat.id,
        shown: shown?.participantsCount ?? null,
        actual: answer.count,
        drift,
        participants_updated_at: shown?.updatedAt ?? null,
      });
    }
  };
  const work = [...sample];
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let row = work.shift(); row; row = work.shift()) await check(row);
    }),
  );

  if (checked === 0 && unavailable < sample.length) return { kind: 'max_unreachable', reason };
  const report: ValidationReport = {
    sample_size: sample.length,
    checked,
    matched: checked - mismatches.length,
    mismatched: mismatches.length,
    unavailable,
    accuracy: checked === 0 ? null : (checked - mismatches.length) / checked,
    mean_abs_drift: checked === 0 ? null : driftSum / checked,
    max_drift: checked === 0 ? null : Math.max(0, ...mismatches.map((m) => Math.abs(m.drift))),
    mismatches: mismatches.sort((a, b) => Math.abs(b.drift) - Math.abs(a.drift) || a.chat_id - b.chat_id),
  };
  return { kind: 'report', report };
}

/**
 * Draws a uniform sample without replacement. For all chats, it draws random ids and keeps those with a chat; all ids, and so all
 * chats, have the same probability. For one university, or if too few ids are in use, it uses reservoir sampling (Vitter's
 * algorithm R) over the listing by id, in constant memory.
 */
async function drawSample(deps: ValidateDeps, scope: Scope, size: number): Promise<readonly ListedChat[]> {
  if (scope === 'all') {
    const drawn = await drawByIds(deps, size);
    if (drawn) return drawn;
  }
  const reservoir: ListedChat[] = [];
  let seen = 0;
  let after: Position | undefined;
  do {
    const page = await deps.chatStore.list({ scope, sort: 'id', order: 'asc', limit: 100, after });
    for (const row of page.rows) {
      if (row.chat.maxChatId === null) continue;
      seen += 1;
      const at = seen <= size ? seen - 1 : Math.floor(deps.random() * seen);
      if (at < size) reservoir[at] = row;
    }
    after = page.next;
  } while (after);
  return reservoir;
}

async function drawByIds(deps: ValidateDeps, size: number): Promise<readonly ListedChat[] | undefined> {
  const [total, lastId] = await Promise.all([deps.chatStore.total('all'), deps.chatStore.lastId()]);
  // The sample is a large part of all chats, so reading the listing is faster.
  if (total <= size * 2) return undefined;
  const tried = new Set<number>();
  const found: ListedChat[] = [];
  for (let round = 0; round < DRAWS && found.length < size && tried.size < lastId; round += 1) {
    const draw: number[] = [];
    while (draw.length < 100 && tried.size < lastId) {
      const id = 1 + Math.floor(deps.random() * lastId);
      if (tried.has(id)) continue;
      tried.add(id);
      draw.push(id);
    }
    const stored = await deps.chatStore.getMany(draw);
    // In the order of the draw, because the last round may find too many, and the order of the store would bias the selection.
    for (const id of draw) {
      const chat = stored.get(id)?.chat;
      if (chat && chat.maxChatId !== null) found.push({ chat, count: undefined });
    }
  }
  return found.length >= size ? found.slice(0, size) : undefined;
}
