import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCursor, writeCursor } from '../../lib/http/cursor.ts';
import type { FindRequest } from '../../lib/listing/find-chats.ts';
import { query } from '../support/stores.ts';

const SECRET = 'a secret of sixteen or more';
type Conditions = Parameters<typeof query>[0];
const listing = (some: Conditions = {}, order: Partial<Pick<FindRequest, 'sort' | 'order'>> = {}) => ({
  query: query({ search: 'физ фак', ...some }),
  sort: 'name' as const,
  order: 'asc' as const,
  ...order,
});
const at = { key: 'физический факультет\t0000000000000042', id: 42 };
const cursor = writeCursor(at, listing(), SECRET);

describe('a cursor', () => {
  test('leads back to its position', () => {
    const position = fc.record({
      key: fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.maxSafeNat()),
      id: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(position, (place) => {
        expect(readCursor(writeCursor(place, listing(), SECRET), listing(), SECRET)).toEqual(place);
      }),
    );
  });

  test('needs no encoding in a URL', () => {
    expect(cursor).toMatch(/^[\w-]+$/);
  });

  test.each<[string, ReturnType<typeof listing>]>([
    ['sort', listing({}, { sort: 'created_at' })],
    ['order', listing({}, { order: 'desc' })],
    ['search', listing({ search: 'физ' })],
    ['no search', listing({ search: '' })],
    ['words put together', listing({ search: 'физ,фак' })],
    ['university', listing({ scope: { universityId: 1 } })],
    ['department', listing({ department: 'деканат' })],
    ['source', listing({ source: 'crm' })],
    ['source instead of a department', listing({ department: undefined, source: 'деканат' })],
    ['status', listing({ statuses: ['gone'] })],
  ])('of another %s is refused', (_, other) => {
    expect(readCursor(cursor, other, SECRET)).toBeUndefined();
  });

  test('is valid for any order of statuses and any case of the search', () => {
    const both = writeCursor(at, listing({ statuses: ['gone', 'denied'] }), SECRET);
    expect(readCursor(both, listing({ statuses: ['denied', 'gone'], search: ' ФИЗ фак' }), SECRET)).toEqual(at);
  });

  test('of one university is not valid for another', () => {
    const own = writeCursor(at, listing({ scope: { universityId: 1 } }), SECRET);
    expect(readCursor(own, listing({ scope: { universityId: 1 } }), SECRET)).toEqual(at);
    expect(readCursor(own, listing({ scope: { universityId: 11 } }), SECRET)).toBeUndefined();
    expect(readCursor(own, listing(), SECRET)).toBeUndefined();
  });

  test('signed with another secret is refused', () => {
    expect(readCursor(cursor, listing(), `${SECRET}!`)).toBeUndefined();
    expect(readCursor(writeCursor(at, listing(), ''), listing(), SECRET)).toBeUndefined();
  });

  test('with any changed bit is refused', () => {
    const bytes = Buffer.from(cursor, 'base64url');
    for (let i = 0; i < bytes.length * 8; i += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(i >> 3) ^ (1 << (i & 7)), i >> 3);
      expect(readCursor(changed.toString('base64url'), listing(), SECRET)).toBeUndefined();
    }
  });

  test('that is cut, extended or written differently is refused', () => {
    for (let length = 0; length < cursor.length; length += 1) {
      expect(readCursor(cursor.slice(0, length), listing(), SECRET)).toBeUndefined();
      expect(readCursor(cursor.slice(length + 1), listing(), SECRET)).toBeUndefined();
    }
    for (const other of [`${cursor}A`, `${cursor}=`, ` ${cursor}`, `${cursor}\n`, `${cursor}${cursor}`]) {
      expect(readCursor(other, listing(), SECRET)).toBeUndefined();
    }
    expect(readCursor(Buffer.from(cursor, 'base64url').toString('base64'), listing(), SECRET)).toBeUndefined();
  });

  test('that is invented is refused, and never causes an error', () => {
    const madeUp = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    );
    fc.assert(
      fc.property(madeUp, (text) => {
        expect(readCursor(text, listing(), SECRET)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
