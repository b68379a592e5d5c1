import * as z from 'zod';
import { chatFields, maxChatId, toChatFields } from '../chats/fields.ts';
import type { ImportedChat } from '../state/chat-store.ts';

/** One line of an import: from the text of a file to a chat, or to the reason why it is refused. */

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

/** The columns that every line must fill. */
export const NEEDED_COLUMNS: readonly string[] = ['name', 'max_chat_id'];

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

/** A record as a file has it, by column name. */
export interface ImportLine {
  /** From 1, as an editor counts. */
  readonly line: number;
  /** `undefined`: the line itself could not be read. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** Why the line could not be read. */
  readonly problem?: string;
}

export interface RefusedLine {
  readonly line: number;
  readonly reason: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Columns whose text is a number; JSON lines may also give them as numbers. */
const NUMBERS: readonly string[] = ['university_id', 'participants_count'];

/** Columns whose text may look like a number, and must not be treated as one by a spreadsheet. */
const IDS: readonly string[] = ['max_chat_id', 'external_chat_id', ...NUMBERS];

/**
 * An id as a spreadsheet shows a number: with an exponent (`-7,00001E+13`), with a fraction of zeros (`70000000000005.0`), or
 * with its digits in groups of three (`70 000 000 000 005`). An external id is free text: only the exponent betrays it.
 */
const MANGLED = /^[-+−]?(\d+([.,]\d*)?E[-+]?\d+|\d+[.,]0*|\d{1,3}([\s\u00A0\u202F'.,]\d{3})+)$/i;
const MANGLED_TEXT = /^[-+−]?\d([.,]\d+)?E\+\d{2,}$/;

const isMangled = (name: string, value: unknown): boolean =>
  typeof value === 'string' &&
  IDS.includes(name) &&
  (name === 'external_chat_id' ? MANGLED_TEXT : MANGLED).test(value.trim());

/** Says what happened to the number, and what to do. */
const mangledReason = (value: unknown): string =>
  `${JSON.stringify(value)} is a number as a spreadsheet shows it, and may have lost digits: ` +
  'format the column as text, take the values from their source again, and save the file anew';

/** An empty field is no value. Digits become numbers where a number is due. A MAX id may be a number as long as it is exact. */
function readField(name: string, value: unknown): unknown {
  if (value === '' || value === undefined) return NEEDED_COLUMNS.includes(name) ? undefined : null;
  if (typeof value === 'string' && NUMBERS.includes(name) && /^-?\d{1,16}$/.test(value.trim())) return Number(value);
  if (name === 'max_chat_id') {
    if (typeof value === 'string') return value.trim();
    if (Number.isSafeInteger(value)) return String(value);
  }
  return value;
}

/** Returns the chat of a line, or all reasons why the line is refused. */
export function readImportLine({ line, fields, problem }: ImportLine): ImportedChat | RefusedLine {
  if (!fields) return { line, reason: problem ?? 'could not be read' };
  const reasons = Object.entries(fields).flatMap(([name, value]) => complaintsOfText(name, value));
  const parsed = importedChat.safeParse(
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, readField(name, value)])),
  );
  if (parsed.success && reasons.length === 0) return importedChatOf(parsed.data);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      reasons.push(`${issue.keys.join(', ')}: not a known column`);
      continue;
    }
    const name = String(issue.path[0]);
    const value = fields[name];
    const hint = isMangled(name, value) ? `; ${mangledReason(value)}` : '';
    reasons.push(`${name}: ${value === undefined || value === '' ? 'is missing' : issue.message}${hint}`);
  }
  return { line, reason: reasons.join('; '), fields };
}

/** What is wrong with the text of a field although its value would be allowed. */
function complaintsOfText(name: string, value: unknown): string[] {
  if (typeof value !== 'string') return [];
  if (value.includes('\uFFFD')) {
    return [
      `${name}: contains the replacement character U+FFFD: the text was read in a wrong encoding, here or before the file was ` +
        'saved; save the file anew as UTF-8, or name its encoding with --encoding',
    ];
  }
  return name === 'external_chat_id' && isMangled(name, value) ? [`${name}: ${mangledReason(value)}`] : [];
}
