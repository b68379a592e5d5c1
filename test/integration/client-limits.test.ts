import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createDynamo } from '../../lib/adapters/dynamodb/client.ts';
import { fetchJson } from '../../lib/adapters/issuer/fetch-json.ts';
import { createMaxApi } from '../../lib/adapters/max/client.ts';
import { createRedis, createRedisGate } from '../../lib/adapters/redis/client.ts';
import { createSqs, createUpdateQueue } from '../../lib/adapters/sqs/queues.ts';
import { createSsm, fetchParameter } from '../../lib/adapters/ssm/parameter.ts';

/** Every client of the service against servers that accept a connection and then misbehave: no client waits forever. */

const html = '<html><body>Proxy</body></html>';
const behaviours: Readonly<Record<string, (socket: Socket) => void>> = {
  'stays silent': () => {},
  resets: (socket) => void socket.once('data', () => socket.resetAndDestroy()),
  'sends half an answer': (socket) =>
    void socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"half":')),
  'sends a byte of its answer every second': (socket) =>
    void socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{');
      const timer = setInterval(() => socket.write(' '), 1_000);
      socket.once('close', () => clearInterval(timer));
    }),
  'answers 200 with a page of HTML': (socket) =>
    void socket.on('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: ${html.length}\r\n\r\n${html}`);
    }),
};

const servers = new Map<string, { readonly server: Server; readonly url: string; readonly sockets: Set<Socket> }>();

beforeAll(async () => {
  for (const [name, behave] of Object.entries(behaviours)) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
      behave(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.set(name, { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets });
  }
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterAll(() => {
  for (const { server, sockets } of servers.values()) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

/** An SDK client reads the server's address at its creation. */
function at<C>(variable: string, url: string, make: () => C): C {
  vi.stubEnv(variable, url);
  return make();
}

/** The call of each client, and its longest duration, ms. Each rejects or returns an error. */
const clients: Readonly<Record<string, { readonly ms: number; readonly ask: (url: string) => Promise<unknown> }>> = {
  DynamoDB: {
    ms: 8_000,
    ask: (url) =>
      createDynamo({ endpoint: url }).send(new GetItemCommand({ TableName: 'chats', Key: { id: { N: '1' } } })),
  },
  SQS: {
    ms: 8_000,
    ask: (url) => createUpdateQueue(at('AWS_ENDPOINT_URL_SQS', url, createSqs), `${url}/0/updates`).send({} as never),
  },
  SSM: { ms: 5_000, ask: (url) => fetchParameter(at('AWS_ENDPOINT_URL_SSM', url, createSsm), '/secret') },
  'the issuer of tokens': { ms: 3_000, ask: (url) => fetchJson(new URL(url)) },
  MAX: {
    ms: 2_000,
    async ask(url) {
      const answer = await createMaxApi({ url, token: async () => 'token' }).getChat('-1', 2_000);
      if (answer.kind === 'error') throw new Error(answer.detail);
      return answer;
    },
  },
  Redis: {
    ms: 500,
    async ask(url) {
      const redis = createRedis(url.replace('http:', 'redis:'), { commandTimeoutMs: 250 });
      try {
        const result = await createRedisGate(redis).run((commands) => commands.mget('chat_participants:1'));
        if (!result.ok) throw new Error(result.reason);
        return result.value;
      } finally {
        redis.disconnect();
      }
    },
  },
};

describe.each(Object.keys(behaviours))('a server that %s', (behaviour) => {
  test.concurrent.each(Object.entries(clients))(
    'costs %s at most its limits',
    async (_, { ms, ask }) => {
      const startedAt = performance.now();
      await expect(ask(servers.get(behaviour)?.url ?? '')).rejects.toThrow();
      // The test machine may be busy. Without a limit, the call would never end.
      expect(performance.now() - startedAt).toBeLessThan(ms + 2_000);
    },
    20_000,
  );
});
