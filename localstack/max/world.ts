/**
 * The world of the simulated MAX: chats whose members join and leave by themselves.
 *
 * All chats together change as one Poisson process. So the world draws only the time of the next event and its chat, and needs a
 * few bytes per chat. An event depends on the seed and on earlier events, but not on the times of requests. So the same seed and
 * the same commands at the same times give the same world.
 */
import type { Clock } from '../../lib/base/clock.ts';
import {
  type BotRole,
  botId,
  type ChatFacts,
  type ChatType,
  chatBody,
  departmentOf,
  linkOf,
  memberId,
  membershipBody,
  permissionsOf,
  titleOf,
  universityOf,
  userOf,
} from './bodies.ts';
import { hash, logNormal, type Random, randomStream, share } from './random.ts';

export interface WorldOptions {
  /** Number of chats, 1 to 1,000,000. */
  readonly chats: number;
  /** Seed of the random data, a uint32. */
  readonly seed: number;
  /** Speed of all random changes: 1 is realistic, 0 freezes the world. */
  readonly drift: number;
  /** Share of the chats that disappear in a day at drift 1. A chat that expelled the bot admits it again at the same rate. */
  readonly goneRate: number;
  readonly clock: Pick<Clock, 'now'>;
  /**
   * Called, in order, for each event that MAX would send to this bot. It sends joins and leaves only if the bot may read
   * messages.
   */
  readonly onUpdate?: (update: Update) => void;
}

/**
 * The ways in which a chat is gone. `denied` gives a 403, `not_found` a 404, the others a 200 with that status and a count of 0.
 * Random changes use only the first three.
 */
export const waysToBeGone = ['removed', 'denied', 'not_found', 'left', 'closed', 'suspended'] as const;
const spontaneousWays = 3;
export type Gone = (typeof waysToBeGone)[number];
/** The ways whose response is an error. */
type Refused = Extract<Gone, 'denied' | 'not_found'>;

export const updateTypes = [
  'user_added',
  'user_removed',
  'bot_added',
  'bot_removed',
  'chat_title_changed',
  'bot_admin_permissions_changed',
] as const;
export type UpdateType = (typeof updateTypes)[number];

/** The body of a webhook delivery. */
export interface Update {
  readonly update_type: UpdateType;
  readonly timestamp: number;
  readonly chat_id: number;
  readonly [field: string]: unknown;
}

/** The actual state of a chat, for comparison with the state in the service. */
export interface ChatTruth {
  readonly chat_id: string;
  readonly type: ChatType;
  readonly title: string;
  readonly participants_count: number;
  readonly gone: Gone | null;
  readonly bot: BotRole;
  /** Expected membership changes an hour at this world's drift. */
  readonly changes_per_hour: number;
  readonly last_event_time: number;
}

/** A chat for the table of the local stack at its first start. */
export interface ChatSeed {
  readonly max_chat_id: string;
  readonly name: string;
  readonly url: string;
  readonly university_id: number;
  readonly department: string;
}

const salt = { type: 0, count: 2, rate: 4, role: 6, id: 7, far: 8, lastEvent: 9, history: 10, messages: 11 } as const;
const roles = ['member', 'admin', 'reader'] as const;

/** Membership changes per chat and hour. 45,500 an hour over 150,000 chats is the load that the service is designed for. */
const meanChangesPerHour = 45_500 / 150_000;
const rateSpread = 1.5;
/** The mean of a log-normal distribution is its median times exp(spread² / 2). */
const medianChangesPerHour = meanChangesPerHour * Math.exp(-(rateSpread ** 2) / 2);
/** Messages have rates of their own: they say nothing of who joins or leaves. */
const medianMessagesPerHour = 1;
const messagesSpread = 1.5;
const medianCount = 30;
const countSpread = 1.1;
const mostAtFirst = 5_000;
/** Shares of a chat's events that are not joins or leaves. */
const renameShare = 0.005;
const roleChangeShare = 0.002;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

// Ids start at three bases. Each chat has its own range of 1,000 ids, so the index of a chat follows from its id without a map.
const idStride = 1_000;
const farBase = 698_000_000_000_000;
const nearBase = 68_000_000_000_000;
const dialogBase = 900_000_000;

export class World {
  readonly size: number;
  readonly #options: WorldOptions;
  readonly #random: Random;
  readonly #counts: Int32Array;
  /** Running sums of the chats' changes per hour. The chat of an event is found in it by bisection. */
  readonly #rates: Float64Array;
  /** When something other than a message last happened. */
  readonly #lastEventMs: Float64Array;
  readonly #beganMs: number;
  readonly #gone: Uint8Array;
  readonly #roles: Uint8Array;
  readonly #renames = new Map<number, number>();
  #nextEventMs: number;
  /** Whether joins and leaves leave a chat's `last_event_time` alone. */
  silentJoins = false;

