import type { ReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ImportLine } from '../../lib/importing/read-line.ts';
import type { Encoding } from './encoding.ts';
import { decodeFile } from './read-csv.ts';

/** Reads a file with one JSON object per line. */
export async function* readJsonLines(input: ReadStream, encoding: Encoding): AsyncGenerator<ImportLine> {
  let line = 0;
  const text = Readable.from(decodeFile(input, encoding));
  for await (const record of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (record.trim() === '') continue;
    yield { line, ...readObject(record) };
  }
}

function readObject(text: string): Pick<ImportLine, 'fields' | 'problem'> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { fields: { ...value } };
  } catch {}
  return { fields: undefined, problem: 'is not a JSON object' };
}
