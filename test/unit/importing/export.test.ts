import { describe, expect, test } from 'vitest';
import type { Answer, Call } from '../../../tools/api.ts';
import { type ChatPage, fetchChats } from '../../../tools/fetch-chats.ts';
import { csvLine, fromCell, toCell } from '../../../tools/tables/cells.ts';

describe('a cell', () => {
  test.each([
    ...['=1+1', '+7 900', '-68000000000700', '@name', '\tx', '\rx', "'quoted'", "'", "''", '=\'"', '-', "'=1"],
    ...['Физика', 'a=b', '5', ''],
  ])('with %j is read back unchanged, and starts no formula', (text) => {
    expect(toCell(text)).toMatch(/^('|[^=+\-@\t\r']|$)/);
    expect(fromCell(toCell(text))).toBe(text);
  });

  test('gets an apostrophe only where a spreadsheet would change it', () => {
    expect(['Физика', '=A1', '-5', null, 7].map(toCell)).toEqual(['Физика', "'=A1", "'-5", '', '7']);
  });

  test('is quoted where the line would break otherwise', () => {
    const cells = ['a;b', 'a,b', 'a"b', 'a\nb', ' a', 'a'];
    expect(csvLine(cells, ';')).toBe('"a;b";a,b;"a""b";"a\nb";" a";a\r\n');
    expect(csvLine(cells, ',')).toBe('a;b,"a,b","a""b","a\nb"," a",a\r\n');
  });
});

describe('reading all chats', () => {
  const chat = (id: number) => ({ id, name: `Чат ${id}`, max_chat_id: `-${id}` });
  const page = (ids: number[], next: string | null): Answer => ({
    status: 200,
    body: { data: ids.map(chat), total: 3, limit: 100, next_cursor: next },
  });

  /** Fetches from an API that gives these responses, one per request. */
  async function read(answers: readonly (Answer | Error)[], filters: Record<string, string> = {}) {
    const asked: string[] = [];
    const pauses: number[] = [];
    const problems: string[] = [];
    const call: Call = async (_method, path) => {
      const answer = answers[asked.length];
      asked.push(path);
      if (!answer) throw new Error('asked too often');
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const pages: ChatPage[] = [];
    const reading = (async () => {
      const deps = {
        sleep: async (ms: number) => void pauses.push(ms),
        onRetry: (problem: string) => void problems.push(problem),
      };
      for await (const one of fetchChats(call, filters, deps)) pages.push(one);
    })();
    const error = await reading.then(
      () => undefined,
      (thrown: Error) => thrown.message,
    );
    return { ids: pages.flatMap(({ chats }) => chats.map(({ id }) => id)), asked, pauses, problems, error };
  }

  test('follows the cursor, with the filters in every request', async () => {
    const filters = { university_id: '7', search: 'Физика & Ко' };
    const { ids, asked } = await read([page([1, 2], 'next=='), page([3], null)], filters);
    expect(ids).toEqual([1, 2, 3]);
    const queries = asked.map((path) => Object.fromEntries(new URL(path, 'http://x').searchParams));
    expect(queries).toEqual([
      { ...filters, limit: '100', sort_by: 'id' },
      { ...filters, limit: '100', sort_by: 'id', cursor: 'next==' },
    ]);
  });

  test('waits for Retry-After, at most 5 minutes, and requests the same page again', async () => {
    const { ids, asked, pauses, problems } = await read([
      page([1], 'c'),
      { status: 503, body: {}, retryAfterMs: 7_000 },
      { status: 429, body: {}, retryAfterMs: 3_600_000 },
      page([2], null),
    ]);
    expect(ids).toEqual([1, 2]);
    expect(pauses).toEqual([7_000, 300_000]);
    expect(problems).toEqual(['status 503', 'status 429']);
    expect(new Set(asked.slice(1)).size).toBe(1);
  });

  test('ends with an error after ten consecutive failures, with growing pauses', async () => {
    const gone = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    const { error, pauses } = await read([page([1], 'c'), ...Array.from({ length: 10 }, () => gone)]);
    expect(error).toBe('The chats could not be read: no answer (connect ECONNREFUSED), 10 times in a row.');
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test('counts failures from zero after each page', async () => {
    const away = Array.from({ length: 9 }, (): Answer => ({ status: 502, body: {} }));
    expect((await read([...away, page([1], 'c'), ...away, page([2], null)])).ids).toEqual([1, 2]);
  });

  test('does not repeat requests that the API refuses', async () => {
    const errors = [{ field: 'status', message: 'must be one of active, gone' }];
    const { error, pauses } = await read([{ status: 400, body: { detail: 'See errors.', errors } }]);
    expect(error).toBe('The chats could not be read: 400 See errors.\n  status must be one of active, gone');
    expect(pauses).toEqual([]);
  });
});
