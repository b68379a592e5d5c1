import * as z from 'zod';
import type { ChatFields } from './chat.ts';

/** What may be written into a chat, whoever writes it: a person through the API or an import. */

/** Text for people: no control characters, no half characters. */
const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control or broken characters');

const MAX_INT64 = 2n ** 63n - 1n;

export const maxChatId = z.string('must be a string: MAX ids are 64-bit').refine((text) => {
  if (!/^-?[1-9]\d{0,18}$/.test(text)) return false;
  const id = BigInt(text);
  return id <= MAX_INT64 && id >= -MAX_INT64 - 1n;
}, 'must be a decimal 64-bit integer other than 0, as a string');

const url = z
  .string()
  .trim()
  .max(2_048, 'must have at most 2048 characters')
  .refine(
    (text) => URL.canParse(text) && ['http:', 'https:', 'max:'].includes(new URL(text).protocol),
    'must be a URL starting with https://, http:// or max://',
  );

/** By the names that the API and imports use. */
export const chatFields = {
  name: line(200),
  url: url.nullable(),
  max_chat_id: maxChatId.nullable(),
  external_chat_id: line(128).nullable(),
  university_id: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).nullable(),
  department: line(200).nullable(),
  source: line(64).nullable(),
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
