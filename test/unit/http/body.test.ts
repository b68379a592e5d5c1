import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect, test } from 'vitest';
import { bodyText, readBody } from '../../../lib/http/body.ts';
import { Problem } from '../../../lib/http/problem.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const sent = (body: string | undefined, headers: Record<string, string> = JSON_HEADERS, isBase64Encoded = false) =>
  ({ ...(body === undefined ? {} : { body }), headers, isBase64Encoded }) as APIGatewayProxyEventV2;
const read = (...request: Parameters<typeof sent>) => {
  try {
    return readBody(sent(...request));
  } catch (error) {
    return error instanceof Problem ? error.type : error;
  }
};
const refusal = (...request: Parameters<typeof sent>) => {
  try {
    readBody(sent(...request));
  } catch (error) {
    return error instanceof Problem ? error.details : {};
  }
  return {};
};
const inBase64 = (body: string) => Buffer.from(body).toString('base64');

test.each<[string, unknown]>([
  ['{"ё":[1]}', { ё: [1] }],
  ['null', null],
  ['{', 'invalid_request'],
  ['', 'invalid_request'],
])('the body %s is read from text and from base64', (body, expected) => {
  expect(read(body)).toEqual(expected);
  expect(read(inBase64(body), JSON_HEADERS, true)).toEqual(expected);
});

test('a body is required to be JSON', () => {
  expect(read(undefined)).toBe('invalid_request');
});

test('the text of a body is read with any type; without a body, it is empty', () => {
  expect(bodyText(sent('ё', {}))).toBe('ё');
  expect(bodyText(sent(inBase64('ё'), {}, true))).toBe('ё');
  expect(bodyText(sent(undefined, {}))).toBe('');
});

test('a refusal names what is accepted', () => {
  expect(refusal('{')).toMatchObject({
    detail: expect.stringContaining('JSON'),
    errors: [{ field: 'body', message: expect.stringContaining('JSON object') }],
  });
  expect(refusal('1', {}).detail).toContain('content-type: application/json');
  expect(refusal('x'.repeat(300_000)).detail).toContain('262144 bytes');
});

test.each([
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['Application/JSON', true],
  ['application/problem+json', true],
  ['application/json ; charset=utf-8', true],
  ['application/vnd.api+json', true],
  ['application/jsonp', false],
  ['application/json charset=utf-8', false],
  ['application/+json', false],
  ['application/a b+json', false],
  ['text/plain', false],
  ['text/plain; a=application/json', false],
])('the type %s: %s', (type, good) => {
  expect(read('1', { 'content-type': type })).toBe(good ? 1 : 'unsupported_media_type');
});

test('a body without a content type is refused', () => {
  expect(read('1', {})).toBe('unsupported_media_type');
});

test('the limit is 256 KB of content, in text and in base64', () => {
  const limit = 256 * 1_024;
  const exactly = `"${'x'.repeat(limit - 2)}"`;
  const over = `"${'x'.repeat(limit - 1)}"`;
  expect(read(exactly)).toHaveLength(limit - 2);
  expect(read(inBase64(exactly), JSON_HEADERS, true)).toHaveLength(limit - 2);
  expect(read(over)).toBe('body_too_large');
  expect(read(inBase64(over), JSON_HEADERS, true)).toBe('body_too_large');
  expect(read(`"${'ё'.repeat(limit / 2)}"`)).toBe('body_too_large');
});
