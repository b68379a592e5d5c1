import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { chatFilters, queryOf } from '../../../lib/http/chat-filters.ts';
import type { Principal } from '../../../lib/http/principal.ts';
import { query } from '../../support/stores.ts';

const superadmin: Principal = { role: 'superadmin', subject: 's' };
const curator: Principal = { role: 'curator', subject: 'c', university_id: 7 };
const read = (given: Record<string, string>, principal: Principal = superadmin) =>
  queryOf(principal, z.object(chatFilters).parse(given));

describe('filters of a listing', () => {
  test('are empty by default, in the scope of the principal', () => {
    expect(read({})).toEqual(query());
    expect(read({ search: ' \t' }, curator)).toEqual(query({ scope: { universityId: 7 } }));
  });

  test('are normalized like fields', () => {
    expect(read({ department: ' ДЕКАНАТ Ёлок', source: 'CRM', status: 'gone,denied,gone', search: 'Ёлка' })).toEqual(
      query({ department: 'деканат елок', source: 'crm', statuses: ['gone', 'denied'], search: 'елка' }),
    );
    expect(read({ search: '-68000000000700' }).search?.maxChatId).toBe('-68000000000700');
    expect(read({ search: '6 8' }).search?.maxChatId).toBeUndefined();
  });

  test('university: any for superadmins, only their own for others', () => {
    expect(read({ university_id: '9' }).scope).toEqual({ universityId: 9 });
    expect(read({ university_id: '7' }, curator).scope).toEqual({ universityId: 7 });
    expect(() => read({ university_id: '9' }, curator)).toThrow(expect.objectContaining({ type: 'forbidden' }));
  });

  test.each([
    { status: '' },
    { status: 'gone,' },
    { status: 'Gone' },
    { department: ' ' },
    { source: 'x'.repeat(65) },
    { university_id: '0' },
    { search: '\ud800' },
  ])('%j are refused', (given) => {
    expect(z.object(chatFilters).safeParse(given).success).toBe(false);
  });
});
