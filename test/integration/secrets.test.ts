import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../lib/runtime/config.ts';
import { secretReader } from '../../lib/runtime/secrets.ts';

const MINUTE = 60_000;

let ssm: Server;
/** The requested parameter and its value in SSM; `undefined`: there is no such parameter. */
let requests: unknown[];
let value: string | undefined;
let now: number;

beforeAll(async () => {
  ssm = createServer(async (request, response) => {
    requests.push(await json(request));
    response.statusCode = value === undefined ? 400 : 200;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(
      JSON.stringify(value === undefined ? { __type: 'ParameterNotFound' } : { Parameter: { Value: value } }),
    );
  }).listen(0, '127.0.0.1');
  await once(ssm, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL_SSM', `http://127.0.0.1:${(ssm.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterAll(() => {
  ssm.close();
  ssm.closeAllConnections();
});
beforeEach(() => {
  requests = [];
  value = 'first';
  now = 0;
});

const reader = (source: { value?: string; parameter?: string }) =>
  secretReader('MAX_API_TOKEN', { value: undefined, parameter: undefined, ...source }, () => now);

test('a secret in the environment needs no SSM', async () => {
  expect(await reader({ value: 'given', parameter: '/p' })()).toBe('given');
  expect(requests).toEqual([]);
});

test('without a value and a parameter the error names both variables', async () => {
  const error = await reader({})().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toContain('MAX_API_TOKEN (or MAX_API_TOKEN_PARAMETER) is missing');
});

describe('a secret of SSM', () => {
  test('is fetched once and decrypted, for any number of callers', async () => {
    const read = reader({ parameter: '/p' });
    expect(await Promise.all([read(), read(), read()])).toEqual(['first', 'first', 'first']);
    expect(requests).toEqual([{ Name: '/p', WithDecryption: true }]);
  });

  test('is fetched again after five minutes; if that fails, the previous one is used', async () => {
    const read = reader({ parameter: '/p' });
    await read();
    value = 'second';
    now = 5 * MINUTE - 1;
    expect(await read()).toBe('first');
    now = 5 * MINUTE;
    value = undefined;
    expect(await read()).toBe('first');
    value = 'second';
    expect(await read()).toBe('second');
  });

  test('is an error if there is no previous one, or if it is empty', async () => {
    const read = reader({ parameter: '/p' });
    value = undefined;
    await expect(read()).rejects.toMatchObject({ name: 'ParameterNotFound' });
    value = '';
    await expect(read()).rejects.toThrow('the SSM parameter /p is empty');
    value = 'first';
    expect(await read()).toBe('first');
  });
});
