import { createReadStream } from 'node:fs';
import { ToolError } from '../command-line.ts';

/** Detects the encoding of a text file from its content. Excel saves files in windows-1251, UTF-8 or UTF-16 without naming it. */

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1251', 'koi8-r', 'ibm866'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface FoundEncoding {
  readonly encoding: Encoding;
  /** The sign by which it was detected, to show to people. */
  readonly by: string;
}

/** Smallest share of Russian letters of windows-1251 among the bytes from 0x80. */
const MIN_LETTERS = 0.75;
/** Largest share of characters that are rare in Russian text, like `Ђ` or `¶`, among the bytes from 0x80. */
const MAX_RARE = 0.02;
/** Largest share of these letters that follow a Latin letter. `Müller` is not Russian. */
const MAX_MIXED = 0.1;

/** The letters of Russian, from the most to the least frequent. The order of neighbours differs between corpora. */
const BY_FREQUENCY = 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё';

const CYRILLIC = /[а-яё]/i;
/** Punctuation that is common in Russian text. */
const COMMON_SIGNS = '«»№–—…“”„’‘•·°§©®™€\u00A0';

const byteTable = (encoding: 'windows-1251' | 'koi8-r') =>
  [...new TextDecoder(encoding).decode(Uint8Array.from({ length: 256 }, (_, i) => i))] as readonly string[];
const WINDOWS = byteTable('windows-1251');
const KOI8 = byteTable('koi8-r');

/** Returns whether a byte is a control character other than tab, LF and CR. Plain text in these encodings contains none. */
const isControl = (byte: number) => (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f;
const isLatinLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a && byte < 0x80;

/**
 * Reads the whole file once and returns its encoding: that of its byte order mark; otherwise UTF-8 if the whole file is valid
 * UTF-8; otherwise windows-1251 if the text is plausible Russian.
 * @throws {ToolError} with advice, if it is none of these.
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
      throw new ToolError(`${file} is UTF-32, which is not supported: save it as UTF-8.`);
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
  // In valid UTF-8, a control character makes only its line invalid. No text contains NUL.
  if (valid ? counts[0] : controls) {
    throw new ToolError(
      `${file} contains control bytes: it is binary, or UTF-16 without a byte order mark. ${capital(ADVICE)}`,
    );
  }
  if (valid) return { encoding: 'utf-8', by: 'its bytes, all of them valid UTF-8' };
  if (isPlausible(counts, mixed)) {
    return { encoding: 'windows-1251', by: 'its letters: no UTF-8, but plausible Russian' };
  }
  throw new ToolError(`${file} is neither UTF-8 nor UTF-16, and is not plausible Russian in windows-1251: ${ADVICE}`);
}

const ADVICE = `save it as UTF-8 (in Excel "CSV UTF-8"), or name its encoding: --encoding ${ENCODINGS.join('|')}`;
const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;

function markOf(start: Buffer): Encoding | undefined {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** Returns whether the bytes are plausible Russian in windows-1251, and not binary data, a Western encoding or KOI8-R. */
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
  // KOI8-R has its letters at the same bytes in another order. The encoding that gives the more frequent letters is correct.
  return letters >= MIN_LETTERS * high && rare <= MAX_RARE * high && mixed <= MAX_MIXED * letters && windows <= koi8;
}

/** Returns the rank of a letter, 0 for the most frequent. Other characters rank after all letters. */
function rankOf(sign: string): number {
  const rank = BY_FREQUENCY.indexOf(sign.toLowerCase());
  return rank < 0 ? BY_FREQUENCY.length : rank;
}
