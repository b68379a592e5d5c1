import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { rootCertificates } from 'node:tls';
import * as z from 'zod';
import { parseJsonWithIds } from '../../base/json.ts';
import {
  type ChatAnswer,
  INACTIVE_STATUSES,
  type MaxApi,
  type MaxError,
  type MembershipAnswer,
} from '../../max-api/api.ts';
import { MEMBERSHIP_PERMISSION, UPDATE_TYPES } from '../../max-api/updates.ts';

/**
 * The client of the MAX Bot API. Each call sends one request; the caller must hold a permit (permits.ts) and handles retries. A
 * 403 or 404 about a chat is a response. All failures are returned as error values.
 */

export interface MaxApiSettings {
  readonly url: string;
  /** Called for every request, so it should return the token from memory. */
  readonly token: () => Promise<string>;
  /** A PEM certificate, or the path of one. Only this client trusts it, in addition to Node's root certificates. */
  readonly ca?: string | undefined;
}

/** Largest response body. A chat with thousands of entries in `participants` is smaller. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const chatSchema = z.object({
  chat_id: z.bigint(),
  status: z.enum(['active', ...INACTIVE_STATUSES]),
  participants_count: z.number().int().min(0).max(2_147_483_647),
  title: z.string().nullish(),
  link: z.string().nullish(),
  // Only the planner uses these, so a value of another form is no error.
  last_event_time: z.number().int().min(0).nullish().catch(null),
  messages_count: z.number().int().min(0).nullish().catch(null),
});

const membershipSchema = z.object({ is_admin: z.boolean(), permissions: z.array(z.string()).nullish() });

const subscriptionsSchema = z.object({ subscriptions: z.array(z.object({ url: z.string() })) });

/** The response to a request that changes something. */
const successSchema = z.object({ success: z.literal(true) });

const errorSchema = z.object({ code: z.string() });

interface RawAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Creates the client. @throws if `ca` is neither a PEM certificate nor a readable file with one. */
export function createMaxApi(settings: MaxApiSettings): MaxApi {
  const base = new URL(settings.url);
  const secure = base.protocol === 'https:';
  const options = { keepAlive: true, maxSockets: 64 };
  const agent = secure
    ? new HttpsAgent({ ...options, ...(settings.ca ? { ca: [...rootCertificates, readCa(settings.ca)] } : {}) })
    : new HttpAgent(options);
  const send = secure ? httpsRequest : httpRequest;
  const prefix = base.pathname.replace(/\/$/, '');

  function exchange(method: string, path: string, token: string, timeoutMs: number, body?: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
      const request = send(
        {
          hostname: base.hostname.replace(/^\[|\]$/g, ''),
          port: base.port,
          path: prefix + path,
          method,
          agent,
          signal,
          headers: {
            authorization: token,
            accept: 'application/json',
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > MAX_BODY_BYTES) request.destroy(new BodyTooLarge());
            else chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'],
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      request.on('error', reject);
      // Without effect after a response or an error. A server that switches protocols (101) causes neither.
      request.on('close', () => reject(new ConnectionClosed()));
      request.end(body);
    });
  }

  /** Sends one request and converts its response with `read`. */
  async function call<A>(
    method: string,
    path: string,
    timeoutMs: number,
    read: (answer: RawAnswer) => A | MaxError,
    body?: unknown,
  ): Promise<A | MaxError> {
    let token: string;
    try {
      token = await settings.token();
    } catch (error) {
      return { kind: 'error', error: 'auth', detail: `no token: ${(error as Error).name}`, retryable: false };
    }
    try {
      return read(
        await exchange(method, path, token, timeoutMs, body === undefined ? undefined : JSON.stringify(body)),
      );
    } catch (error) {
      return connectionError(error);
    }
  }

  const chatPath = (maxChatId: string) => `/chats/${encodeURIComponent(maxChatId)}`;
  const subscriptionsPath = '/subscriptions';

  return {
    getChat: (maxChatId, timeoutMs) => call('GET', chatPath(maxChatId), timeoutMs, (raw) => readChat(maxChatId, raw)),
    getMembership: (maxChatId, timeoutMs) =>
      call('GET', `${chatPath(maxChatId)}/members/me`, timeoutMs, readMembership),
    listSubscriptions: (timeoutMs) =>
      call('GET', subscriptionsPath, timeoutMs, (raw) => {
        const read = readBody(raw, subscriptionsSchema);
        return 'kind' in read ? read : read.value.subscriptions;
      }),
    subscribe: (url, secret, timeoutMs) =>
      call('POST', subscriptionsPath, timeoutMs, readDone, { url, secret, update_types: UPDATE_TYPES }),
    unsubscribe: (url, timeoutMs) =>
      call('DELETE', `${subscriptionsPath}?url=${encodeURIComponent(url)}`, timeoutMs, readDone),
  };
}

