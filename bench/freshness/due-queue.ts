/** A queue of chats by the tick in which they are due. Each tick has a linked list, so all operations take constant time. */
export class DueQueue {
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #tick: Int32Array;
  /** The first tick that may have chats. */
  #from = 0;
  /** @param ticks the last tick; chats after it are never due. */
  constructor(chats: number, ticks: number) {
    this.#first = new Int32Array(ticks + 1).fill(-1);
    this.#next = new Int32Array(chats).fill(-1);
    this.#previous = new Int32Array(chats).fill(-1);
    this.#tick = new Int32Array(chats).fill(-1);
  }

  /** Moves the chat to a tick. A chat after the last tick is never due. */
  put(chat: number, tick: number): void {
    this.remove(chat);
    const slot = Math.max(0, Math.min(tick, this.#first.length - 1));
    const behind = this.#first[slot] ?? -1;
    this.#tick[chat] = slot;
    this.#next[chat] = behind;
    this.#previous[chat] = -1;
    if (behind >= 0) this.#previous[behind] = chat;
    this.#first[slot] = chat;
    this.#from = Math.min(this.#from, slot);
  }

  remove(chat: number): void {
    const slot = this.#tick[chat] ?? -1;
    if (slot < 0) return;
    const next = this.#next[chat] ?? -1;
    const previous = this.#previous[chat] ?? -1;
    if (next >= 0) this.#previous[next] = previous;
    if (previous >= 0) this.#next[previous] = next;
    else this.#first[slot] = next;
    this.#tick[chat] = -1;
  }

  /** Removes and returns the chat that has been due longest, if one is due by this tick; otherwise returns −1. */
  take(tick: number): number {
    for (; this.#from <= tick; this.#from += 1) {
      const chat = this.#first[this.#from] ?? -1;
      if (chat < 0) continue;
      this.remove(chat);
      return chat;
    }
    return -1;
  }

  /** Returns the number of chats that are due by this tick. */
  count(tick: number): number {
    let count = 0;
    for (let slot = this.#from; slot <= tick; slot += 1) {
      for (let chat = this.#first[slot] ?? -1; chat >= 0; chat = this.#next[chat] ?? -1) count += 1;
    }
    return count;
  }
}
