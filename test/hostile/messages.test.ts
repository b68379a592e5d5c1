import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import type { SQSBatchResponse } from 'aws-lambda';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMaxApi } from '../../lib/adapters/max/client.ts';
import { type Functions, SECRETS, startFunctions } from '../support/functions.ts';
import { HUNT_MS, hunt, keepOutput, type Output, requireSecrecy } from './hunt.ts';
import * as hostile from './values.ts';

/** Input of queues, schedules, MAX and Redis to the functions. */

const CHATS = 20;

let functions: Functions;
let output: Output;
let redis: Redis;
let runId: string;
/** The chats' ids in MAX. */
let groups: string[];
beforeAll(async () => {
  output = await keepOutput();
  functions = await startFunctions(60, { rps: 1_000, env: output.env });
  redis = new Redis(functions.redis.url);
  groups = [...functions.simulator.world.truths(0, CHATS)].map(({ chat_id }) => chat_id);
  for (const [i, max_chat_id] of groups.entries()) {
    const body = JSON.stringify({ name: `Чат ${i}`, max_chat_id });
    expect(await functions.call('http-create-chat', { body })).toMatchObject({ statusCode: 201 });
  }
  runId = JSON.parse((await functions.call('http-start-full-update')).body).run_id;
}, 120_000);
afterAll(async () => {
  output.stop();
  redis?.disconnect();
  await functions?.close();
});

const secrets = () => [...Object.values(SECRETS), functions.simulator.token];

describe('records of', () => {
  const now = Date.now();
  const members = { kind: 'members_changed', chat_id: '-1', at: now };
  const queues = [
    ['queue-refresh-participants', 'EXPRESS_REFRESHES', [{ ids: [1, 2], requested_at: now, charged_to_planner: true }]],
    [
      'queue-refresh-participants',
      'BULK_REFRESHES',
      [
        { ids: [3], requested_at: now, run: { id: 'run-1', part: '1.0' } },
        { ids: [4], requested_at: now + 9 ** 9 },
      ],
    ],
    ['queue-plan-full-update', 'FULL_UPDATE', [{ run_id: 'run-1' }]],
    [
      'queue-apply-updates',
      'UPDATES',
      [
        ...[members, { ...members, kind: 'bot_added' }, { ...members, kind: 'bot_removed' }],
        ...[{ ...members, kind: 'title_changed', title: 'x' }],
        { ...members, kind: 'permissions_changed', receives_membership_events: true },
      ],
    ],
  ] as const;
  const value = fc.oneof(
    hostile.json,
    fc.constantFrom(...['-1', '-70000000000001']),
    fc.array(fc.oneof(fc.integer({ min: 1, max: CHATS + 5 }), hostile.json), { maxLength: 5 }),
    fc.record({ id: hostile.text, part: hostile.text }),
  );

  test.each(queues)(
    '%s (%s): every record is handled or fails alone',
    async (name, queue, documents) => {
      const bodies = fc.oneof(...documents.map((document) => hostile.body(document, value)));
      const inputs = fc.array(bodies, { minLength: 1, maxLength: 5 });
      const good = { FULL_UPDATE: { run_id: runId }, UPDATES: { ...members, chat_id: groups[0] } };
      const fine = queue in good ? good[queue as keyof typeof good] : { ids: [1], requested_at: now };
      await hunt(`${queue} records`, 0.03, inputs, async (given) => {
        const records = given.map((body, i) => functions.record(queue, body, `record-${i}`));
        const last = functions.record(queue, JSON.stringify(fine), 'good');
        const answer = (await functions.invoke(name, { Records: [...records, last] })) as SQSBatchResponse;
        const failed = answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
        expect(new Set(failed).size).toBe(failed.length);
        expect(records.map(({ messageId }) => messageId)).toEqual(expect.arrayContaining(failed));
        requireSecrecy(output.take(), secrets());
      });
    },
    HUNT_MS,
  );
});

describe('schedules', () => {
  const schedules = ['plan-stale', 'plan-full', 'check-subscription', 'roll-up', 'repair-postings'];
  test.each(schedules.map((name) => `schedule-${name}`))(
    '%s runs whatever its event is',
    async (name) => {
      await hunt(name, 0.0001, hostile.json, async (event) => {
        expect(await functions.invoke(name, event, 120_000)).toBeUndefined();
        requireSecrecy(output.take(), secrets());
      });
    },
    HUNT_MS,
  );
});

