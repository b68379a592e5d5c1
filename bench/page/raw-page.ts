import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, type ClientRequest, request } from 'node:http';
import { connect, type Socket } from 'node:net';

/**
 * The least work for a page: the Query of DynamoDB over HTTP and the MGET of Redis over a socket, both parsed, and one
 * `JSON.stringify` of the page. No SDK and no driver.
 */

/** A request of the function to DynamoDB, as it was sent. */
interface RawRequest {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Records the Query that the function sends to DynamoDB during `work`. */
export async function recordQuery(work: () => Promise<unknown>): Promise<RawRequest> {
  const recorded: RawRequest[] = [];
  const onCreated = (message: unknown) => {
    const { request: sent } = message as { request: ClientRequest };
    const write = sent.write.bind(sent);
    const end = sent.end.bind(sent);
    const record = (body: unknown) => {
      const headers = Object.fromEntries(
        Object.entries(sent.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      if (!headers['x-amz-target']?.endsWith('.Query')) return;
      recorded.push({ port: Number(headers.host?.split(':')[1]), path: sent.path, headers, body: String(body) });
    };
    sent.write = ((body: unknown, ...more: []) => {
      record(body);
      return write(body, ...more);
    }) as typeof sent.write;
    sent.end = ((body: unknown, ...more: []) => {
      if (body) record(body);
      return end(body, ...more);
    }) as typeof sent.end;
  };
  subscribe('http.client.request.created', onCreated);
  await work().finally(() => unsubscribe('http.client.request.created', onCreated));
  const [query] = recorded;
  if (!query || recorded.length > 1) throw new Error(`a page sent ${recorded.length} Queries`);
  return query;
}

/** Returns a function that reads the page on raw connections. Call it one at a time. */
export async function createRawPage(query: RawRequest, redisPort: number): Promise<() => Promise<string>> {
  const agent = new Agent({ keepAlive: true });
  const socket = connect({ host: '127.0.0.1', port: redisPort, noDelay: true });
  await once(socket, 'connect');
  const readItems = async () => {
    const { Items } = JSON.parse(await post(agent, query)) as { Items: { id: { N: string } }[] };
    return Items.slice(0, 100);
  };
  const ids = (await readItems()).map(({ id }) => Number(id.N));
  const mget = await createRawMget(
    socket,
    ids.map((id) => `chat_participants:${id}`),
  );
  return async () => {
    const items = await readItems();
    const counts = await mget();
    return JSON.stringify(items.map((item, i) => ({ ...item, count: counts[i] })));
  };
}

const post = (agent: Agent, { port, path, headers, body }: RawRequest): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, headers, method: 'POST' }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve(Buffer.concat(pieces).toString())).on('error', reject);
    });
    sent.on('error', reject).end(body);
  });

/** Returns a function that sends MGET on a raw socket. All replies have the length of the first one. */
export async function createRawMget(socket: Socket, keys: readonly string[]): Promise<() => Promise<string[]>> {
  const command = `*${keys.length + 1}\r\n$4\r\nMGET\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('')}`;
  let expected = 0;
  socket.on('data', (piece) => {
    expected += piece.length;
  });
  socket.write(command);
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.removeAllListeners('data');
  let reply = '';
  let done = (_values: string[]) => {};
  socket.setEncoding('latin1').on('data', (piece) => {
    reply += piece;
    // A line with its length precedes each value.
    if (reply.length >= expected) done(reply.split('\r\n').filter((_, i) => i > 0 && i % 2 === 0));
  });
  return () =>
    new Promise((resolve) => {
      reply = '';
      done = resolve;
      socket.write(command);
    });
}
