import * as z from 'zod';
import type { ChatFields } from './chat.ts';

/** Validates the fields of a chat, in the API and in imports. */

/** Returns whether a text has at most `max` characters. It counts Unicode code points, like `maxLength` in JSON Schema. */
export const hasAtMost = (text: string, max: number): boolean =>
  text.length <= max || (text.length <= 2 * max && [...text].length <= max);

// The patterns in the OpenAPI document. They describe the checks in this file by regular expressions that all languages support:
// without \p, \s and \d. They ignore unpaired surrogates, which UTF-8 can't represent. A test compares them with the checks.
const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f';
/** The characters that `trim` removes. */
const BLANK = '\\u0009-\\u000d\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
const LINE_PATTERN = `^[${BLANK}]*[^${CONTROL}${BLANK}]([^${CONTROL}]*[^${CONTROL}${BLANK}])?[${BLANK}]*$`;

/** Returns the schema of a line of text without control characters and unpaired surrogates. */
const line = (max: number, description: string, example: string) =>
  z
    .string()
    .refine((text) => hasAtMost(text, max), `must have at most ${max} characters`)
    .trim()
    .min(1, 'must not be empty')
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control or broken characters')
    .meta({ description, examples: [example], minLength: 1, maxLength: max, pattern: LINE_PATTERN });

/** Returns a regular expression that matches exactly the numbers from 1 to `max`. */
function digitsUpTo(max: string): string {
  const shorter = `[1-9][0-9]{0,${max.length - 2}}`;
  const below = [...max].flatMap((digit, i) => {
    const least = i === 0 ? 1 : 0;
    if (Number(digit) <= least) return [];
    const rest = max.length - i - 1;
    return [`${max.slice(0, i)}[${least}-${Number(digit) - 1}]${rest > 0 ? `[0-9]{${rest}}` : ''}`];
  });
  return [shorter, ...below, max].join('|');
}

const MAX_INT64 = String(2n ** 63n - 1n);
const MIN_INT64 = String(-(2n ** 63n));

export const maxChatId = z
  .string('must be a string: MAX ids are 64-bit')
  .regex(
    new RegExp(`^(-?(${digitsUpTo(MAX_INT64)})|${MIN_INT64})$`),
    'must be a decimal 64-bit integer other than 0, as a string',
  )
  .meta({
    description: 'The id of the chat in MAX, a 64-bit integer in decimal digits; only one chat can have it',
    examples: ['-68000000500532'],
  });

const MAX_URL = 2_048;
const LETTER = 'A-Za-zА-Яа-яЁё_';
const LABEL = `[${LETTER}0-9-]+`;
const BYTE = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
/** Host names in Latin and Cyrillic letters, punycode and IPv4. */
const HOST = `((${LABEL}\\.)*[${LETTER}][${LETTER}0-9-]*\\.?|${BYTE}(\\.${BYTE}){3})`;
const PORT = '([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const NO_URL = 'must be a URL starting with https://, http:// or max://';
const URL_PATTERN = `^[${BLANK}]*([Hh][Tt][Tt][Pp][Ss]?|[Mm][Aa][Xx])://${HOST}(:${PORT})?([/?#][^${CONTROL}]*)?[${BLANK}]*$`;

const url = z
  .string()
  .refine((text) => hasAtMost(text, MAX_URL), `must have at most ${MAX_URL} characters`)
  .regex(new RegExp(URL_PATTERN, 'u'), { message: NO_URL, abort: true })
  .trim()
  // Refuses invalid punycode and unpaired surrogates, which the pattern accepts.
  .refine((text) => text.isWellFormed() && URL.canParse(text), NO_URL)
  .meta({
    description: 'The link that opens the chat',
    examples: ['https://max.ru/join/oooygfdz'],
    maxLength: MAX_URL,
  });

/** The schemas of the fields, by their names in the API and in imports. */
export const chatFields = {
  name: line(200, 'The name of the chat', 'ИВТ-21, деканат'),
  url: url.nullable(),
  max_chat_id: maxChatId.nullable(),
  external_chat_id: line(128, 'The id of the chat in another system of the organisation', 'crm-4711').nullable(),
  university_id: z
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .meta({ description: 'The university the chat belongs to', examples: [1] })
    .nullable(),
  department: line(200, 'The department the chat belongs to', 'Факультет информатики').nullable(),
  source: line(64, 'The origin of the chat in the organisation', 'academic').nullable(),
};

type WrittenFields = { readonly [Name in keyof typeof chatFields]?: z.output<(typeof chatFields)[Name]> | undefined };

const FIELD_NAMES = {
  name: 'name',
  url: 'url',
  max_chat_id: 'maxChatId',
  external_chat_id: 'externalChatId',
  university_id: 'universityId',
  department: 'department',
  source: 'source',
} as const satisfies Record<keyof typeof chatFields, keyof ChatFields>;

/** Renames fields from the names of the API and of imports to those of the domain. Absent fields stay absent. */
export function toChatFields<W extends WrittenFields>(
  written: W,
): {
  readonly [Name in keyof W & keyof typeof FIELD_NAMES as (typeof FIELD_NAMES)[Name]]: Exclude<W[Name], undefined>;
} {
  const named = Object.entries(FIELD_NAMES).flatMap(([from, to]) => {
    const value = written[from as keyof WrittenFields];
    return value === undefined ? [] : [[to, value]];
  });
  return Object.fromEntries(named);
}
