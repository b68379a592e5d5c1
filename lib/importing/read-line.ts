import * as z from 'zod';
import { chatFields, maxChatId, toChatFields } from '../chats/fields.ts';
import type { ImportedChat } from '../state/chat-store.ts';

/** Converts one line of an import into a chat, or into the reason for its refusal. */

/** The columns of an import. */
export const IMPORT_COLUMNS = [
  'id',
  'name',
  'url',
  'max_chat_id',
  'external_chat_id',
  'university_id',
  'department',
  'source',
  'participants_count',
  'created_at',
  'updated_at',
] as const;

/** The columns that every line must fill. */
export const NEEDED_COLUMNS: readonly string[] = ['name', 'max_chat_id'];

/**
 * Largest id in an import. The service assigns higher ids later. These must remain exact in a double (up to 2^53, about
 * 9 × 10^15) for the lifetime of the service.
 */
const MAX_ID = 1_000_000_000_000;

const ID_RANGE = `must be a whole number from 1 to ${MAX_ID}`;

/** RFC 3339, or PostgreSQL's format: a space instead of T, no zone or one in hours, up to nine fractional digits. */
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d{1,9})? ?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?$/i;

/** Returns the time as RFC 3339 UTC with milliseconds, or `undefined` if it is not valid. A time without a zone is UTC. */
function readTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction = '', , sign, zoneHours = 0, zoneMinutes = 0] = match;
  const ms = Math.floor(Number(`0${fraction}`) * 1_000);
  const written = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hours),
    Number(minutes),
    Number(seconds),
    ms,
  );
  // `Date.UTC` turns the 30th of February into the 1st or 2nd of March.
  const same = new Date(written).toISOString().startsWith(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}`);
  const zoneMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  const time = sign === '-' ? written + zoneMs : written - zoneMs;
  const inRange = Number(zoneHours) < 24 && Number(zoneMinutes) < 60 && time >= 0 && Number(year) < 9_999;
  return same && inRange ? new Date(time).toISOString() : undefined;
}

const timestamp = z
  .string('must be a time as text')
  .transform((text, context) => {
    const time = readTimestamp(text);
    if (time !== undefined) return time;
    context.addIssue({
      code: 'custom',
      message: 'must be a time from 1970 on, like 2024-09-01T08:30:00Z or 2024-09-01 11:30:00.123456+03',
    });
    return z.NEVER;
  })
  .nullable()
  .default(null);

const importedChat = z.strictObject({
  id: z.number(ID_RANGE).int(ID_RANGE).min(1, ID_RANGE).max(MAX_ID, ID_RANGE).nullable().default(null),
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
  created_at: timestamp,
  updated_at: timestamp,
});

const importedChatOf = (line: z.output<typeof importedChat>): ImportedChat => ({
  ...toChatFields(line),
  participantsCount: line.participants_count,
  ...(line.id !== null && { id: line.id }),
  ...(line.created_at !== null && { createdAt: line.created_at }),
  ...(line.updated_at !== null && { updatedAt: line.updated_at }),
});

/** A line of the file, as it was read, by column name. */
export interface ImportLine {
  /** Line number, from 1, as in an editor. */
  readonly line: number;
  /** `undefined` if the line itself could not be read. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** Why the line or one of its fields could not be read. Such a line is refused. */
  readonly problem?: string;
}

export interface RefusedLine {
  readonly line: number;
  readonly reason: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Columns with numbers. JSON lines may contain them as numbers or as text. */
const NUMBERS: readonly string[] = ['id', 'university_id', 'participants_count'];

/** Columns with ids. A spreadsheet may take them for numbers and change them. */
const IDS: readonly string[] = ['max_chat_id', 'external_chat_id', ...NUMBERS];

/**
 * An id in a spreadsheet's number format: with an exponent (`-7,00001E+13`), with a fraction of zeros (`70000000000005.0`), or
 * with digits in groups of three (`70 000 000 000 005`). External ids are free text, so only the exponent is a reliable sign.
 */
const MANGLED = /^[-+−]?(\d+([.,]\d*)?E[-+]?\d+|\d+[.,]0*|\d{1,3}([\s\u00A0\u202F'.,]\d{3})+)$/i;
const MANGLED_TEXT = /^[-+−]?\d([.,]\d+)?E\+\d{2,}$/;

const isMangled = (name: string, value: unknown): boolean =>
  typeof value === 'string' &&
  IDS.includes(name) &&
  (name === 'external_chat_id' ? MANGLED_TEXT : MANGLED).test(value.trim());

/** The advice for values that a spreadsheet has changed. */
export const SAVE_AS_TEXT =
  'format the column as text, take the values from their source again, and save the file anew';

/** A cell without a value: the error of a formula, in English or Russian, or `###` for a column that is too narrow. */
const ERROR_CELL =
  /^#(N\/A|REF!|NAME\?|VALUE!|DIV\/0!|NUM!|NULL!|Н\/Д|ССЫЛКА!|ИМЯ\?|ЗНАЧ!|ДЕЛ\/0!|ЧИСЛО!|ПУСТО!|#{3,})$/;

const mangledReason = (value: unknown): string =>
  `${JSON.stringify(value)} is a number as a spreadsheet shows it, and may have lost digits: ${SAVE_AS_TEXT}`;

/**
 * Returns the value of a field: `undefined` for an empty one, a number where the column needs one. Accepts an exact number as a MAX id.
 */
function readField(name: string, value: unknown): unknown {
  if (value === '') return undefined;
  if (typeof value === 'string' && NUMBERS.includes(name) && /^-?\d{1,16}$/.test(value.trim())) return Number(value);
  if (name === 'max_chat_id' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' ? value.trim() : value;
}

/** Returns the chat of a line, or all reasons for its refusal. */
export function readImportLine({ line, fields, problem }: ImportLine): ImportedChat | RefusedLine {
  if (!fields) return { line, reason: problem ?? 'could not be read' };
  if (problem !== undefined) return { line, reason: problem, fields };
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
    const isMissing = value === undefined || value === null || value === '';
    reasons.push(`${name}: ${isMissing ? 'is missing' : issue.message}${hint}`);
  }
  return { line, reason: reasons.join('; '), fields };
}

/** Returns the problems of a field's text that the schema does not detect. */
function complaintsOfText(name: string, value: unknown): string[] {
  if (typeof value !== 'string') return [];
  if (value.includes('\uFFFD')) {
    return [
      `${name}: contains the replacement character U+FFFD: the text was read in a wrong encoding, here or before the file was ` +
        'saved; save the file anew as UTF-8, or name its encoding with --encoding',
    ];
  }
  if (ERROR_CELL.test(value.trim())) {
    return [`${name}: ${JSON.stringify(value)} is no value, but what a spreadsheet shows instead of one`];
  }
  return name === 'external_chat_id' && isMangled(name, value) ? [`${name}: ${mangledReason(value)}`] : [];
}
