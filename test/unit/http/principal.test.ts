import { describe, expect, test } from 'vitest';
import {
  maySee,
  type Principal,
  principalSchema,
  ROLES,
  type Role,
  requireOwnUniversity,
  requireRole,
  scopeIn,
  scopeOf,
} from '../../../lib/http/principal.ts';

const superadmin: Principal = { role: 'superadmin', subject: 'anna' };
const curator: Principal = { role: 'curator', subject: 'boris', university_id: 7 };
const operator: Principal = { role: 'operator', subject: 'vera', university_id: 7 };
const principals: Readonly<Record<Role, Principal>> = { superadmin, curator, operator };

const forbidden = (...words: string[]) =>
  expect.objectContaining({
    type: 'forbidden',
    details: { detail: expect.stringMatching(new RegExp(words.map((word) => `(?=.*\\b${word}\\b)`).join(''))) },
  });

describe('a superadmin', () => {
  test('sees all chats', () => {
    expect(scopeOf(superadmin)).toBe('all');
    expect(scopeIn(superadmin, undefined)).toBe('all');
    for (const universityId of [7, 8, null]) expect(maySee(superadmin, { universityId })).toBe(true);
  });

  test('may narrow a request to any university', () => {
    expect(scopeIn(superadmin, 8)).toEqual({ universityId: 8 });
  });

  test.each([7, 8, null])('writes chats of university %s', (university) => {
    expect(() => requireOwnUniversity(superadmin, university)).not.toThrow();
  });
});

describe.each([curator, operator])('a $role', (principal) => {
  test('sees the chats of the own university, and no others', () => {
    expect(scopeOf(principal)).toEqual({ universityId: 7 });
    expect(maySee(principal, { universityId: 7 })).toBe(true);
    for (const universityId of [8, null]) expect(maySee(principal, { universityId })).toBe(false);
  });

  test('may name the own university, or none', () => {
    expect(scopeIn(principal, 7)).toEqual({ universityId: 7 });
    expect(scopeIn(principal, undefined)).toEqual({ universityId: 7 });
  });

  test('learns the own university when naming another', () => {
    expect(() => scopeIn(principal, 8)).toThrow(forbidden('university_id', '7'));
  });

  test('writes chats of the own university, and no others', () => {
    expect(() => requireOwnUniversity(principal, 7)).not.toThrow();
    for (const university of [8, null]) {
      expect(() => requireOwnUniversity(principal, university)).toThrow(forbidden('university_id', '7'));
    }
  });
});

test.each<[Role, readonly Role[]]>([
  ['superadmin', ['superadmin']],
  ['superadmin', ROLES],
  ['curator', ['superadmin', 'curator']],
  ['operator', ROLES],
])('the role %s may do what needs one of %j', (role, roles) => {
  expect(() => requireRole(principals[role], roles)).not.toThrow();
});

test.each<[Role, readonly Role[]]>([
  ['curator', ['superadmin']],
  ['operator', ['superadmin', 'curator']],
  ['superadmin', ['curator', 'operator']],
])('the role %s may not do what needs one of %j, and learns it', (role, roles) => {
  expect(() => requireRole(principals[role], roles)).toThrow(forbidden(...roles));
  expect(() => requireRole(principals[role], roles)).toThrow(roles.join(' or '));
});

describe('the claims of a token', () => {
  test.each(ROLES)('need a subject: %s', (role) => {
    const claims = { role, university_id: 7 };
    expect(principalSchema.safeParse({ ...claims, subject: 'anna' }).data).toMatchObject({ role, subject: 'anna' });
    for (const subject of [undefined, '', 5]) {
      expect(principalSchema.safeParse({ ...claims, subject }).success).toBe(false);
    }
  });

  test.each([
    [7, 7],
    ['7', 7],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('may give the university as %j', (university_id, read) => {
    const claims = { role: 'curator', subject: 'anna', university_id };
    expect(principalSchema.safeParse(claims).data).toEqual({ ...claims, university_id: read });
  });

  test.each([undefined, null, 0, -7, 7.5, 2 ** 53, true, [7], '', ' 7', '7 ', '-7', '7.0', '9007199254740993', 'x'])(
    'may not give the university as %j',
    (university_id) => {
      for (const role of ['curator', 'operator']) {
        expect(principalSchema.safeParse({ role, subject: 'anna', university_id }).success).toBe(false);
      }
    },
  );

  test('need a known role', () => {
    for (const role of ['admin', 'Curator', '', undefined, ['superadmin']]) {
      expect(principalSchema.safeParse({ role, subject: 'anna', university_id: 7 }).success).toBe(false);
    }
  });
});
