import * as z from 'zod';
import { chatFields, maxChatId, toChatFields } from '../chats/fields.ts';
import type { ChatStore, ImportedChat } from '../state/chat-store.ts';

/** Importing chats from a list: streaming, repeatable (the MAX id decides whether a line is a new chat), nothing lost. */

/** The columns of an import, in the order of the documentation. */
export const IMPORT_COLUMNS = [
  'name',
  'url',
  'max_chat_id',
  'external_chat_id',
  'university_id',
  'department',
  'source',
  'participants_count',
] as const;

/** Lines a call of the store, and calls under way at once: what is held in memory, however long the list is. */
const BATCH = 500;
const IN_FLIGHT = 2;

const importedChat = z.strictObject({
  name: chatFields.name,
  url: chatFields.url.default(null),
  max_chat_id: maxChatId,
  external_chat_id: chatFields.external_chat_id.default(null),
  university_id: chatFields.university_id.default(null),
  department: chatFields.department.default(null),
  source: chatFields.source.default(null),
  participants_count: z
    .number('must be a whole number')
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(2_147_483_647, 'must fit into 32 bits')
    .nullable()
    .default(null),
});

const importedChatOf = (line: z.output<typeof importedChat>): ImportedChat => ({
  ...toChatFields(line),
  participantsCount: line.participants_count,
});

/** A record as it was read: by column name; `undefined` where the line itself could not be read. */
export interface ImportLine {
  /** From 1, as an editor counts. */
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** Why it could not be read. */
  readonly problem?: string;
}

export interface RefusedLine {
  readonly line: number;
  readonly reason: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface ImportTotals {
  readonly lines: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: number;
}

/** Columns whose text is a number; JSON lines may also give them as numbers. */
const NUMBERS: readonly string[] = ['university_id', 'participants_count'];

/** An empty field is no value; digits are numbers where numbers are due; a MAX id may be a number as long as it is exact. */
function readField(name: string, value: unknown): unknown {
  if (value === '' || value === undefined) return name === 'name' || name === 'max_chat_id' ? undefined : null;
  if (typeof value === 'string' && NUMBERS.includes(name) && /^-?\d{1,16}$/.test(value.trim())) return Number(value);
  if (name === 'max_chat_id') {
    if (typeof value === 'string') return value.trim();
    if (Number.isSafeInteger(value)) return String(value);
  }
  return value;
}

export function readImportLine({ line, fields, problem }: ImportLine): ImportedChat | RefusedLine {
  if (!fields) return { line, reason: problem ?? 'could not be read' };
  const parsed = importedChat.safeParse(
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, readField(name, value)])),
  );
  if (parsed.success) return importedChatOf(parsed.data);
  const reason = parsed.error.issues
    .map((issue) => {
      if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: not a known column`;
      const name = String(issue.path[0]);
      return `${name}: ${fields[name] === undefined || fields[name] === '' ? 'is missing' : issue.message}`;
    })
    .join('; ');
  return { line, reason, fields };
}

/**
 * Imports all lines. What is refused goes to `onRefused`; the rest is written in batches, so a broken-off import can simply
 * be run again.
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
  const totals = { lines: 0, created: 0, updated: 0, unchanged: 0, refused: 0 };
  const underWay = new Set<Promise<void>>();
  let batch: ImportedChat[] = [];
  let failure: { readonly error: unknown } | undefined;

  const write = async () => {
    const chats = batch;
    batch = [];
    const writing = store.importMany(chats, options.now()).then(
      (done) => {
        totals.created += done.created;
        totals.updated += done.updated;
        totals.unchanged += done.unchanged;
        options.onProgress?.({ ...totals });
      },
      (error: unknown) => {
        failure = { error };
      },
    );
    const settled = writing.finally(() => underWay.delete(settled));
    underWay.add(settled);
    if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
  };

  for await (const line of lines) {
    totals.lines += 1;
    const read = readImportLine(line);
    if ('reason' in read) {
      totals.refused += 1;
      await options.onRefused(read);
      continue;
    }
    batch.push(read);
    if (batch.length >= BATCH) await write();
    if (failure) break;
  }
  if (batch.length > 0 && !failure) await write();
  await Promise.all(underWay);
  if (failure) throw failure.error;
  return totals;
}
