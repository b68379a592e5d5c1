import { describe, expect, test } from 'vitest';
import { importChats } from '../../../lib/importing/import-chats.ts';
import { type ImportLine, type RefusedLine, readImportLine } from '../../../lib/importing/read-line.ts';
import { SeenIds } from '../../../lib/importing/seen-ids.ts';
import type { ChatStore } from '../../../lib/state/chat-store.ts';
import { listAll, openMemory, T0 } from '../../support/stores.ts';

const read = (fields: Record<string, unknown>) => readImportLine({ line: 7, fields });
const lineOf = (line: number, some: Record<string, unknown> = {}): ImportLine => ({
  line,
  fields: { name: `Чат ${line}`, max_chat_id: `-${line}`, ...some },
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Imports lines and records the refused ones. */
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
  test('is read from a CSV, in which all values are text', () => {
    const csv = {
      name: ' Физика 101 ',
      url: 'https://max.ru/join/a',
      max_chat_id: ' -70000000000123 ',
      external_chat_id: 'ext-1',
      university_id: ' 007 ',
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

  test('may have any number of spaces around a text', () => {
    expect(read({ name: `  Чат${' '.repeat(300)}`, max_chat_id: '-1' })).toMatchObject({ name: 'Чат' });
  });

  test('has null for empty and absent fields', () => {
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

  test('may contain the id and the times of its chat', () => {
    const fields = { id: '42', name: 'Чат', max_chat_id: '-1', created_at: '2023-09-01 08:00:00', updated_at: '' };
    expect(read(fields)).toMatchObject({ id: 42, createdAt: '2023-09-01T08:00:00.000Z' });
    expect(read(fields)).not.toHaveProperty('updatedAt');
    expect(read({ ...fields, id: 1_000_000_000_000 })).toMatchObject({ id: 1_000_000_000_000 });
    const edited = read({ ...fields, updated_at: '2024-09-01T08:30:00Z' });
    expect(edited).toMatchObject({ createdAt: '2023-09-01T08:00:00.000Z', updatedAt: '2024-09-01T08:30:00.000Z' });
  });

  test.each([
    ['2024-09-01T08:30:00Z', '2024-09-01T08:30:00.000Z'],
    ['2024-09-01 08:30:00', '2024-09-01T08:30:00.000Z'],
    [' 2024-09-01 11:30:00.1239+03 ', '2024-09-01T08:30:00.123Z'],
    ['2024-09-01T14:00:00.123456+05:30', '2024-09-01T08:30:00.123Z'],
    ['2024-08-31 20:30:00-1200', '2024-09-01T08:30:00.000Z'],
    ['2024-09-01T08:30:00+23:59', '2024-08-31T08:31:00.000Z'],
    ['2024-02-29 23:59:59.999999999', '2024-02-29T23:59:59.999Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['9998-12-31T23:59:59Z', '9998-12-31T23:59:59.000Z'],
  ])('may have the time %j', (created_at, expected) => {
    expect(read({ name: 'Чат', max_chat_id: '-1', created_at })).toMatchObject({ createdAt: expected });
  });

  test.each([
    ...['2023-02-29 08:00:00', '2024-13-01 08:00:00', '2024-09-01 24:00:00', '2024-09-01 08:60:00', '2024-09-01'],
    ...['01.09.2024 08:30', '1725179400', '1969-12-31T23:59:59Z', '2024-09-01T08:30:00+24', '2024-09-01 08:30:00 MSK'],
    ...['infinity', '2024-09-01T08:30:00.Z', 1_725_179_400, '2024-09-01T08:30:00+03:60', '9999-01-01T00:00:00Z'],
  ])('with the time %j is refused', (updated_at) => {
    expect(read({ name: 'Чат', max_chat_id: '-1', updated_at })).toMatchObject({
      reason: expect.stringMatching(/^updated_at: must be a time/),
    });
  });

  test.each(['0', '-5', '1.5', 'x', '1000000000001', 1.5])('with the id %j is refused', (id) => {
    expect(read({ id, name: 'Чат', max_chat_id: '-1' })).toMatchObject({
      reason: expect.stringContaining('id: must be a whole number from 1 to 1000000000000'),
    });
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
    // JSON numbers above 2^53 have already lost digits.
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
    [{ id: '5', status: 'gone', colour: 'red' }, 'status, colour: not a known column'],
  ])('with %j is refused', (wrong, reason) => {
    const fields = { name: 'Чат', max_chat_id: '-1', ...wrong };
    const outcome = read(fields);
    expect(outcome).toMatchObject({ line: 7, fields });
    expect('reason' in outcome && outcome.reason).toContain(reason);
  });

  test.each([
    '-7,00001E+13',
    '-7.00001E+13',
    '7e13',
    '70000000000005.0',
    '-70000000000005,00',
    '70 000 000 000 005',
    '-70\u00a0000\u00a0000\u00a0000\u00a0005',
    '70,000,000,000,005',
    ' 7e13 ',
  ])("with the MAX id %j in a spreadsheet's number format is refused with advice", (max_chat_id) => {
    const outcome = read({ name: 'Чат', max_chat_id });
    expect('reason' in outcome && outcome.reason).toMatch(
      /^max_chat_id: must be a decimal .+ is a number as a spreadsheet shows it, .+ format the column as text/,
    );
  });

  test.each([
    ['external_chat_id', '1,23457E+11'],
    ['external_chat_id', '1E+15'],
    ['university_id', '7.0'],
    ['participants_count', '1,2E+03'],
    ['participants_count', '12 500'],
  ])('with a changed %s %j is refused with advice', (column, value) => {
    const outcome = read({ name: 'Чат', max_chat_id: '-1', [column]: value });
    expect('reason' in outcome && outcome.reason).toMatch(new RegExp(`^${column}: .*format the column as text`));
  });

  test.each(['1E5', '12.0', '12 345', 'E+13', '7,5'])('may have the external id %j', (external_chat_id) => {
    expect(read({ name: 'Чат', max_chat_id: '-1', external_chat_id })).toMatchObject({
      externalChatId: external_chat_id,
    });
  });

  test.each(['name', 'department', 'source'])('with U+FFFD in %s is refused', (column) => {
    const outcome = read({ name: 'Чат', max_chat_id: '-1', [column]: 'Физ\uFFFDка' });
    expect(outcome).toMatchObject({
      line: 7,
      reason: expect.stringMatching(new RegExp(`^${column}: contains the replacement character U\\+FFFD.+--encoding$`)),
    });
  });

  test.each(['#N/A', ' #REF! ', '#ЗНАЧ!', '#Н/Д', '########'])(
    'with the error %j of a spreadsheet is refused',
    (department) => {
      expect(read({ name: 'Чат', max_chat_id: '-1', department })).toMatchObject({
        reason: expect.stringMatching(/^department: " ?#.+" is no value/),
      });
    },
  );

  test.each(['#1', '# физика', '#ЗНАЧ! — почему?'])('may have the name %j', (name) => {
    expect(read({ name, max_chat_id: '-1' })).toMatchObject({ name });
  });

  test.each([undefined, null, ''])('is refused without a name: %j', (name) => {
    expect(read({ name, max_chat_id: '-1' })).toMatchObject({ reason: 'name: is missing' });
  });

  test('is refused with all reasons at once', () => {
    expect(read({ name: '', max_chat_id: 'x', participants_count: '-1' })).toMatchObject({
      reason: expect.stringMatching(/^name: is missing; max_chat_id: must be .+; participants_count: must not be/),
    });
  });

  test("that could not be read is refused with the reader's reason", () => {
    expect(readImportLine({ line: 3, fields: undefined, problem: 'is not a JSON object' })).toEqual({
      line: 3,
      reason: 'is not a JSON object',
    });
    expect(readImportLine({ line: 3, fields: undefined })).toEqual({ line: 3, reason: 'could not be read' });
  });
});

describe('an import', () => {
  test('counts every line once, writes batches, and reports progress', async () => {
    const { chats } = await openMemory();
    const lines = [...range(1, 1_200).map((n) => lineOf(n)), lineOf(1_201, { name: '' }), lineOf(1_202)];
    const { totals, refused, progress } = await run(chats, lines);
    expect(totals).toEqual({ lines: 1_202, created: 1_201, updated: 0, unchanged: 0, repeated: 0, refused: 1 });
    expect(refused).toMatchObject([{ line: 1_201, reason: 'name: is missing', fields: { max_chat_id: '-1201' } }]);
    expect(progress).toEqual([500, 1_000, 1_201]);
    expect(await chats.total('all')).toBe(1_201);
  });

  test('that is repeated creates nothing twice, and updates changed chats', async () => {
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

  test('with the same MAX id twice creates one chat, from the later line', async () => {
    const { chats } = await openMemory();
    const { totals } = await run(chats, [
      lineOf(1),
      lineOf(2),
      { ...lineOf(3), fields: { name: 'Z', max_chat_id: -1 } },
    ]);
    expect(totals).toEqual({ lines: 3, created: 2, updated: 0, unchanged: 0, repeated: 1, refused: 0 });
    expect((await listAll(chats)).map(({ chat }) => chat.name)).toEqual(['Z', 'Чат 2']);
  });

  test('counts each line exactly once, including repeats of an earlier batch', async () => {
    const { chats } = await openMemory();
    await run(chats, [lineOf(1), lineOf(2)]);
    const lines = [
      ...range(1, 700).map((n) => lineOf(n, n === 2 ? { department: 'Физфак' } : {})),
      lineOf(701, { name: '' }),
      ...range(1, 600).map((n) => lineOf(n + 701, { max_chat_id: `-${n}`, name: `Снова ${n}` })),
      lineOf(1_302, { max_chat_id: '-5', name: 'Последний' }),
    ];
    const { totals, progress } = await run(chats, lines);
    expect(totals).toEqual({ lines: 1_302, created: 698, updated: 1, unchanged: 1, repeated: 601, refused: 1 });
    expect(progress.at(-1)).toBe(700);
    const names = new Map((await listAll(chats)).map(({ chat }) => [chat.maxChatId, chat.name]));
    expect(names.size).toBe(700);
    expect([names.get('-5'), names.get('-6'), names.get('-600'), names.get('-601')]).toEqual([
      'Последний',
      'Снова 6',
      'Снова 600',
      'Чат 601',
    ]);
  });

  test('counts a line that repeats one of an earlier batch exactly, without telling its progress', async () => {
    const { chats } = await openMemory();
    const lines = [...range(1, 500), ...range(1, 3)].map((n) => lineOf(n));
    const totals = await importChats(chats, lines, { now: () => T0, onRefused: () => {} });
    expect(totals).toEqual({ lines: 503, created: 500, updated: 0, unchanged: 0, repeated: 3, refused: 0 });
  });

  test('writes no repeated lines if a batch in flight fails', async () => {
    const { chats } = await openMemory();
    const store: Pick<ChatStore, 'importMany'> = {
      async importMany(lines, at) {
        if (lines.length < 500) return chats.importMany(lines, at);
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw new Error('the table is gone');
      },
    };
    await expect(
      run(
        store,
        [...range(1, 500), ...range(1, 3)].map((n) => lineOf(n)),
      ),
    ).rejects.toMatchObject({
      message: 'the table is gone',
    });
    expect(await chats.total('all')).toBe(0);
  });

  test('writes repeated lines after all batches in flight', async () => {
    const { chats } = await openMemory();
    let calls = 0;
    const store: Pick<ChatStore, 'importMany'> = {
      async importMany(lines, at) {
        calls += 1;
        // The first batch is the slowest.
        if (calls === 1) await new Promise((resolve) => setTimeout(resolve, 50));
        return chats.importMany(lines, at);
      },
    };
    const again = range(1, 500).map((n) => lineOf(n + 1_000, { max_chat_id: `-${n}`, name: 'later' }));
    await run(store, [...range(1, 600).map((n) => lineOf(n)), ...again]);
    expect((await listAll(chats)).filter(({ chat }) => chat.name === 'later')).toHaveLength(500);
  });

  test("of another service's table keeps its ids, and refuses lines with conflicting ids", async () => {
    const { chats } = await openMemory();
    await run(chats, [lineOf(1), lineOf(2)]);
    const { totals, refused } = await run(chats, [
      lineOf(3, { id: '40', created_at: '2023-09-01 08:00:00+03' }),
      lineOf(4, { id: '1' }),
      lineOf(5, { id: '9', max_chat_id: '-2' }),
      lineOf(6, { id: '40' }),
      lineOf(7, { id: '2', max_chat_id: '-2', name: 'Новое' }),
      lineOf(8),
    ]);
    expect(totals).toEqual({ lines: 6, created: 2, updated: 1, unchanged: 0, repeated: 1, refused: 2 });
    expect(refused).toMatchObject([
      { line: 4, reason: 'id: another chat has the id 1', fields: { name: 'Чат 4' } },
      { line: 6, reason: 'id: another chat has the id 40' },
    ]);
    expect((await chats.get(40))?.chat).toMatchObject({ maxChatId: '-3', createdAt: '2023-09-01T05:00:00.000Z' });
    expect(await chats.findByMaxChatId('-8')).toBe(41);
    expect((await chats.get(2))?.chat.name).toBe('Новое');
    const again = await run(chats, [lineOf(5, { id: '9', max_chat_id: '-2' })]);
    expect(again.totals).toMatchObject({ refused: 1, updated: 0 });
    expect(again.refused).toMatchObject([
      { line: 5, reason: 'id: must be 2, which the chat with this max_chat_id has already' },
    ]);
  });

  test('counts a repeated line with a conflict as refused, not as repeated', async () => {
    const { chats } = await openMemory();
    const lines = [...range(1, 500).map((n) => lineOf(n)), lineOf(501, { id: '900', max_chat_id: '-1' })];
    const { totals, refused } = await run(chats, lines);
    expect(totals).toEqual({ lines: 501, created: 500, updated: 0, unchanged: 0, repeated: 0, refused: 1 });
    expect(refused).toMatchObject([{ line: 501 }]);
  });

  test('keeps a count from MAX, and stores a count if there is none', async () => {
    const { chats, counts } = await openMemory();
    await run(chats, [lineOf(1), lineOf(2)]);
    await counts.apply({ id: 1, maxChatId: '-1' }, { kind: 'count', count: 5 }, { askedAt: T0, dueAt: T0 });
    await run(chats, [lineOf(1, { participants_count: '99' }), lineOf(2, { participants_count: '99' })]);
    expect((await chats.get(1))?.participantsCount).toBe(5);
    expect((await chats.get(2))?.participantsCount).toBe(99);
  });

  test('of an empty list does nothing', async () => {
    const { totals, progress } = await run({ importMany: async () => Promise.reject(new Error('not asked')) }, []);
    expect(totals).toEqual({ lines: 0, created: 0, updated: 0, unchanged: 0, repeated: 0, refused: 0 });
    expect(progress).toEqual([]);
  });

  test('holds at most two batches in memory, however long the list is', async () => {
    let underWay = 0;
    let most = 0;
    let longest = 0;
    let given = 0;
    let written = 0;
    const store = {
      async importMany(lines: readonly unknown[]) {
        underWay += 1;
        most = Math.max(most, underWay);
        longest = Math.max(longest, lines.length);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        written += lines.length;
        return { created: lines.length, updated: 0, unchanged: 0 };
      },
    };
    let ahead = 0;
    async function* lines() {
      for (const n of [...range(1, 5_000), ...range(1, 2_000)]) {
        given += 1;
        ahead = Math.max(ahead, given - written);
        yield lineOf(n);
      }
    }
    expect((await run(store, lines())).totals).toMatchObject({ created: 5_000, repeated: 2_000 });
    expect(longest).toBe(500);
    expect(most).toBe(2);
    expect(ahead).toBeLessThanOrEqual(1_500);
  });

  test.each([1, 2, 3])('rejects if the store fails at call %i, and reads no further', async (failing) => {
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

  test("rejects if a refused line can't be recorded", async () => {
    const { chats } = await openMemory();
    const importing = importChats(chats, [lineOf(1, { name: '' })], {
      now: () => T0,
      onRefused: () => Promise.reject(new Error('disk full')),
    });
    await expect(importing).rejects.toThrow('disk full');
  });
});

describe('the set of MAX ids', () => {
  test.each([
    ['neighbours', (i: number) => BigInt(-70_000_000_000_000 - i)],
    ['multiples of 2^32', (i: number) => BigInt(i + 1) << 32n],
    ['the ends', (i: number) => (i % 2 ? 2n ** 63n - 1n - BigInt(i) : -(2n ** 63n) + BigInt(i))],
  ])('contains each of 50,000 %s after it was added', (_, idOf) => {
    const seen = new SeenIds();
    const ids = range(0, 49_999).map((i) => String(idOf(i)));
    expect(ids.every((id) => seen.add(id))).toBe(true);
    expect(ids.some((id) => seen.add(id))).toBe(false);
  });
});
