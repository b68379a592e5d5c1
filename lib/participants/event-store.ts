/** What events leave behind beside a chat. Times are Unix ms; newest wins, so repeats and reordering change nothing. */
export interface EventStore {
  /**
   * Opens the coalescing window of a changed chat, until `until`. @returns false where one is open: whatever changed since is
   * read at its end.
   */
  openWindow(id: number, now: number, until: number): Promise<boolean>;
  /** Records whether every join and leave of the chat is told, as of `at`. */
  trust(id: number, told: boolean, at: number): Promise<void>;
  /**
   * Says that MAX changed the chat's title at `at`. @returns the newest title that is known, this one or a later; `undefined`
   * for an unknown chat.
   */
  retitle(id: number, title: Title): Promise<Title | undefined>;
}

export interface Title {
  readonly title: string;
  readonly at: number;
}
