import { dayOf } from '../../lib/base/day.ts';
import type { CountReading, DayOfCounts } from '../../lib/chats/history.ts';
import type { ImportTotals } from '../../lib/importing/import-chats.ts';
import type { ShownCount } from '../../lib/listing/view-counts.ts';
import { AUDIT_INTERVAL_MS } from '../../lib/planner/audit.ts';
import { SCHEDULING_LIMITS } from '../../lib/planner/plan.ts';
import { type Run, statusOf } from '../../lib/state/run-store.ts';
import type { MemoryChat } from '../support/memory/chats.ts';
import type { Engine } from './engine.ts';
import type { MaxModel } from './max-model.ts';

/** Largest difference between clocks, ms. */
const SKEW_MS = 400;
/** Time after which all readers and requests have ended that started before a chat got another MAX id, ms. */
const MOVED_MS = 90_000;

/** Longest time until a chat is due again, ms. */
const LATEST_DUE_MS = Math.max(SCHEDULING_LIMITS.maxIntervalMs, AUDIT_INTERVAL_MS) * 1.2;

interface AtRest {
  readonly chats: ReadonlyMap<number, MemoryChat>;
  readonly run: Run | undefined;
  /** Refreshes in dead-letter queues. */
  readonly deadRefreshes: number;
  /** No chat is still due from before, Unix ms. */
  readonly overdueBefore: number;
  /** Leases that remain for minutes. */
  readonly leases: readonly string[];
  /** Chats that the background sync queued. */
  readonly synced: number;
  /** Posting lists that disagree with the chats after the nightly repair. */
  readonly wrongLists: readonly string[];
  readonly historyOf: (id: number) => Promise<readonly DayOfCounts[]>;
  /** Largest number of changed counts that a crash or a failure kept from the history. */
  readonly mayBeUnrecorded: number;
}

/**
 * The conditions that must hold during all failures, checked at every write and response. docs/architecture.md has their numbers.
 */
export class Invariants {
  broken: Error | undefined;
  readonly #engine: Engine;
  readonly #max: MaxModel;
  readonly #violated: (message: string) => Error;
  readonly #deleted = new Set<number>();
  readonly #deletable = new Set<number>();
  /** Every MAX id that a chat has had. */
  readonly #maxIds = new Map<number, Set<string>>();
  #chats: ReadonlyMap<number, MemoryChat> = new Map();
  readonly #runs = new Map<string, Pick<Run, 'done' | 'planned' | 'cursor'>>();
  /** When a chat got the MAX id it has, true time. */
  readonly #movedAt = new Map<number, number>();
  /** The changed counts that the durable store took, and those that the history got: `chat count readAt`. */
  readonly #changedCounts = new Set<string>();
  readonly #recorded = new Map<number, Map<string, CountReading>>();
  /** The latest writes, with the previous values. */
  #writes: { readonly at: number; readonly id: number; readonly before: MemoryChat | undefined }[] = [];

  constructor(engine: Engine, max: MaxModel, violated: (message: string) => Error) {
    this.#engine = engine;
    this.#max = max;
    this.#violated = violated;
  }

