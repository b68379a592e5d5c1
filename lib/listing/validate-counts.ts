import type { Clock } from '../base/clock.ts';
import type { Scope } from '../chats/chat.ts';
import { isReadable } from '../chats/chat.ts';
import type { Position } from '../chats/sort-keys.ts';
import type { FetchCount } from '../refreshing/request-max.ts';
import type { ChatStore, ListedChat } from '../state/chat-store.ts';
import type { Leases } from '../state/count-cache.ts';
import type { ViewCounts } from './view-counts.ts';

/**
 * How right the shown counts are: a uniform random sample of the chats that have a MAX id, each compared with MAX now.
 * Nothing is written.
 */

/** Few at a time, so that people's refreshes pass in between: each waits for at most these. */
const CONCURRENCY = 3;
/** Rounds of drawing ids at random before the listing is walked instead: enough while one id in ten is in use. */
const DRAWS = 40;

export interface ValidationReport {
  readonly sample_size: number;
  readonly checked: number;
  readonly matched: number;
  readonly mismatched: number;
  /** MAX says the chat is gone or the bot isn't in it. */
  readonly unavailable: number;
  /** matched / checked; `null` when nothing could be checked. */
  readonly accuracy: number | null;
  /** Mean of |shown − actual| over the checked chats; a count never read counts as 0. */
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
  /** Without lazy updates: a validation changes nothing. */
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
  /** Another validation is running: one may ask MAX for 500 chats, and two at once would take the quota from people. */
  | { readonly kind: 'under_way' }
  /** Not one chat of the sample could be checked. */
  | { readonly kind: 'max_unreachable'; readonly reason: string };

/** @param deadline Unix ms; what isn't checked by then is left out of `checked`. */
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
    // Read just now, beside MAX: a refresh since the sample was drawn must not look like drift.
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
 * A uniform sample without replacement. Of all chats: ids drawn at random, kept where there is a chat (every id is drawn
 * with the same chance, so every chat is). Of one university, or where too few ids are in use: reservoir sampling
 * (Vitter's algorithm R) over the listing by id, in constant memory.
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
  // Nearly everything is wanted: walking finds it sooner than chance does.
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
    // In the order drawn: the store's order must not decide who is in when the last round finds too many.
    for (const id of draw) {
      const chat = stored.get(id)?.chat;
      if (chat && chat.maxChatId !== null) found.push({ chat, count: undefined });
    }
  }
  return found.length >= size ? found.slice(0, size) : undefined;
}
