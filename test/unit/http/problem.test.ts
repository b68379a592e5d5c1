import { describe, expect, test } from 'vitest';
import { jsonAnswer, PROBLEMS, Problem, type ProblemType, problemAnswer } from '../../../lib/http/problem.ts';

const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': 'request-1' };

describe('a response', () => {
  test('is JSON that nobody stores, with the id of its request', () => {
    expect(jsonAnswer(200, { text: 'ё' }, 'request-1')).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json', ...common },
      body: '{"text":"ё"}',
    });
  });

  test('may be empty, or null', () => {
    expect(jsonAnswer(204, undefined, 'request-1').body).toBe('');
    expect(jsonAnswer(200, null, 'request-1').body).toBe('null');
  });

  test('may have more headers, and another content type', () => {
    const headers = { location: '/chats/1', 'content-type': 'text/csv' };
    expect(jsonAnswer(201, {}, 'request-1', headers).headers).toEqual({ ...common, ...headers });
  });
});

describe('a problem', () => {
  test.each(Object.keys(PROBLEMS) as ProblemType[])('of the type %s has the members of RFC 9457', (type) => {
    const { statusCode, headers, body } = problemAnswer(new Problem(type), 'request-1');
    const { status, title } = PROBLEMS[type];
    expect(statusCode).toBe(status);
    expect(headers).toEqual({ 'content-type': 'application/problem+json', ...common });
    expect(JSON.parse(body)).toEqual({
      type: `urn:chat-participants:problem:${type}`,
      ...{ title, status, request_id: 'request-1' },
    });
  });

  test('may have a detail, errors of fields, more members and headers', () => {
    const errors = [{ field: 'limit', message: 'must be a whole number from 1 to 100' }];
    const problem = new Problem('invalid_request', {
      ...{ detail: 'Some fields are not valid.', errors, extra: { chat_id: 5 }, headers: { 'retry-after': '5' } },
    });
    const { headers, body } = problemAnswer(problem, 'request-1');
    expect(JSON.parse(body)).toMatchObject({ detail: 'Some fields are not valid.', errors, chat_id: 5 });
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '5' });
  });

  test('is an error, whose message in the log is its detail or its title', () => {
    expect(String(new Problem('not_found', { detail: 'There is no chat 5.' }))).toBe('Problem: There is no chat 5.');
    expect(String(new Problem('not_found'))).toBe(`Problem: ${PROBLEMS.not_found.title}`);
  });
});
