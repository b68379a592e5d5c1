import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Declared } from '../declared.ts';
import type { Invocation } from '../lambda/environment.ts';
import { answerOf, gatewayAnswer, type HttpAnswer, send } from './answer.ts';
import { preflightAnswer, withCors } from './cors.ts';
import { type HttpApiEvent, httpApiEvent, splitUrl } from './event.ts';
import { Routes } from './routes.ts';
import { createThrottle } from './throttle.ts';

/** The HTTP API in front of the functions, like API Gateway. Loopback only. */
export interface HttpApi {
  readonly port: number;
  /** Accepts no new requests, and resolves when all requests in progress are answered. */
  stop(): Promise<void>;
  /** Closes all connections at once. */
  abort(): void;
}

const BODY_LIMIT = 10 * 1024 * 1024;
/** API Gateway responds with 503 if a function takes longer. */
const INTEGRATION_TIMEOUT_MS = 30_000;

const serverError = gatewayAnswer(500, 'Internal Server Error');
const unavailable = gatewayAnswer(503, 'Service Unavailable');
const tooMany = gatewayAnswer(429, 'Too Many Requests');
const badRequest = gatewayAnswer(400, 'Bad Request');

/** Starts the API. @throws {Error} with code `EADDRINUSE` if the port is in use. */
export async function startHttpApi(
  declared: Declared,
  port: number,
  invoke: (functionKey: string, event: unknown) => Promise<Invocation>,
): Promise<HttpApi> {
  const routes = new Routes(declared.functions);
  const { cors } = declared;
  const throttle = declared.throttling && createThrottle(declared.throttling, () => performance.now());

  const answer = async (request: IncomingMessage, requestId: string): Promise<HttpAnswer> => {
    if (throttle?.takes() === false) return tooMany;
    const body = await readBody(request);
    if (!body) return gatewayAnswer(413, 'Request Entity Too Large');
    let event: HttpApiEvent;
    let functionKey: string;
    try {
      const match = routes.match(request.method ?? 'GET', splitUrl(request.url ?? '/').path);
      if (!match) return gatewayAnswer(404, 'Not Found');
      event = httpApiEvent(request, body, match, requestId, new Date());
      functionKey = match.target.functionKey;
    } catch (error) {
      if (error instanceof URIError) return badRequest;
      throw error;
    }
    return answerTo(await withinTimeLimit(invoke(functionKey, event)));
  };

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const requestId = randomBytes(11).toString('base64url');
    const method = request.method ?? 'GET';
    try {
      const answered = preflightAnswer(cors, request) ?? withCors(cors, request, await answer(request, requestId));
      if (!server.listening) response.setHeader('connection', 'close');
      send(response, method, answered, requestId);
    } catch (error) {
      if (request.destroyed && !response.writable) return;
      if (!(error instanceof ClientGone)) console.error('The local API failed:', error);
      send(response, method, serverError, requestId);
    }
    if (!request.complete) request.resume();
  });
  // Longer than clients keep idle connections, so that no connection is closed while a client reuses it.
  server.keepAliveTimeout = 75_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
    },
    abort: () => server.closeAllConnections(),
  };
}

function answerTo(invocation: Invocation | undefined): HttpAnswer {
  switch (invocation?.outcome) {
    case 'value':
      return answerOf(invocation.value) ?? serverError;
    case 'error':
      return serverError;
    default:
      return unavailable;
  }
}

async function withinTimeLimit(invocation: Promise<Invocation>): Promise<Invocation | undefined> {
  const { promise: tooLong, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), INTEGRATION_TIMEOUT_MS);
  try {
    return await Promise.race([invocation, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

class ClientGone extends Error {}

/** Reads a body. @returns `undefined` for a body over 10 MB; the rest of it is not read. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > BODY_LIMIT) return undefined;
      chunks.push(chunk);
    }
  } catch {
    throw new ClientGone();
  }
  return Buffer.concat(chunks);
}
