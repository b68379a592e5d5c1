import { describe, expect, test } from 'vitest';
import { type ImportLine, importChats, type RefusedLine, readImportLine } from '../../../lib/importing/import-chats.ts';
import type { ChatStore } from '../../../lib/state/chat-store.ts';
import { listAll, openMemory, T0 } from '../../support/stores.ts';

const read = (fields: Record<string, unknown>) => readImportLine({ line: 7, fields });
const lineOf = (line: number, some: Record<string, unknown> = {}): ImportLine => ({
  line,
  fields: { name: `Чат ${line}`, max_chat_id: `-${line}`, ...some },
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Imports, noting what was refused. */
async function run(store: Pick<ChatStore, 'importMany'>, lines: AsyncIterable<ImportLine> | Iterable<ImportLine>) {
  const refused: RefusedLine[] = [];
  const progress: number[] = [];
  const totals = await importChats(store, lines, {
    now: () => T0,
    onRefused: (line) => void refused.push(line),
    onProgress: ({ created, updated, unchanged }) => void progress.push(created + updated + unchanged),
  });
  return { totals, refused, progress };
}

describe('a line of an import', () => {
  test('is read from a CSV, where everything is text', () => {
    const csv = {
      name: ' Физика 101 ',
      url: 'https://max.ru/join/a',
      max_chat_id: ' -70000000000123 ',
      external_chat_id: 'ext-1',
      university_id: '007',
      department: 'Физфак',
      source: 'lms',
      participants_count: '0',
    };
    expect(read(csv)).toEqual({
      name: 'Физика 101',
      url: 'https://max.ru/join/a',
      maxChatId: '-70000000000123',
      externalChatId: 'ext-1',
      universityId: 7,
      department: 'Физфак',
      source: 'lms',
      participantsCount: 0,
    });
  });

  test('takes an empty or absent field for none', () => {
    const none = {
      ...{ url: null, external_chat_id: null, university_id: null },
      ...{ department: null, source: null, participants_count: null },
    };
    const line = {
      ...{ name: 'Чат', url: null, maxChatId: '-1', externalChatId: null, universityId: null },
      ...{ department: null, source: null, participantsCount: null },
    };
    expect(read({ name: 'Чат', max_chat_id: '-1' })).toEqual(line);
    const empty = Object.fromEntries(Object.keys(none).map((name) => [name, '']));
    expect(read({ name: 'Чат', max_chat_id: '-1', ...empty })).toEqual(line);
    expect(read({ name: 'Чат', max_chat_id: '-1', ...none })).toEqual(line);
  });

  test.each<[unknown, string]>([
    ['-70', '-70'],
    [-70, '-70'],
    [700000000000000, '700000000000000'],
    [Number.MIN_SAFE_INTEGER, '-9007199254740991'],
    ['9223372036854775807', '9223372036854775807'],
    ['-9223372036854775808', '-9223372036854775808'],
  ])('may have the MAX id %j', (max_chat_id, expected) => {
    expect(read({ name: 'Чат', max_chat_id })).toMatchObject({ maxChatId: expected });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ max_chat_id: '' }, 'max_chat_id: is missing'],
    [{ max_chat_id: undefined }, 'max_chat_id: is missing'],
    [{ max_chat_id: '0' }, 'max_chat_id: must be a decimal 64-bit integer other than 0, as a string'],
    [{ max_chat_id: 0 }, 'max_chat_id: must be a decimal'],
    [{ max_chat_id: '-0' }, 'max_chat_id: must be a decimal'],
    [{ max_chat_id: '+5' }, 'max_chat_id: must be a decimal'],
    [{ max_chat_id: '1.0' }, 'max_chat_id: must be a decimal'],
    [{ max_chat_id: '0x1F' }, 'max_chat_id: must be a decimal'],
    [{ max_chat_id: '9223372036854775808' }, 'max_chat_id: must be a decimal'],
    [{ max_chat_id: '٣' }, 'max_chat_id: must be a decimal'],
    // JSON numbers above 2^53 have lost digits before anybody could look at them.
    [{ max_chat_id: 2 ** 53 }, 'max_chat_id: must be a string: MAX ids are 64-bit'],
    [{ max_chat_id: 1.5 }, 'max_chat_id: must be a string'],
    [{ max_chat_id: ['-1'] }, 'max_chat_id: must be a string'],
    [{ name: '' }, 'name: is missing'],
    [{ name: '  ' }, 'name: must not be empty'],
    [{ name: 'а'.repeat(201) }, 'name: must have at most 200 characters'],
    [{ name: 'a\u0007b' }, 'name: must not contain control or broken characters'],
    [{ name: 'a\ud800' }, 'name: must not contain control or broken characters'],
    [{ name: 5 }, 'name: '],
    [{ url: 'max.ru/a' }, 'url: must be a URL starting with https://, http:// or max://'],
    [{ url: 'javascript:alert(1)' }, 'url: must be a URL'],
    [{ university_id: '0' }, 'university_id: '],
    [{ university_id: '-1' }, 'university_id: '],
    [{ university_id: '1.5' }, 'university_id: '],
    [{ university_id: 'one' }, 'university_id: '],
    [{ university_id: '9999999999999999' }, 'university_id: '],
    [{ university_id: true }, 'university_id: '],
    [{ participants_count: '-1' }, 'participants_count: must not be negative'],
    [{ participants_count: '1.5' }, 'participants_count: must be a whole number'],
    [{ participants_count: 1.5 }, 'participants_count: must be a whole number'],
    [{ participants_count: '1e3' }, 'participants_count: must be a whole number'],
    [{ participants_count: '2147483648' }, 'participants_count: must fit into 32 bits'],
    [{ colour: 'red' }, 'colour: not a known column'],
    [{ id: '5', status: 'gone' }, 'id, status: not a known column'],
  ])('with %j is refused', (wrong, reason) => {
    const fields = { name: 'Чат', max_chat_id: '-1', ...wrong };
    const outcome = read(fields);
    expect(outcome).toMatchObject({ line: 7, fields });
    expect('reason' in outcome && outcome.reason).toContain(reason);
  });

  test('is refused with all its reasons at once', () => {
    expect(read({ name: '', max_chat_id: 'x', participants_count: '-1' })).toMatchObject({
      reason: expect.stringMatching(/^name: is missing; max_chat_id: must be .+; participants_count: must not be/),
    });
  });

  test('that could not be read is refused with the reader’s reason', () => {
    expect(readImportLine({ line: 3, fields: undefined, problem: 'is not a JSON object' })).toEqual({
      line: 3,
      reason: 'is not a JSON object',
    });
    expect(readImportLine({ line: 3, fields: undefined })).toEqual({ line: 3, reason: 'could not be read' });
  });
});