describe('Redis', () => {
  const written = JSON.stringify({
    count: 7,
    updated_at: '2026-11-25T00:00:00.000Z',
    source: 'api',
    max_chat_id: '-1',
  });
  const values = fc.oneof(
    hostile.cut(fc.constant(written)).map((text) => Buffer.from(text)),
    hostile.text.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  );
  const id = fc.integer({ min: 1, max: CHATS });
  const keys = fc.oneof(
    { weight: 4, arbitrary: id.map((n) => `chat_participants:${n}`) },
    { weight: 1, arbitrary: id.map((n) => `participants_lease:${n}`) },
    { weight: 1, arbitrary: id.map((n) => `participants_contention:${n}`) },
    { weight: 1, arbitrary: fc.constant('participants_reads:0') },
  );
  const types = fc.constantFrom('string', 'string', 'string', 'list', 'hash', 'set');

  test(
    'may hold anything: lists, refreshes and workers go on',
    async () => {
      const kept = fc.array(fc.tuple(keys, types, values), { minLength: 1, maxLength: 4 });
      await hunt('values in Redis', 0.02, kept, async (entries) => {
        for (const [key, type, value] of entries) {
          await redis.del(key);
          if (type === 'string') await redis.set(key, value);
          else if (type === 'list') await redis.rpush(key, value);
          else if (type === 'set') await redis.sadd(key, value);
          else await redis.hset(key, { '1': value });
        }
        // One after the other, as in an environment on Lambda: X-Ray nests the traces of invocations that overlap ever deeper.
        const list = await functions.call('http-list-chats');
        const one = await functions.call('http-get-chat', { path: { id: '1' } });
        const batch = await functions.invoke('queue-refresh-participants', {
          Records: [functions.record('BULK_REFRESHES', JSON.stringify({ ids: [2], requested_at: Date.now() }))],
        });
        expect([list.statusCode, one.statusCode, batch]).toEqual([200, 200, { batchItemFailures: [] }]);
        for (const { participants_count } of JSON.parse(list.body).data) {
          expect(participants_count === null || Number.isSafeInteger(participants_count)).toBe(true);
        }
        requireSecrecy(output.take(), secrets());
      });
    },
    HUNT_MS,
  );

  test(
    'may hold anything in the place of the limiter',
    async () => {
      const stores = fc.tuple(types, values);
      await hunt('the limiter in Redis', 0.00001, stores, async ([type, value]) => {
        const [key = ''] = await redis.keys('max:*:permits');
        if (key) await redis.del(key);
        if (type === 'string') await redis.set(key || 'max:{bot}:permits', value);
        else await redis.hset(key || 'max:{bot}:permits', { next: value, until: value });
        const answer = await functions.call('http-refresh-participants', { path: { id: '3' } });
        expect([200, 503]).toContain(answer.statusCode);
        requireSecrecy(output.take(), secrets());
        await redis.del(key || 'max:{bot}:permits');
      });
    },
    HUNT_MS,
  );
});

describe('MAX', () => {
  /** The bytes of the next response. */
  let answer: Buffer = Buffer.alloc(0);
  let server: Server;
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  const TOKEN = 'a-token-of-max-that-nobody-may-see';
  const chat = {
    ...{
      chat_id: -1,
      status: 'active',
      participants_count: 5,
      title: 'a-title-that-no-log-has',
      link: null,
      type: 'chat',
    },
    ...{ is_admin: true, permissions: ['read_all_messages'], subscriptions: [{ url: 'https://a' }], success: true },
  };
  const bodies = fc.oneof(
    hostile.body(chat).map((text) => Buffer.from(text)),
    hostile.cutBytes(fc.constant(Buffer.from(JSON.stringify(chat)))),
    hostile.body({ code: 'chat.not.found', message: 'a-title-that-no-log-has' }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 100 }),
  );
  const statuses = fc.oneof(
    fc.constantFrom(200, 200, 200, 201, 204, 301, 302, 400, 401, 403, 404, 429, 500, 503),
    fc.integer({ min: 100, max: 999 }),
  );
  const headers = fc.constantFrom(
    ...[
      '',
      '',
      '',
      'retry-after: -5\r\n',
      'retry-after: x\r\n',
      'retry-after: 1e999\r\n',
      'transfer-encoding: chunked\r\n',
    ],
    ...[
      'content-length: 5\r\n',
      'content-length: -1\r\n',
      'content-encoding: gzip\r\n',
      'location: http://169.254.169.254/\r\n',
    ],
    ...[
      `x: ${'a'.repeat(20_000)}\r\n`,
      'retry-after: Thu, 01 Jan 1970 00:00:00 GMT\r\n',
      ': \r\n',
      'connection: upgrade\r\nupgrade: x\r\n',
    ],
  );
  const answers = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(statuses, headers, bodies)
        .map(([status, header, body]) => Buffer.concat([Buffer.from(`HTTP/1.1 ${status} x\r\n${header}\r\n`), body])),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  );

  test(
    'may answer anything: no call rejects, and no error tells of the token or the body',
    async () => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const api = createMaxApi({ url, token: async () => TOKEN });
      const calls = [
        () => api.getChat('-1', 300),
        () => api.getMembership('-1', 300),
        () => api.listSubscriptions(300),
        () => api.subscribe('https://a', SECRETS.WEBHOOK_SECRET, 300),
        () => api.unsubscribe('https://a', 300),
      ];
      await hunt('answers of MAX', 0.2, fc.tuple(answers, fc.constantFrom(...calls)), async ([given, call]) => {
        answer = given;
        const read = await call();
        if (typeof read !== 'object' || !('kind' in read)) return;
        if (read.kind === 'count') expect(read.count).toBeGreaterThanOrEqual(0);
        if (read.kind !== 'error') return;
        expect(['rate_limited', 'server', 'timeout', 'network', 'auth']).toContain(read.error);
        expect(read.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
        requireSecrecy(JSON.stringify(read), [TOKEN, SECRETS.WEBHOOK_SECRET, 'a-title-that-no-log-has']);
      });
    },
    HUNT_MS,
  );
});
