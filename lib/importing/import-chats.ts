import type { ChatStore, ImportedChat } from '../state/chat-store.ts';
import { type ImportLine, type RefusedLine, readImportLine } from './read-line.ts';
import { SeenIds } from './seen-ids.ts';

/**
 * Imports chats from a list. Lines are streamed, and every line is counted. An import can be repeated, because the MAX id decides
 * whether a line is a new chat.
 */

/** Lines in one call of the store, and calls in flight. Both limit the memory for lines, however long the list is. */
const BATCH = 500;
const IN_FLIGHT = 2;

/** Each line is exactly one of created, updated, unchanged, repeated and refused. */
export interface ImportTotals {
  readonly lines: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Lines whose MAX id occurs in another line of the same list. The last of these lines wins. */
  readonly repeated: number;
  readonly refused: number;
}

interface Entry {
  readonly chat: ImportedChat;
  readonly source: ImportLine;
}

/** Entries by MAX id, because a call of the store may contain each MAX id only once. */
type Batch = Map<string, Entry>;

/**
 * Imports all lines. Refused lines go to `onRefused`; all others are written in batches. An import that stopped can be run again.
 * Needs 16 to 32 bytes of memory per line to detect repeated MAX ids, in addition to the batches in flight.
 * @throws what the store or `onRefused` throws. Batches that were already written remain.
 */
export async function importChats(
  store: Pick<ChatStore, 'importMany'>,
  lines: AsyncIterable<ImportLine> | Iterable<ImportLine>,
  options: {
    readonly now: () => number;
    readonly onRefused: (refused: RefusedLine) => void | Promise<void>;
    readonly onProgress?: (totals: ImportTotals) => void;
  },
): Promise<ImportTotals> {
  const totals = { lines: 0, created: 0, updated: 0, unchanged: 0, repeated: 0, refused: 0 };
  const seen = new SeenIds();
  const inFlight = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  /** `first`: the first line of each MAX id. `repeats`: lines with a MAX id that was already passed to the store. */
  let first: Batch = new Map();
  let repeats: Batch = new Map();

  const refuse = async (refused: RefusedLine) => {
    totals.refused += 1;
    await options.onRefused(refused);
  };

  const write = async (batch: Batch, areRepeats: boolean) => {
    const chats = [...batch.values()].map(({ chat }) => chat);
    const { created, updated, unchanged, conflicts = [] } = await store.importMany(chats, options.now());
    if (areRepeats) {
      totals.repeated += created + updated + unchanged;
    } else {
      totals.created += created;
      totals.updated += updated;
      totals.unchanged += unchanged;
    }
    for (const { maxChatId, kind, existing } of conflicts) {
      const { chat, source } = batch.get(maxChatId) as Entry;
      const reason =
        kind === 'taken'
          ? `id: another chat has the id ${chat.id}`
          : `id: must be ${existing}, which the chat with this max_chat_id has already`;
      await refuse({ line: source.line, reason, ...(source.fields && { fields: source.fields }) });
    }
    options.onProgress?.({ ...totals });
  };

  const writeFirst = async () => {
    const batch = first;
    first = new Map();
    const writing = write(batch, false).catch((error: unknown) => {
      failure = { error };
    });
    const settled = writing.finally(() => inFlight.delete(settled));
    inFlight.add(settled);
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
  };

  /** Waits for the batches in flight first. One of them may contain the earlier line, and the later line must win. */
  const writeRepeats = async () => {
    await Promise.all(inFlight);
    if (failure) return;
    const batch = repeats;
    repeats = new Map();
    await write(batch, true);
  };

  for await (const source of lines) {
    totals.lines += 1;
    const chat = readImportLine(source);
    if ('reason' in chat) {
      await refuse(chat);
      continue;
    }
    const { maxChatId } = chat;
    const waiting = [first, repeats].find((batch) => batch.has(maxChatId));
    if (waiting) totals.repeated += 1;
    const isNew = seen.add(maxChatId);
    (waiting ?? (isNew ? first : repeats)).set(maxChatId, { chat, source });
    if (first.size >= BATCH) await writeFirst();
    if (repeats.size >= BATCH) await writeRepeats();
    if (failure) break;
  }
  if (first.size > 0 && !failure) await writeFirst();
  if (repeats.size > 0 && !failure) await writeRepeats();
  await Promise.all(inFlight);
  if (failure) throw failure.error;
  return totals;
}