  #break(message: string): void {
    this.#engine.note(`BROKEN: ${message}`);
    this.broken ??= this.#violated(message);
  }

  /** The chats of the durable store. Every write is checked. @param written called with each write. */
  watch(
    chats: Map<number, MemoryChat>,
    written: (before: MemoryChat | undefined, next: MemoryChat | undefined) => void,
  ): Map<number, MemoryChat> {
    const invariants = this;
    class Watched extends Map<number, MemoryChat> {
      override set(id: number, next: MemoryChat): this {
        invariants.#remember(id, this.get(id));
        invariants.#written(id, this.get(id), next);
        written(this.get(id), next);
        return super.set(id, next);
      }
      override delete(id: number): boolean {
        if (!invariants.#deletable.has(id)) invariants.#break(`chat ${id} was deleted by nobody`);
        invariants.#remember(id, this.get(id));
        invariants.#deleted.add(id);
        written(this.get(id), undefined);
        return super.delete(id);
      }
    }
    const watched = new Watched(chats);
    this.#chats = watched;
    return watched;
  }

  #remember(id: number, before: MemoryChat | undefined): void {
    const { now } = this.#engine;
    this.#writes = this.#writes.filter(({ at }) => at > now - 5_000);
    this.#writes.push({ at: now, id, before });
  }

  /** The chats as they were at a time of the last five seconds. */
  before(chats: ReadonlyMap<number, MemoryChat>, time: number): Map<number, MemoryChat> {
    const copy = new Map(chats);
    for (const { at, id, before } of this.#writes.toReversed()) {
      if (at <= time) break;
      if (before) copy.set(id, before);
      else copy.delete(id);
    }
    return copy;
  }

  deleting(id: number): void {
    this.#deletable.add(id);
  }

  #written(id: number, before: MemoryChat | undefined, next: MemoryChat): void {
    const { maxChatId, status } = next.chat;
    this.#engine.note(
      `chat ${id}: ${maxChatId} ${status} ${next.participantsCount} read ${next.readAt} checked ${next.checkedAt} due ${next.dueAt}`,
    );
    if (this.#deleted.has(id)) this.#break(`chat ${id} came back after it was deleted`);
    if (maxChatId !== null) this.#maxIds.set(id, (this.#maxIds.get(id) ?? new Set()).add(maxChatId));
    for (const [other, { chat }] of this.#chats) {
      if (other !== id && maxChatId !== null && chat.maxChatId === maxChatId) {
        this.#break(`chats ${id} and ${other} both have MAX id ${maxChatId}`);
      }
    }
    if (status === 'active' && maxChatId !== null && next.dueAt === undefined) {
      this.#break(`chat ${id} is active and will never be read again`);
    }
    if (status !== 'active' && next.dueAt !== undefined && next.dueAt !== before?.dueAt) {
      this.#break(`chat ${id} is ${status} and was made due`);
    }
    if ((next.dueAt ?? 0) > this.#engine.now + LATEST_DUE_MS) this.#break(`chat ${id} is due at ${next.dueAt}`);
    const same = before?.chat.maxChatId === maxChatId;
    if (!same) this.#movedAt.set(id, this.#engine.now);
    if (before && same) {
      if ((next.checkedAt ?? 0) < (before.checkedAt ?? 0)) this.#break(`chat ${id}: an older answer won (2)`);
      if ((next.readAt ?? 0) < (before.readAt ?? 0)) this.#break(`chat ${id}: an older count won (2)`);
    }
    if (
      next.readAt !== null &&
      (next.readAt !== before?.readAt || next.participantsCount !== before?.participantsCount)
    ) {
      if (maxChatId === null) this.#break(`chat ${id} has a count and no MAX id`);
      else if (!this.#wasAnswered(maxChatId, next.participantsCount, next.readAt)) {
        this.#break(`chat ${id}: MAX never gave ${next.participantsCount} for ${maxChatId} at ${next.readAt} (4)`);
      }
      if (next.participantsCount !== before?.participantsCount) {
        this.#changedCounts.add(`${id} ${next.participantsCount} ${next.readAt}`);
      }
    }
  }

  #wasAnswered(maxChatId: string, count: number | null, askedAt: number): boolean {
    return this.#max.answered(maxChatId, askedAt).some((answer) => answer.count === count);
  }

  /** Called when a count was written into the cache. */
  cached(key: string, value: string, before: string | undefined): void {
    const id = Number(key.split(':')[1]);
    const { count, updated_at } = JSON.parse(value) as { count: number; updated_at: string | null };
    this.#engine.note(`cache ${id}: ${value}`);
    const known = before && (JSON.parse(before) as { updated_at: string | null }).updated_at;
    if (known && known > (updated_at ?? ''))
      this.#break(`the cache had ${before} for chat ${id} and took the older ${value} (2)`);
    if (updated_at === null) return;
    const ids = [...(this.#maxIds.get(id) ?? [])];
    if (!ids.some((maxChatId) => this.#wasAnswered(maxChatId, count, Date.parse(updated_at)))) {
      this.#break(`the cache has ${value} for chat ${id}, which MAX never said`);
    }
    const stored = this.#chats.get(id);
    // The durable store is written first, so the cache never has a newer count.
    if (stored && stored.checkedAt !== null && Date.parse(updated_at) > stored.checkedAt && !this.#moved(id)) {
      this.#break(`the cache knows of ${updated_at} for chat ${id}, the durable store does not (3)`);
    }
  }

  /** Whether the chat has had several MAX ids. */
  #moved(id: number): boolean {
    return (this.#maxIds.get(id)?.size ?? 0) > 1;
  }

  /** Called when a reader got a count. */
  shown(id: number, shown: ShownCount | undefined): void {
    if (!shown || shown.participantsCount === null || shown.updatedAt === null) return;
    const at = Date.parse(shown.updatedAt);
    const ids = [...(this.#maxIds.get(id) ?? [])];
    if (!ids.some((maxChatId) => this.#wasAnswered(maxChatId, shown.participantsCount, at))) {
      this.#break(`chat ${id} was shown with ${shown.participantsCount}, which MAX never said`);
    }
    const settled = (this.#movedAt.get(id) ?? 0) < this.#engine.now - MOVED_MS;
    const now = this.#chats.get(id)?.chat.maxChatId;
    if (settled && now && !this.#wasAnswered(now, shown.participantsCount, at)) {
      this.#break(`chat ${id} was shown with ${shown.participantsCount}, which is the count of a MAX id it had before`);
    }
  }

  /** Called when a person got `count` as the present count. */
  answered(id: number, count: number, updatedAt: string, arrivedAt: number): void {
    const ids = [...(this.#maxIds.get(id) ?? [])];
    const at = Date.parse(updatedAt);
    const found = ids.flatMap((of) => this.#max.answered(of, at)).find((answer) => answer.count === count);
    if (!found) this.#break(`chat ${id} was called updated with ${count}, which MAX never said (4)`);
    else if (found.sentAt < arrivedAt - SKEW_MS)
      this.#break(`chat ${id} was called updated with an answer from before (4)`);
  }

  /** Called when the history took a count. Only changed counts of the durable store are history. */
  recorded(id: number, reading: CountReading): void {
    const key = `${id} ${reading.count} ${reading.readAt}`;
    if (!this.#changedCounts.has(key)) this.#break(`the history of chat ${id} got ${key}, which is no changed count`);
    this.#recorded.set(id, (this.#recorded.get(id) ?? new Map()).set(key, reading));
  }

  /** Called after a message that belongs to no run: each of its chats is done, or returns to the queue. */
  worked(chats: number, done: number, remaining: number): void {
    if (done + remaining !== chats)
      this.#break(`of a message of ${chats} chats ${done} were done and ${remaining} put back`);
  }

  /** Called after a message: the chats that are not done are in a new message. */
  putBack(remaining: number, sent: number): void {
    if (sent !== remaining) this.#break(`${remaining} chats of a message remained and ${sent} returned to the queue`);
  }

  /** Called after an import that nothing interrupted. */
  imported(
    { lines, created, updated, unchanged, repeated, refused }: ImportTotals,
    maxChatIds: readonly string[],
  ): void {
    const sum = created + updated + unchanged + repeated + refused;
    if (sum !== lines) this.#break(`an import read ${lines} lines and counted ${sum}`);
    const known = new Set([...this.#maxIds.values()].flatMap((ids) => [...ids]));
    for (const id of maxChatIds) if (!known.has(id)) this.#break(`an import lost the chat with the MAX id ${id}`);
  }

  /** Called with each written state of a run. */
  ran({ id, done, planned, cursor }: Run): void {
    this.#runs.set(id, { done, planned, cursor });
    // During the planning, messages may be handled before their page is counted.
    if (cursor === null && done > planned) this.#break(`run ${id} counted ${done} of ${planned} chats (9)`);
  }

  misusedPermit(message: string): void {
    this.#break(`${message} (1)`);
  }

  /** Called for an environment that was never killed: every slot that it got ended in exactly one way. */
  permitsConserved(environment: string, taken: number, ended: Readonly<Record<string, number>>): void {
    const sum = Object.values(ended).reduce((a, b) => a + b, 0);
    if (sum !== taken) {
      this.#break(`${environment} took ${taken} permits, and ${sum} ended: ${JSON.stringify(ended)} (1)`);
    }
  }

  /** Called when all work is done: everything that was queued ended in exactly one way. */
  conserved(queued: number, ended: Readonly<Record<string, number>>): void {
    const sum = Object.values(ended).reduce((a, b) => a + b, 0);
    if (sum !== queued) this.#break(`${queued} refreshes were queued, and ${sum} ended: ${JSON.stringify(ended)}`);
  }

  /** Called when all work is done and nothing has failed for an hour. */
  async atRest(rest: AtRest): Promise<void> {
    const { chats, run, deadRefreshes, overdueBefore, leases } = rest;
    for (const [id, stored] of chats) {
      const { maxChatId, status } = stored.chat;
      const truth = maxChatId === null ? undefined : this.#max.chats.get(maxChatId);
      if (!truth || status !== 'active') continue;
      if (truth.status !== 'active')
        this.#break(`chat ${id} is active here and ${truth.status} in MAX after a full update`);
      else if (stored.participantsCount !== truth.count) {
        this.#break(`chat ${id} shows ${stored.participantsCount} and has ${truth.count} after a full update`);
      }
      if ((stored.dueAt ?? 0) < overdueBefore) this.#break(`chat ${id} has been due since ${stored.dueAt}`);
    }
    if (!run) this.#break('the full update left no run');
    else {
      const status = statusOf(run, this.#engine.now);
      if (status !== 'finished') this.#break(`the full update is ${status}: ${run.done} of ${run.planned}`);
      if (run.done !== run.planned) this.#break(`the full update counted ${run.done} of ${run.planned} (9)`);
      if (run.failed > 0) this.#break(`the full update failed for ${run.failed} chats while nothing failed`);
    }
    for (const [id, { done, planned, cursor }] of this.#runs) {
      // If the planning of a run ended before its first message, the next start continues it.
      if (cursor === null && done !== planned) this.#break(`run ${id} ended with ${done} of ${planned} chats (9)`);
    }
    if (deadRefreshes > 0) this.#break(`${deadRefreshes} refreshes are in the dead-letter queues (8)`);
    if (leases.length > 0) this.#break(`leases outlive their holders: ${leases.join(', ')}`);
    if (rest.synced === 0) this.#break('the background sync queued no refresh');
    if (rest.wrongLists.length > 0) this.#break(`posting lists after the repair: ${rest.wrongLists.join('; ')}`);
    await this.#historyAddsUp(rest);
  }

  async #historyAddsUp({ historyOf, mayBeUnrecorded }: AtRest): Promise<void> {
    let recorded = 0;
    for (const [id, readings] of this.#recorded) {
      recorded += readings.size;
      const days = await historyOf(id);
      for (const date of new Set([...readings.values()].map(({ readAt }) => dayOf(readAt)))) {
        const counts = [...readings.values()].filter(({ readAt }) => dayOf(readAt) === date);
        const inOrder = counts.toSorted((a, b) => a.readAt - b.readAt);
        const [first, last] = [inOrder[0], inOrder.at(-1)];
        const day = days.find((one) => one.date === date);
        const all = counts.map(({ count }) => count);
        const right = [first?.readAt, last?.readAt, Math.min(...all), Math.max(...all)];
        if (`${right}` !== `${day && [day.firstAt, day.lastAt, day.min, day.max]}`) {
          this.#break(`the history of chat ${id} on ${date} is ${JSON.stringify(day)} and should be ${right}`);
        }
      }
    }
    const lost = this.#changedCounts.size - recorded;
    if (lost > mayBeUnrecorded) {
      this.#break(`the history lacks ${lost} changed counts, and at most ${mayBeUnrecorded} could be lost`);
    }
  }
}
