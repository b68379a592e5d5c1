/** Chats by the tick they are due in: a list a tick, so that a chat is put in, moved and taken out in constant time. */
export class DueQueue {
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #tick: Int32Array;
  /** No earlier tick has chats. */
  #from = 0;
  /** Chats due in ticks up to the last one asked for. */
  constructor(chats: number, ticks: number) {
    this.#first = new Int32Array(ticks + 1).fill(-1);
    this.#next = new Int32Array(chats).fill(-1);
    this.#previous = new Int32Array(chats).fill(-1);
    this.#tick = new Int32Array(chats).fill(-1);
  }

  /** Puts the chat into its tick, wherever it was; beyond the last tick it is never due. */
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

  /** Takes out the chat that has been due the longest, if one is due by this tick; else −1. */
  take(tick: number): number {
    for (; this.#from <= tick; this.#from += 1) {
      const chat = this.#first[this.#from] ?? -1;
      if (chat < 0) continue;
      this.remove(chat);
      return chat;
    }
    return -1;
  }

  /** How many are due by this tick. */
  count(tick: number): number {
    let count = 0;
    for (let slot = this.#from; slot <= tick; slot += 1) {
      for (let chat = this.#first[slot] ?? -1; chat >= 0; chat = this.#next[chat] ?? -1) count += 1;
    }
    return count;
  }
}
