import { expect, test } from 'vitest';
import { sameSecret } from '../../../lib/http/secret.ts';

test('only the same text is the secret', () => {
  expect(sameSecret('a-secret-ё', 'a-secret-ё')).toBe(true);
});

test.each(['', 'a-secret', 'a-secret-e', 'A-secret-ё', 'a-secret-ё ', 'a-secret-ё-and-more', 'x'])(
  '%j is not the secret',
  (given) => {
    expect(sameSecret(given, 'a-secret-ё')).toBe(false);
  },
);

test('an absent text is no secret, not even an empty one', () => {
  expect(sameSecret(undefined, 'a-secret-ё')).toBe(false);
  expect(sameSecret(undefined, '')).toBe(false);
});