describe('an import', () => {
  test('counts every line once, in batches, with progress', async () => {
    const { chats } = await openMemory();
    const lines = [...range(1, 1_200).map((n) => lineOf(n)), lineOf(1_201, { name: '' }), lineOf(1_202)];
    const { totals, refused, progress } = await run(chats, lines);
    expect(totals).toEqual({ lines: 1_202, created: 1_201, updated: 0, unchanged: 0, refused: 1 });
    expect(refused).toMatchObject([{ line: 1_201, reason: 'name: is missing', fields: { max_chat_id: '-1201' } }]);
    expect(progress).toEqual([500, 1_000, 1_201]);
    expect(await chats.total('all')).toBe(1_201);
  });

  test('run again doubles nothing, and changes what differs', async () => {
    const { chats } = await openMemory();
    const lines = range(1, 600).map((n) => lineOf(n, { university_id: '1' }));
    await run(chats, lines);
    const first = await listAll(chats);
    expect((await run(chats, lines)).totals).toMatchObject({ created: 0, updated: 0, unchanged: 600 });
    expect(await listAll(chats)).toEqual(first);

    lines[10] = lineOf(11, { university_id: '2' });
    expect((await run(chats, lines)).totals).toMatchObject({ created: 0, updated: 1, unchanged: 599 });
    expect(await chats.total('all')).toBe(600);
  });

  test('with the same MAX id twice makes one chat, of the later line', async () => {
    const { chats } = await openMemory();
    const { totals } = await run(chats, [
      lineOf(1),
      lineOf(2),
      { ...lineOf(3), fields: { name: 'Z', max_chat_id: -1 } },
    ]);
    expect(totals).toMatchObject({ lines: 3, created: 2, refused: 0 });
    expect((await listAll(chats)).map(({ chat }) => chat.name)).toEqual(['Z', 'Чат 2']);
  });

  test('keeps a count that MAX gave, and takes one where there is none', async () => {
    const { chats, counts } = await openMemory();
    await run(chats, [lineOf(1), lineOf(2)]);
    await counts.apply({ id: 1, maxChatId: '-1' }, { kind: 'count', count: 5 }, { askedAt: T0, dueAt: T0 });
    await run(chats, [lineOf(1, { participants_count: '99' }), lineOf(2, { participants_count: '99' })]);
    expect((await chats.get(1))?.participantsCount).toBe(5);
    expect((await chats.get(2))?.participantsCount).toBe(99);
  });

  test('of nothing does nothing', async () => {
    const { totals, progress } = await run({ importMany: async () => Promise.reject(new Error('not asked')) }, []);
    expect(totals).toEqual({ lines: 0, created: 0, updated: 0, unchanged: 0, refused: 0 });
    expect(progress).toEqual([]);
  });

  test('holds two batches at most, however long the list is', async () => {
    let underWay = 0;
    let most = 0;
    let given = 0;
    let written = 0;
    const store = {
      async importMany(lines: readonly unknown[]) {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        written += lines.length;
        return { created: lines.length, updated: 0, unchanged: 0 };
      },
    };
    let ahead = 0;
    async function* lines() {
      for (const n of range(1, 5_000)) {
        given += 1;
        ahead = Math.max(ahead, given - written);
        yield lineOf(n);
      }
    }
    expect((await run(store, lines())).totals.created).toBe(5_000);
    expect(most).toBe(2);
    expect(ahead).toBeLessThanOrEqual(1_500);
  });

  test.each([1, 2, 3])('rejects when the store fails at its call %i, and reads no further', async (failing) => {
    let calls = 0;
    let given = 0;
    const store = {
      async importMany(lines: readonly unknown[]) {
        calls += 1;
        if (calls === failing) throw new Error('the table is gone');
        return { created: lines.length, updated: 0, unchanged: 0 };
      },
    };
    function* lines() {
      for (const n of range(1, 100_000)) {
        given = n;
        yield lineOf(n);
      }
    }
    await expect(run(store, lines())).rejects.toThrow('the table is gone');
    expect(given).toBeLessThanOrEqual(500 * (failing + 2));
  });

  test('rejects when a refused line can’t be written down', async () => {
    const { chats } = await openMemory();
    const importing = importChats(chats, [lineOf(1, { name: '' })], {
      now: () => T0,
      onRefused: () => Promise.reject(new Error('disk full')),
    });
    await expect(importing).rejects.toThrow('disk full');
  });
});