class BodyTooLarge extends Error {}
class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed';
}

function readCa(ca: string): string {
  const isPem = (text: string) => text.includes('-----BEGIN CERTIFICATE-----');
  if (isPem(ca)) return ca;
  try {
    const pem = readFileSync(ca, 'utf8');
    if (isPem(pem)) return pem;
  } catch {}
  throw new Error('MAX_API_CA must be a PEM certificate or the path of a readable file that holds one');
}

function connectionError(error: unknown): MaxError {
  const failure = error as NodeJS.ErrnoException;
  if (failure.name === 'TimeoutError' || failure.name === 'AbortError') {
    return { kind: 'error', error: 'timeout', detail: 'no answer in time', retryable: true };
  }
  if (error instanceof BodyTooLarge) return broken(`a body over ${MAX_BODY_BYTES} bytes`);
  return { kind: 'error', error: 'network', detail: failure.code ?? failure.name, retryable: true };
}

const broken = (detail: string): MaxError => ({ kind: 'error', error: 'server', detail, retryable: false });

const parseJson = (text: string): unknown => parseJsonWithIds(text, 'chat_id');

function readChat(maxChatId: string, raw: RawAnswer): ChatAnswer {
  const read = readBody(raw, chatSchema);
  if ('kind' in read) return aboutChat(raw) ?? read;
  const {
    chat_id,
    status,
    participants_count,
    title,
    link,
    last_event_time: at,
    messages_count: messages,
  } = read.value;
  if (String(chat_id) !== maxChatId) return broken('200 about another chat');
  if (status !== 'active') return { kind: 'inactive', status };
  const lastEvent = at == null ? null : { at, messages: messages ?? null };
  return { kind: 'count', count: participants_count, title: title ?? null, link: link ?? null, lastEvent };
}

function readMembership(raw: RawAnswer): MembershipAnswer {
  const read = readBody(raw, membershipSchema);
  if ('kind' in read) return aboutChat(raw) ?? read;
  const { is_admin, permissions } = read.value;
  return {
    kind: 'membership',
    receivesMembershipEvents: is_admin && (permissions?.includes(MEMBERSHIP_PERMISSION) ?? false),
  };
}

function readDone(raw: RawAnswer): 'done' | MaxError {
  const read = readBody(raw, successSchema);
  return 'kind' in read ? read : 'done';
}

/** Returns the meaning of a 403 or 404 about the chat; `undefined` for other responses, like an unknown path or a proxy's page. */
function aboutChat({ status, body }: RawAnswer): { readonly kind: 'denied' | 'not_found' } | undefined {
  if (status !== 403 && status !== 404) return undefined;
  const code = errorSchema.safeParse(parseJson(body)).data?.code;
  if (code === undefined || code === 'method.not.found') return undefined;
  return { kind: status === 403 ? 'denied' : 'not_found' };
}

/** Returns the body of a valid 200; for other responses an error. */
function readBody<S extends z.ZodType>(
  { status, retryAfter, body }: RawAnswer,
  schema: S,
): { readonly value: z.output<S> } | MaxError {
  if (status === 200) {
    const parsed = schema.safeParse(parseJson(body));
    if (parsed.success) return { value: parsed.data };
    const where = parsed.error.issues.map((issue) => issue.path.join('.') || 'body').join(', ');
    return broken(`200 with an unusable ${where}`);
  }
  if (status === 401) return { kind: 'error', error: 'auth', detail: '401', retryable: false };
  if (status === 403 || status === 404) return broken(`${status} without a word about the chat`);
  if (status === 429 || status >= 500) {
    const retryAfterMs = readRetryAfter(retryAfter);
    return {
      kind: 'error',
      error: status === 429 ? 'rate_limited' : 'server',
      detail: String(status),
      retryable: true,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  return broken(`unexpected status ${status}`);
}

/** Parses `Retry-After`, seconds or an HTTP date (RFC 9110, 10.2.3), into milliseconds from now. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Resolves if the host accepts a TCP connection within `timeoutMs`, otherwise rejects. */
export function reachable(url: URL, timeoutMs: number): Promise<void> {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, timeout: timeoutMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('timeout')));
    socket.once('error', reject);
  });
}
