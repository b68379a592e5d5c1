/** `fork(scale-process.ts)` builds the posting lists of many chats in memory, chunk by chunk, and measures what each query reads. */

import { postingKey } from '../../lib/adapters/dynamodb/posting-items.ts';
import { encodeChunk } from '../../lib/chats/chunk-codec.ts';
import { CHUNK_IDS, type ChunkBits, chunkOf, countBits, emptyBits, setBit } from '../../lib/chats/id-set.ts';
import { exactText, readSearch } from '../../lib/chats/query.ts';
import { type Term, type TermQuery, termKey, termsOf, valueQuery, wordQuery } from '../../lib/chats/terms.ts';
import { benchChats } from '../support/chats.ts';
import { answering } from '../support/children.ts';
import { type BenchQuery, QUERIES } from './queries.ts';

export interface Scale {
  readonly chats: number;
  readonly items: number;
  /** Size of all items, including the 100 bytes per item that DynamoDB adds for storage. */
  readonly storedBytes: number;
  /** In the order of the queries. */
  readonly queries: readonly QueryScale[];
}

export interface QueryScale {
  readonly matches: number;
  /** Size of each list that is read. */
  readonly listBytes: readonly number[];
}

/** Bytes that DynamoDB adds to the size of an item. */
const ITEM_OVERHEAD = 100;
const NAMES = 'groupkeyids'.length;

interface Followed {
  readonly lists: readonly TermQuery[];
  readonly bytes: number[];
  matches: number;
}

/** Returns the lists of a query. A search text that may be a source has another list, which is empty here. */
function listsOf({ search, university_id, department, source, status }: BenchQuery): TermQuery[] {
  return [
    ...(university_id ? [valueQuery('university', university_id)] : []),
    ...(department ? [valueQuery('department', exactText(department))] : []),
    ...(source ? [valueQuery('source', exactText(source))] : []),
    ...(status ?? '').split(',').flatMap((one) => (one ? [valueQuery('status', one)] : [])),
    ...(readSearch(search ?? '')?.words ?? []).map(wordQuery),
  ];
}

const has = ({ group, word, match }: TermQuery, term: Term): boolean =>
  term.group === group && (match === 'exact' ? term.word === word : term.word.startsWith(word));

answering<{ chats: number }>(async ({ chats }) => {
  const followed: Followed[] = QUERIES.map((query) => {
    const lists = listsOf(query);
    return { lists, bytes: lists.map(() => 0), matches: 0 };
  });
  let items = 0;
  let storedBytes = 0;
  let lists = new Map<string, { readonly term: Term; readonly bits: ChunkBits }>();

  function finish(chunk: number): void {
    for (const { term, bits } of lists.values()) {
      const { group, key } = postingKey(term, chunk * CHUNK_IDS);
      const bytes = NAMES + Buffer.byteLength(group) + Buffer.byteLength(key) + (encodeChunk(bits)?.length ?? 0);
      items += 1;
      storedBytes += bytes + ITEM_OVERHEAD;
      for (const query of followed) {
        query.lists.forEach((list, i) => {
          if (has(list, term)) query.bytes[i] = (query.bytes[i] ?? 0) + bytes;
        });
      }
    }
    QUERIES.forEach(({ status = '' }, q) => {
      const query = followed[q];
      if (!query || query.lists.length === 0) return;
      const statuses = status.includes(',') ? status.split(',').length : 0;
      const unions = query.lists.map((list) => unionOf([...lists.values()].filter(({ term }) => has(list, term))));
      // All statuses of a query are one condition.
      const [either, all] = [unions.slice(0, statuses), unions.slice(statuses)];
      const conditions = [...(statuses > 0 ? [orOf(either)] : []), ...all];
      query.matches += countBits(conditions.reduce(andOf));
    });
    lists = new Map();
  }

  let id = 0;
  for (const chat of benchChats(chats)) {
    id = chat.id;
    if (id % CHUNK_IDS === 0) finish(chunkOf(id) - 1);
    for (const term of termsOf(chat)) {
      const key = termKey(term);
      const list = lists.get(key) ?? { term, bits: emptyBits() };
      setBit(list.bits, id, true);
      lists.set(key, list);
    }
  }
  finish(chunkOf(id));
  const queries = followed.map(({ matches, bytes }) => ({ matches, listBytes: bytes }));
  return { chats, items, storedBytes, queries } satisfies Scale;
});

const orOf = (sets: readonly ChunkBits[]): ChunkBits =>
  sets.reduce((either, set) => either.map((word, i) => word | (set[i] ?? 0)), emptyBits());
const unionOf = (lists: readonly { readonly bits: ChunkBits }[]): ChunkBits => orOf(lists.map(({ bits }) => bits));
const andOf = (both: ChunkBits, set: ChunkBits): ChunkBits => both.map((word, i) => word & (set[i] ?? 0));
