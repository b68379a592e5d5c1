import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isOutage, limitedClient } from '../../lib/base/limits.ts';

const LIMITS = { connectMs: 100, answerMs: 200, attempts: 3, callMs: 1_000 };

/** A client like those of the AWS SDK, as far as its limits need it. */
function makeClient(send: (input: string) => Promise<string>) {
  const options: unknown[] = [];
  const added: unknown[] = [];
  let call = send;
  const client = limitedClient(LIMITS, (given) => {
    options.push(given);
    return {
      middlewareStack: {
        add(middleware: <A, R>(next: (args: A) => Promise<R>) => (args: A) => Promise<R>, where: object) {
          added.push(where);
          call = middleware(call);
        },
      },
      send: (input: string) => call(input),
    };
  });
  return { client, options, added };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a client with limits', () => {
  test('is created with the limits of its requests', () => {
    const { options } = makeClient(async () => '');
    expect(options).toEqual([
      {
        maxAttempts: 3,
        requestHandler: {
          connectionTimeout: 100,
          requestTimeout: 200,
          throwOnRequestTimeout: true,
          socketTimeout: 200,
        },
      },
    ]);
  });

  test('limits a call as a whole, with its retries', () => {
    const { added } = makeClient(async () => '');
    // A middleware of this step surrounds those that repeat a request.
    expect(added).toEqual([{ step: 'initialize', name: expect.stringMatching(/\w/) }]);
  });

  test('passes the input and the result of a call, and leaves no timer', async () => {
    const { client } = makeClient(async (input) => `${input}!`);
    expect(await client.send('a')).toBe('a!');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('passes the error of a call, and leaves no timer', async () => {
    const { client } = makeClient(async () => {
      throw new Error('no such table');
    });
    await expect(client.send('a')).rejects.toThrow('no such table');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits for a call until its limit', async () => {
    const answer = Promise.withResolvers<string>();
    const sending = makeClient(() => answer.promise).client.send('a');
    await vi.advanceTimersByTimeAsync(999);
    answer.resolve('late');
    expect(await sending).toBe('late');
  });

  test('rejects a longer call with an outage that names the limit', async () => {
    const failure = makeClient(() => new Promise(() => {}))
      .client.send('a')
      .catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    const error = await failure;
    expect(error).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('1000 ms') });
    expect(isOutage(error)).toBe(true);
  });
});

describe('an outage', () => {
  test.each([
    { name: 'TimeoutError' },
    ...[
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ENOTFOUND',
      'EAI_AGAIN',
    ].map((code) => ({ code })),
    { $fault: 'server' },
    { $fault: 'client', $retryable: { throttling: true } },
    { $retryable: {} },
  ])('is an error with %j', (members) => {
    expect(isOutage(Object.assign(new Error('a failure'), members))).toBe(true);
  });

  test.each([{}, { name: 'AbortError' }, { code: 'EACCES' }, { code: 5 }, { $fault: 'client' }])(
    'is no error with %j',
    (members) => {
      expect(isOutage(Object.assign(new Error('a failure'), members))).toBe(false);
    },
  );

  test.each([undefined, null, 'ECONNREFUSED', 5])('is not the thrown value %j', (thrown) => {
    expect(isOutage(thrown)).toBe(false);
  });
});
