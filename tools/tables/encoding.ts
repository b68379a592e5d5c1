import { createReadStream } from 'node:fs';
import { ToolError } from '../command-line.ts';

/** Which encoding a text file has, told from its content: Excel saves as windows-1251, UTF-8 or UTF-16, and names none. */

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1251', 'koi8-r', 'ibm866'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface FoundEncoding {
  readonly encoding: Encoding;
  /** How it was told, for people. */
  readonly by: string;
}

/** Least share of the bytes from 0x80 on that must be Russian letters in windows-1251. */
const MIN_LETTERS = 0.75;
/** Highest share of those bytes that may be signs which Russian text hardly has, such as `Ђ` or `¶`. */
const MAX_RARE = 0.02;
/** Highest share of the letters that may follow a Latin letter: `Müller` is not Russian. */
const MAX_MIXED = 0.1;

/** The letters of Russian from the most to the least frequent: a corpus order, in which neighbours may change places. */
const BY_FREQUENCY = 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё';

const CYRILLIC = /[а-яё]/i;
/** Punctuation that Russian text does have. */
const COMMON_SIGNS = '«»№–—…“”„’‘•·°§©®™€\u00A0';

const byteTable = (encoding: 'windows-1251' | 'koi8-r') =>
  [...new TextDecoder(encoding).decode(Uint8Array.from({ length: 256 }, (_, i) => i))] as readonly string[];
const WINDOWS = byteTable('windows-1251');
const KOI8 = byteTable('koi8-r');

/** Bytes of plain text below 0x80 in any encoding here: tab, LF, CR, and the printable ones. */
const isControl = (byte: number) => (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f;
const isLatinLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a && byte < 0x80;

/**
 * Reads the whole file once and says which encoding it has: by its byte order mark, else UTF-8 if all of it is valid UTF-8,
 * else windows-1251 if the text would be plausible Russian.
 * @throws {ToolError} if it is none of these, saying what to do.
 */
export async function findEncoding(file: string): Promise<FoundEncoding> {
  let marked: Encoding | undefined;
  let strict: InstanceType<typeof TextDecoder> | undefined;
  let valid = true;
  let after = 0;
  let start = Buffer.alloc(0);
  const counts = new Float64Array(256);
  let mixed = 0;

  const decode = (chunk: Uint8Array | undefined) => {
    if (!valid) return;
    try {
      if (chunk) strict?.decode(chunk, { stream: true });
      else strict?.decode();
    } catch {
      valid = false;
    }
  };
  const begin = () => {
    if (start.length >= 4 && start.readUInt32LE() === 0xfeff) {
      throw new ToolError(`${file} is UTF-32, which can't be read here: save it as UTF-8.`);
    }
    marked = markOf(start);
    strict = new TextDecoder(marked ?? 'utf-8', { fatal: true });
    decode(start);
  };

  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      counts[byte] = (counts[byte] ?? 0) + 1;
      if (byte >= 0xc0 && isLatinLetter(after)) mixed += 1;
      after = byte;
    }
    if (strict) decode(chunk);
    else {
      start = Buffer.concat([start, chunk]);
      if (start.length >= 4) begin();
    }
  }
  if (!strict) begin();
  decode(undefined);

  if (marked) {
    if (valid) return { encoding: marked, by: 'its byte order mark' };
    throw new ToolError(`${file} has the byte order mark of ${marked}, but is not valid ${marked}: ${ADVICE}`);
  }
  const controls = counts.reduce((sum, n, byte) => sum + (isControl(byte) ? n : 0), 0);
  // A control character in valid UTF-8 costs its line, not the file; NUL is in no text.
  if (valid ? counts[0] : controls) {
    throw new ToolError(
      `${file} contains control bytes: it is binary, or UTF-16 without a byte order mark. ${capital(ADVICE)}`,
    );
  }
  if (valid) return { encoding: 'utf-8', by: 'its bytes, all of them valid UTF-8' };
  if (isPlausible(counts, mixed)) {
    return { encoding: 'windows-1251', by: 'its letters: no UTF-8, but plausible Russian' };
  }
  throw new ToolError(
    `${file} is neither UTF-8 nor UTF-16, and would be no plausible Russian in windows-1251: ${ADVICE}`,
  );
}

const ADVICE = `save it as UTF-8 (in Excel "CSV UTF-8"), or name its encoding: --encoding ${ENCODINGS.join('|')}`;
const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;

function markOf(start: Buffer): Encoding | undefined {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** Whether the bytes, read as windows-1251, are Russian: rather than binary, a Western encoding, or KOI8-R. */
function isPlausible(counts: Float64Array, mixed: number): boolean {
  let high = 0;
  let letters = 0;
  let rare = 0;
  let windows = 0;
  let koi8 = 0;
  counts.forEach((n, byte) => {
    if (byte < 0x80 || n === 0) return;
    const sign = WINDOWS[byte] ?? '';
    high += n;
    if (CYRILLIC.test(sign)) letters += n;
    else if (!COMMON_SIGNS.includes(sign)) rare += n;
    windows += n * rankOf(sign);
    koi8 += n * rankOf(KOI8[byte] ?? '');
  });
  // KOI8-R has its letters at the same bytes in another order: the reading with the more frequent letters is the right one.
  return letters >= MIN_LETTERS * high && rare <= MAX_RARE * high && mixed <= MAX_MIXED * letters && windows <= koi8;
}

/** 0 for the most frequent letter of Russian; other signs rank below all letters. */
function rankOf(sign: string): number {
  const rank = BY_FREQUENCY.indexOf(sign.toLowerCase());
  return rank < 0 ? BY_FREQUENCY.length : rank;
}
