import type { Clock } from '../base/clock.ts';
import { isReadable, type ReadableChat, type StoredChat } from '../chats/chat.ts';
import { createNextScheduler, type NextSchedulerDeps, type Refreshed } from '../scheduling/schedule-next.ts';
import type { ChatStore } from '../state/chat-store.ts';
import type { CountStore } from '../state/count-store.ts';
import type { RefreshMessage, RefreshQueueName } from '../state/queues.ts';
import type { RunCounts, RunStore } from '../state/run-store.ts';
import { type CheckEventTrustDeps, checkEventTrust } from './check-event-trust.ts';
import type { RefreshChat, RefreshOutcome } from './refresh-chat.ts';

/**
 * Handles one message of a refresh queue. Round trips: 1 BatchGetItem for every hundred chats and, in parallel, 2 GetItem and 1 to
 * Redis for the schedules; then for each chat MAX, 1 UpdateItem and 1 cache write; at the end 1 UpdateItem and 1 to Redis.
 */

/** Requests in flight at once. Even if MAX takes a second for each, they use the whole quota of 30 a second. */
const CONCURRENCY = 32;

/** Consecutive failures that count as an outage. With a 5 % error rate that happens by chance once in three million. */
const OUTAGE_STREAK = 5;

/** Delay of a message after an outage, ms; with jitter up to twice as long. */
const OUTAGE_PAUSE_MS = 30_000;

export interface BatchReport extends RunCounts {
  readonly superseded: number;
  /** Number of chats that returned to the queue as a new message. */
  readonly remaining: number;
  readonly outage: boolean;
}

interface RefreshBatchDeps extends NextSchedulerDeps, CheckEventTrustDeps {
  readonly chatStore: ChatStore;
  readonly countStore: CountStore;
  readonly runStore: RunStore;
  readonly refreshChat: RefreshChat;
  readonly clock: Clock;
  readonly settings: { readonly freshMs: number };
}

/**
 * Refreshes the chats of a message until `deadline` (Unix ms). Chats that are not done by then, or because of an outage of MAX,
 * return to the queue as a new message. Chats that fail for another reason are counted as failed and postponed.
 * @throws if a store or the queue can't be reached, so that the message is delivered again.
 */
export const createRefreshBatch =
  (deps: RefreshBatchDeps) =>
  async (queueName: RefreshQueueName, message: RefreshMessage, deadline: number): Promise<BatchReport> => {
    const { clock } = deps;
    const [stored, nextScheduler] = await Promise.all([
      deps.chatStore.getMany(message.ids),
      createNextScheduler(deps, queueName, message.ids, message.charged_to_planner === true),
    ]);
    const refreshed: Refreshed[] = [];
    const tally = { done: 0, changed: 0, failed: 0, unavailable: 0, superseded: 0 };
    const failed: number[] = [];
    const remaining: number[] = [];
    let streak = 0;
    let tokenRefused = false;
    let throttledForMs = 0;
    const outage = () => tokenRefused || streak >= OUTAGE_STREAK;

    const work = message.ids.flatMap((id) => {
      const need = whatIsNeeded(stored.get(id), message.requested_at);
      if (need.kind === 'read') return [need.chat];
      tally.done += 1;
      tally[need.kind] += 1;
      return [];
    });

    const takeNext = async () => {
      for (let chat = work.shift(); chat; chat = work.shift()) {
        const onAnswer = (ok: boolean) => {
          streak = ok ? 0 : streak + 1;
        };
        const options = { lane: 'background', deadline, abandoned: outage, onAnswer } as const;
        const { id, maxChatId } = chat.chat;
        const trust = nextScheduler.wantsTrust(chat) ? await checkEventTrust(deps, chat.chat, options) : undefined;
        const known = trust ? { ...chat, planning: { ...chat.planning, ...trust } } : chat;
        settle(id, await deps.refreshChat({ id, maxChatId }, options, nextScheduler.scheduleNext(known)));
      }
    };
    const settle = (id: number, outcome: RefreshOutcome) => {
      switch (outcome.kind) {
        case 'not_permitted':
          throttledForMs = Math.max(throttledForMs, outcome.retryAfterMs ?? 0);
          remaining.push(id);
          return;
        case 'failed':
          tokenRefused ||= outcome.error === 'auth';
          (outcome.exhausted ? failed : remaining).push(id);
          return;
        case 'updated':
          tally.changed += outcome.changed ? 1 : 0;
          if (outcome.scheduled) refreshed.push({ id, ...outcome.scheduled });
          break;
        case 'superseded':
        case 'unavailable':
          tally[outcome.kind] += 1;
          break;
      }
      tally.done += 1;
    };
    const workers = await Promise.allSettled(Array.from({ length: Math.min(CONCURRENCY, work.length) }, takeNext));
    const broken = workers.find((worker) => worker.status === 'rejected');
    if (broken) throw broken.reason;
    await nextScheduler.settle(refreshed);

    // During an outage of MAX, a failure says nothing about the chat.
    if (outage()) remaining.push(...failed.splice(0));
    tally.failed = failed.length;
    tally.done += failed.length;
    if (failed.length > 0) await deps.countStore.postpone(failed, clock.now() + deps.settings.freshMs);

    const delayMs = outage() ? OUTAGE_PAUSE_MS * (1 + deps.random()) : throttledForMs;
    const counts: RunCounts = {
      done: tally.done,
      changed: tally.changed,
      failed: tally.failed,
      unavailable: tally.unavailable,
    };
    const rest = message.run
      ? // Recorded first, so that a repeated delivery finds the result and sends the same remainder.
        (await deps.runStore.book(message.run.id, message.run.part, { counts, remaining }, clock.now())).remaining
      : remaining;
    if (rest.length > 0) {
      const run = message.run && { ...message.run, part: nextPart(message.run.part) };
      await deps.queue.send(queueName, [{ ...message, ids: [...rest], ...(run ? { run } : {}) }], delayMs);
    }
    return { ...counts, superseded: tally.superseded, remaining: rest.length, outage: outage() };
  };

type Need =
  | { readonly kind: 'read'; readonly chat: StoredChat & { readonly chat: ReadableChat } }
  | { readonly kind: 'superseded' | 'unavailable' };

function whatIsNeeded(stored: StoredChat | undefined, requestedAt: number): Need {
  if (!stored || !isReadable(stored.chat)) return { kind: 'unavailable' };
  if (stored.checkedAt !== null && stored.checkedAt >= requestedAt) return { kind: 'superseded' };
  return { kind: 'read', chat: { ...stored, chat: stored.chat } };
}

/** Returns the name of a part's remainder: `17.0`, `17.0+1`, `17.0+2`, … */
function nextPart(part: string): string {
  const [name = part, repetition = 0] = part.split('+');
  return `${name}+${Number(repetition) + 1}`;
}