  constructor(options: WorldOptions) {
    const { chats, seed, clock } = options;
    this.#options = options;
    this.size = chats;
    this.#random = randomStream(hash(seed, 0, salt.history));
    this.#counts = new Int32Array(chats);
    this.#rates = new Float64Array(chats);
    this.#lastEventMs = new Float64Array(chats);
    this.#gone = new Uint8Array(chats);
    this.#roles = new Uint8Array(chats);
    const nowMs = clock.now();
    this.#beganMs = nowMs;
    let total = 0;
    for (let index = 0; index < chats; index += 1) {
      const dialog = this.#typeOf(index) === 'dialog';
      if (!dialog) total += logNormal(seed, index, salt.rate, medianChangesPerHour, rateSpread);
      this.#rates[index] = total;
      this.#counts[index] = this.#usualCount(index);
      this.#lastEventMs[index] = nowMs - Math.floor(share(seed, index, salt.lastEvent) * dayMs);
      const role = share(seed, index, salt.role);
      this.#roles[index] = dialog ? 0 : role < 0.8 ? 2 : role < 0.85 ? 1 : 0;
    }
    this.#nextEventMs = nowMs + this.#pause();
  }

  /** Applies all events up to the current time. Reads call it themselves. */
  advance(): void {
    const nowMs = this.#options.clock.now();
    while (this.#nextEventMs <= nowMs) {
      const atMs = Math.floor(this.#nextEventMs);
      if (this.#random() * this.#eventsPerHour() < this.#goingPerHour()) this.#comeOrGo(atMs);
      else this.#change(atMs);
      this.#nextEventMs += this.#pause();
    }
  }

  /** Returns the id of the chat at `index`, 0 to size − 1. Throws a RangeError for other values. */
  idAt(index: number): string {
    return String(this.#idOf(index));
  }

  /** Returns whether the chat exists, even if it is gone. */
  has(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  /** Returns the actual state of a chat, even if it is gone; `undefined` for an unknown chat. */
  truth(id: string): ChatTruth | undefined {
    const index = this.#find(id);
    return index === undefined ? undefined : this.#truthAt(index);
  }

  /** Returns the body of `GET /chats/{id}`, or why the chat is gone. Unknown ids are `not_found`. */
  body(id: string): Record<string, unknown> | Refused {
    return this.#answer(id, chatBody);
  }

  /** Returns the body of `GET /chats/{id}/members/me`. */
  membership(id: string): Record<string, unknown> | Refused {
    return this.#answer(id, membershipBody);
  }

  /**
   * Sets the actual count (an int32, 0 or more) and sends one event for the whole difference, because one event is enough to cause
   * a refresh. Returns false and changes nothing for an unknown chat and for a dialog, which always has 2 participants.
   */
  setCount(id: string, count: number): boolean {
    const index = this.#find(id);
    if (index === undefined || this.#typeOf(index) === 'dialog') return false;
    const before = this.#counts[index] ?? 0;
    this.#counts[index] = count;
    if (count === before) return true;
    this.#tellMembership(index, count > before, Math.max(count, before) - 1, this.#options.clock.now());
    return true;
  }

  /** Marks a chat as gone, or as active for null. Returns false for an unknown chat. */
  setGone(id: string, gone: Gone | null): boolean {
    const index = this.#find(id);
    if (index === undefined) return false;
    this.#setGone(index, gone, this.#options.clock.now());
    return true;
  }

  /**
   * Lets this number of members join or leave now, even in a frozen world. Returns the actual number, which is lower if chats are
   * gone.
   */
  force(changes: number): number {
    this.advance();
    let made = 0;
    for (let tries = 0; made < changes && tries < changes * 10 + 100; tries += 1) {
      const index = this.#strike();
      if (index === undefined || this.#gone[index] !== 0) continue;
      this.#joinOrLeave(index, this.#options.clock.now());
      made += 1;
    }
    return made;
  }

  /** Yields the actual states of at most `limit` chats, from `offset` on. */
  *truths(offset: number, limit: number): Generator<ChatTruth> {
    this.advance();
    for (let index = offset; index < Math.min(this.size, offset + limit); index += 1) yield this.#truthAt(index);
  }

  /** Yields all chats of this world in the order of their index. The local stack adds them to its table at its first start. */
  *seeds(): Generator<ChatSeed> {
    const seed = this.#options.seed;
    for (let index = 0; index < this.size; index += 1) {
      yield {
        max_chat_id: this.idAt(index),
        name: titleOf(this.#factsAt(index)),
        url: linkOf(seed, index),
        university_id: universityOf(seed, index),
        department: departmentOf(seed, index),
      };
    }
  }

  #answer(id: string, write: (chat: ChatFacts) => Record<string, unknown>): Record<string, unknown> | Refused {
    const index = this.#find(id);
    if (index === undefined) return 'not_found';
    const gone = this.#goneAt(index);
    return gone === 'denied' || gone === 'not_found' ? gone : write(this.#factsAt(index));
  }

  #find(id: string): number | undefined {
    this.advance();
    const size = Math.abs(Number(id));
    for (const base of [farBase, nearBase, dialogBase]) {
      const index = Math.floor((size - base) / idStride);
      if (index >= 0 && index < this.size && this.idAt(index) === id) return index;
    }
    return undefined;
  }

  #idOf(index: number): number {
    if (!(index >= 0 && index < this.size)) throw new RangeError(`no chat at ${index}: there are ${this.size}`);
    const place = index * idStride + (hash(this.#options.seed, index, salt.id) % idStride);
    if (this.#typeOf(index) === 'dialog') return dialogBase + place;
    return -((share(this.#options.seed, index, salt.far) < 0.2 ? farBase : nearBase) + place);
  }

  #typeOf(index: number): ChatType {
    const kind = share(this.#options.seed, index, salt.type);
    return kind < 0.02 ? 'dialog' : kind < 0.12 ? 'channel' : 'chat';
  }

  /** Returns the initial count of a chat. The count tends back to it. */
  #usualCount(index: number): number {
    if (this.#typeOf(index) === 'dialog') return 2;
    const count = Math.round(logNormal(this.#options.seed, index, salt.count, medianCount, countSpread));
    return Math.min(mostAtFirst, Math.max(2, count));
  }

  #goneAt(index: number): Gone | null {
    const code = this.#gone[index] ?? 0;
    return code === 0 ? null : (waysToBeGone[code - 1] ?? null);
  }

  #roleAt(index: number): BotRole {
    return roles[this.#roles[index] ?? 0] ?? 'member';
  }

  #factsAt(index: number): ChatFacts {
    return {
      seed: this.#options.seed,
      index,
      id: this.#idOf(index),
      type: this.#typeOf(index),
      count: this.#counts[index] ?? 0,
      renamed: this.#renames.get(index) ?? 0,
      role: this.#roleAt(index),
      gone: this.#goneAt(index),
      ...this.#activityAt(index),
    };
  }

  /** Messages come evenly, so that their number and the time of the last follow from the clock. */
  #activityAt(index: number): Pick<ChatFacts, 'lastEventMs' | 'messages'> {
    const { seed, drift, clock } = this.#options;
    const lastEventMs = this.#lastEventMs[index] ?? 0;
    const everyMs = hourMs / (logNormal(seed, index, salt.messages, medianMessagesPerHour, messagesSpread) * drift);
    const messages = Math.floor((clock.now() - this.#beganMs) / everyMs);
    if (messages === 0) return { lastEventMs, messages };
    return { lastEventMs: Math.max(lastEventMs, Math.floor(this.#beganMs + messages * everyMs)), messages };
  }

  #truthAt(index: number): ChatTruth {
    const facts = this.#factsAt(index);
    const rate = (this.#rates[index] ?? 0) - (this.#rates[index - 1] ?? 0);
    return {
      chat_id: String(facts.id),
      type: facts.type,
      title: titleOf(facts),
      participants_count: facts.count,
      gone: this.#goneAt(index),
      bot: facts.role,
      changes_per_hour: rate * this.#options.drift * (1 - renameShare - roleChangeShare),
      last_event_time: facts.lastEventMs,
    };
  }

  #goingPerHour(): number {
    return (this.#options.goneRate * this.size) / 24;
  }

  /** Returns the events per hour at drift 1. */
  #eventsPerHour(): number {
    return this.#goingPerHour() + (this.#rates[this.size - 1] ?? 0);
  }

  /** Returns the time to the next event, ms: exponentially distributed; infinite in a frozen world. */
  #pause(): number {
    return (-Math.log(1 - this.#random()) * hourMs) / (this.#eventsPerHour() * this.#options.drift);
  }

  /** Draws the chat of the next change in proportion to the rates; `undefined` if no chat ever changes. */
  #strike(): number | undefined {
    const target = this.#random() * (this.#rates[this.size - 1] ?? 0);
    let low = 0;
    let high = this.size - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rates[middle] ?? 0) > target) high = middle;
      else low = middle + 1;
    }
    return (this.#rates[low] ?? 0) > target ? low : undefined;
  }

  #change(atMs: number): void {
    const index = this.#strike();
    const kind = this.#random();
    if (index === undefined || this.#gone[index] !== 0) return;
    if (kind < renameShare) this.#rename(index, atMs);
    else if (kind < renameShare + roleChangeShare) this.#changeRole(index, atMs);
    else this.#joinOrLeave(index, atMs);
  }

  #joinOrLeave(index: number, atMs: number): void {
    const count = this.#counts[index] ?? 0;
    const usual = this.#usualCount(index);
    // The further a count is above its usual size, the more likely a member leaves. So counts vary but neither vanish nor explode.
    const joins = this.#random() < usual / (usual + count) || count <= 2;
    this.#counts[index] = count + (joins ? 1 : -1);
    this.#tellMembership(index, joins, joins ? count : count - 1, atMs);
  }

  #rename(index: number, atMs: number): void {
    this.#renames.set(index, (this.#renames.get(index) ?? 0) + 1);
    const facts = this.#factsAt(index);
    this.#tell(index, 'chat_title_changed', atMs, () => ({ user: this.#owner(index), title: titleOf(facts) }));
  }

  #changeRole(index: number, atMs: number): void {
    this.#roles[index] = this.#roles[index] === 2 ? 0 : 2;
    const role = this.#roleAt(index);
    this.#tell(index, 'bot_admin_permissions_changed', atMs, () => ({
      user_id: memberId(this.#options.seed, index, 1),
      bot_id: botId,
      is_channel: this.#typeOf(index) === 'channel',
      is_admin: role !== 'member',
      ...(role === 'member' ? {} : { permissions: permissionsOf(role) }),
    }));
  }

  #comeOrGo(atMs: number): void {
    const index = Math.floor(this.#random() * this.size);
    const way = waysToBeGone[Math.floor(this.#random() * spontaneousWays)] ?? 'denied';
    if (this.#typeOf(index) === 'dialog') return;
    const gone = this.#goneAt(index);
    if (gone === null) this.#setGone(index, way, atMs);
    else if (gone === 'denied') this.#setGone(index, null, atMs);
  }

  #setGone(index: number, gone: Gone | null, atMs: number): void {
    const before = this.#goneAt(index);
    if (gone === before) return;
    this.#gone[index] = gone === null ? 0 : waysToBeGone.indexOf(gone) + 1;
    // MAX sends an event only if the bot is expelled. The service finds other removed or lost chats only by a request.
    if (gone === 'denied') this.#tellBot(index, 'bot_removed', atMs);
    else if (gone === null && before === 'denied') this.#tellBot(index, 'bot_added', atMs);
  }

  #tellBot(index: number, type: 'bot_added' | 'bot_removed', atMs: number): void {
    this.#tell(index, type, atMs, () => ({
      user: this.#owner(index),
      is_channel: this.#typeOf(index) === 'channel',
    }));
  }

  #tellMembership(index: number, joined: boolean, seat: number, atMs: number): void {
    const seed = this.#options.seed;
    const userId = memberId(seed, index, seat);
    if (!this.silentJoins) this.#lastEventMs[index] = atMs;
    if (this.#roleAt(index) !== 'reader' || this.#gone[index] !== 0) return;
    // The field is absent or null if the member joined by a link or left by itself. Otherwise it names the owner.
    const by = userId % 10;
    const actor = by < 3 ? {} : { [joined ? 'inviter_id' : 'admin_id']: by < 5 ? null : memberId(seed, index, 1) };
    this.#send(index, joined ? 'user_added' : 'user_removed', atMs, () => ({
      user: userOf(seed, userId),
      // MAX sends this field but does not document it.
      user_id: userId,
      ...actor,
      is_channel: this.#typeOf(index) === 'channel',
    }));
  }

  #tell(index: number, type: UpdateType, atMs: number, fields: () => Record<string, unknown>): void {
    this.#lastEventMs[index] = atMs;
    this.#send(index, type, atMs, fields);
  }

  #send(index: number, type: UpdateType, atMs: number, fields: () => Record<string, unknown>): void {
    this.#options.onUpdate?.({ update_type: type, timestamp: atMs, chat_id: this.#idOf(index), ...fields() });
  }

  #owner(index: number): Record<string, unknown> {
    return userOf(this.#options.seed, memberId(this.#options.seed, index, 1));
  }
}
