import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Asked, ask, quietEnvironment } from '../../support/http.ts';

const sent: unknown[] = [];
let queueFails = false;
vi.mock('../../../lib/adapters/sqs/queues.ts', () => ({
  createSqs: () => ({}),
  createRefreshQueue: () => ({}),
  createPlanQueue: () => ({}),
  createUpdateQueue: () => ({
    async send(update: unknown) {
      if (queueFails) throw new Error('SQS is away');
      sent.push(update);
    },
  }),
}));

let handler: unknown;
beforeAll(async () => {
  Object.assign(process.env, quietEnvironment, {
    WEBHOOK_SECRET: 'the-right-secret',
    UPDATES_QUEUE_URL: 'http://127.0.0.1/q',
  });
  ({ handler } = await import('../../../functions/http-receive-updates/handler.ts'));
});
beforeEach(() => {
  sent.length = 0;
  queueFails = false;
});

const right = { 'x-max-bot-api-secret': 'the-right-secret', 'content-type': 'application/json' };
const update = '{"update_type":"user_added","timestamp":5,"chat_id":-9007199254740993}';
const BODIES: readonly (readonly [string, Partial<Asked>])[] = [
  ['no body', {}],
  ['an empty body', { body: '' }],
  ['text that is not JSON', { body: '<html>' }],
  ['an array', { body: '[1]' }],
  ['an update without timestamp', { body: '{"update_type":"user_added","chat_id":-1}' }],
  ['an unknown type', { body: '{"update_type":"new","timestamp":1}' }],
  ['a body over 256 KB', { body: JSON.stringify({ pad: 'x'.repeat(300_000) }) }],
  ['an update', { body: update }],
];

describe('a delivery', () => {
  test.each(BODIES)('of %s gets 200 with the correct secret, and 401 without', async (_, given) => {
    expect((await ask(handler, { headers: right, ...given })).statusCode).toBe(200);
    for (const headers of [{}, { 'x-max-bot-api-secret': 'guessed' }]) {
      const refused = await ask(handler, { headers, ...given });
      expect(refused.statusCode).toBe(401);
      expect(refused.headers['content-type']).toBe('application/problem+json');
    }
  });

  test('is accepted with any content type, and keeps a 64-bit id', async () => {
    const { 'content-type': _, ...secretOnly } = right;
    expect((await ask(handler, { headers: secretOnly, body: update })).statusCode).toBe(200);
    const body = Buffer.from(update).toString('base64');
    expect((await ask(handler, { headers: right, body, isBase64Encoded: true })).statusCode).toBe(200);
    const queued = { kind: 'members_changed', chat_id: '-9007199254740993', at: 5 };
    expect(sent).toEqual([queued, queued]);
  });

  test("that can't be queued gets 503, so that MAX repeats it", async () => {
    queueFails = true;
    const answer = await ask(handler, { headers: right, body: update });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('60');
  });
});
