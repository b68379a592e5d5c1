/** The simulated MAX: its API on one port, the control API (`control.ts`) on another. Loopback only. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { Arrivals } from './arrivals.ts';
import { control } from './control.ts';
import { randomStream } from './random.ts';
import type { Answer, Simulator, SimulatorStats } from './simulator.ts';
import { allWell, type Fault, faultAt, type SwitchesPatch, turn } from './switches.ts';
import { Timers } from './timers.ts';
import { type WebhookOptions, Webhooks } from './webhooks.ts';
import { updateTypes, World, type WorldOptions } from './world.ts';

export interface SimulatorOptions extends Partial<Omit<WorldOptions, 'onUpdate' | 'clock'>> {
  /** 0, the default, takes a free port. The same holds for `controlPort`. */
  readonly port?: number;
  readonly controlPort?: number;
  /** The token that the API expects in `Authorization`; random by default. */
  readonly token?: string;
  /** Requests allowed in any 1,000 ms, 30 by default. */
  readonly rps?: number;
  /** Whether the simulator sends events; true by default. If false, it computes the changes only when a request arrives. */
  readonly events?: boolean;
  /** Whether webhooks with `http://` on this machine and a port are accepted; true by default. MAX itself refuses them. */
  readonly loopbackWebhooks?: boolean;
  readonly webhooks?: Partial<WebhookOptions>;
  /** The positions of the switches at the start. */
  readonly switches?: SwitchesPatch;
  /** The clock of the world. Latencies and webhooks use real time. */
  readonly clock?: Pick<Clock, 'now'>;
}

const defaults = { chats: 1_000, seed: 1, drift: 1, goneRate: 0.001 };
const defaultWebhooks = { repeat: 0.02, reorderMs: 500, timeScale: 1, answerWithinMs: 30_000 };
/** Longest time between a change and its event, ms. */
const tickMs = 100;
const mostBodyBytes = 65_536;

const subscriptionBody = z.object({
  url: z.string(),
  update_types: z.array(z.enum([...updateTypes, 'bot_started', 'message_created'])).nullish(),
  secret: z
    .string()
    .regex(/^[\w-]{5,256}$/)
    .nullish(),
});

/** Starts the simulator. Rejects with Node's error if a port is in use. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = options.clock ?? systemClock;
  const token = options.token ?? randomUUID();
  const rps = options.rps ?? 30;
  const events = options.events ?? true;
  const seed = options.seed ?? defaults.seed;
  const chance = randomStream(seed + 1);
  const timers = new Timers();
  const arrivals = new Arrivals();
  const byStatus = new Map<string, number>();
  const calls = new Map<string, number>();
  const webhooks = new Webhooks({ ...defaultWebhooks, ...options.webhooks }, randomStream(seed + 2));
  const { chats = defaults.chats, drift = defaults.drift, goneRate = defaults.goneRate } = options;
  const world = new World({
    chats,
    seed,
    drift,
    goneRate,
    clock,
    ...(events ? { onUpdate: (update) => webhooks.publish(update) } : {}),
  });
  let switches = turn(allWell, options.switches ?? {});
  world.silentJoins = switches.silent_joins;
  let since = clock.now();

  const api = http.createServer((request, response) => {
    const inWindow = arrivals.arrive(performance.now(), clock.now());
    const url = addressOf(request);
    const chatId = /^\/chats\/(-?\d+)$/.exec(url.pathname)?.[1];
    if (chatId !== undefined && world.has(chatId)) calls.set(chatId, (calls.get(chatId) ?? 0) + 1);
    const fault = faultAt(switches.errors, chance());
    const delayMs = Math.max(0, switches.latency_ms + (2 * chance() - 1) * switches.jitter_ms);

    const finish = async () => {
      if (fault === 'timeout') return count('timeout');
      if (fault === 'reset') {
        count('reset');
        // Sends an RST instead of closing the connection normally.
        request.socket.resetAndDestroy();
        return;
      }
      const answer = (await gate(inWindow, fault, request, url)) ?? (await route(request, url, fault));
      count(String(answer.status));
      const retryAfter = switches.retry_after_s !== null && (answer.status === 429 || answer.status === 503);
      reply(response, answer, retryAfter ? { 'retry-after': String(switches.retry_after_s) } : {});
    };
    if (delayMs === 0) void finish();
    else timers.after(delayMs, () => void finish());
  });

  function count(ending: string): void {
    byStatus.set(ending, (byStatus.get(ending) ?? 0) + 1);
  }

  /** Returns the refusal of a request before its path is evaluated: outage, rate limit, fault or token; else null. */
  function gate(inWindow: number, fault: Fault | null, request: http.IncomingMessage, url: URL): Answer | null {
    if (switches.outage_until !== null && clock.now() < switches.outage_until) {
      return refusal(503, 'service.unavailable', 'Service is temporarily unavailable');
    }
    if (inWindow > rps || fault === '429') return refusal(429, 'too.many.requests', 'Too many requests');
    if (fault === '500') return refusal(500, 'internal.error', 'Internal server error');
    if (fault === '503') return refusal(503, 'service.unavailable', 'Service is temporarily unavailable');
    if (fault === 'html') return { status: 502, body: '<html><body><h1>502 Bad Gateway</h1></body></html>' };
    // Refuses any `access_token` in the address, so that tests detect tokens that would appear in logs.
    if (switches.reject_token || request.headers.authorization !== token || url.searchParams.has('access_token')) {
      return refusal(401, 'verify.token', 'Invalid access_token');
    }
    return null;
  }

  async function route(request: http.IncomingMessage, url: URL, fault: Fault | null): Promise<Answer> {
    const [, root, chatId, member, me, more] = url.pathname.split('/');
    if (url.pathname === '/subscriptions') return subscriptions(request, url);
    const isChat = root === 'chats' && /^-?\d+$/.test(chatId ?? '');
    const isMembership = member === 'members' && me === 'me' && more === undefined;
    if (!isChat || !(member === undefined || isMembership)) {
      return refusal(404, 'method.not.found', `Unknown method: ${url.pathname}`);
    }
    if (request.method !== 'GET') return notAllowed();
    const body = isMembership ? world.membership(chatId ?? '') : world.body(chatId ?? '');
    if (body === 'denied') return refusal(403, 'chat.denied', 'Access to the chat is denied');
    if (body === 'not_found') return refusal(404, 'chat.not.found', `Chat ${chatId} not found`);
    return { status: 200, body: isMembership ? body : spoil(body, fault) };
  }

  async function subscriptions(request: http.IncomingMessage, url: URL): Promise<Answer> {
    // Events from before the subscription are not sent to the new subscriber.
    world.advance();
    switch (request.method) {
      case 'GET':
        return { status: 200, body: { subscriptions: webhooks.list() } };
      case 'POST': {
        const body = subscriptionBody.safeParse(await readJson(request));
        if (!body.success) return refusal(400, 'proto.payload', z.prettifyError(body.error));
        const { url: target, update_types, secret } = body.data;
        if (!deliverable(target, options.loopbackWebhooks ?? true)) {
          return refusal(400, 'proto.payload', 'url: must be https on port 443, with no port in it');
        }
        webhooks.subscribe({ url: target, time: clock.now(), update_types: update_types ?? null }, secret ?? null);
        return { status: 200, body: { success: true } };
      }
      case 'DELETE': {
        const success = webhooks.unsubscribe(url.searchParams.get('url') ?? '');
        return { status: 200, body: success ? { success } : { success, message: 'No such subscription' } };
      }
      default:
        return notAllowed();
    }
  }

  const simulator = {
    token,
    world,
    stats: (): SimulatorStats => ({
      since,
      ...arrivals.summary(),
      by_status: Object.fromEntries(byStatus),
      chats_called: calls.size,
      most_called: [...calls].sort(([, a], [, b]) => b - a).slice(0, 10),
      webhooks: webhooks.stats(),
    }),
    resetStats() {
      since = clock.now();
      arrivals.reset();
      byStatus.clear();
      calls.clear();
      webhooks.resetStats();
    },
    callsTo: (chatId: string) => calls.get(chatId) ?? 0,
    switches: () => switches,
    turnSwitches(patch: SwitchesPatch) {
      switches = turn(switches, patch);
      world.silentJoins = switches.silent_joins;
      return switches;
    },
    deliverVia(url: string | null) {
      webhooks.via = url;
    },
  };
  const controlServer = http.createServer((request, response) => {
    readJson(request)
      .then((body) => control(simulator, request.method ?? '', addressOf(request), body))
      .catch((error: unknown) => ({ status: 500, body: { error: String(error) } }))
      .then((answer) => reply(response, answer, {}));
  });
  const ticker = events ? setInterval(() => world.advance(), tickMs) : undefined;

  async function close(): Promise<void> {
    clearInterval(ticker);
    timers.end();
    webhooks.close();
    await Promise.all([stop(api), stop(controlServer)]);
  }

  try {
    const url = await listen(api, options.port ?? 0);
    const controlUrl = await listen(controlServer, options.controlPort ?? 0);
    return { ...simulator, url, controlUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { code, message } };
}

function notAllowed(): Answer {
  return refusal(405, 'method.not.allowed', 'Method is not allowed');
}

function spoil(body: Record<string, unknown>, fault: Fault | null): unknown {
  switch (fault) {
    case 'non_json':
      return new Torn(JSON.stringify(body));
    case 'missing_count': {
      const { participants_count: _, ...rest } = body;
      return rest;
    }
    case 'negative_count':
      return { ...body, participants_count: -1 };
    case 'fractional_count':
      return { ...body, participants_count: Number(body.participants_count) + 0.5 };
    case 'wrong_chat_id':
      return { ...body, chat_id: Number(body.chat_id) + 1 };
    default:
      return body;
  }
}

/** JSON that is cut in the middle, although the response itself is complete. */
class Torn {
  readonly text: string;
  constructor(text: string) {
    this.text = text.slice(0, text.length / 2);
  }
}

function deliverable(url: string, loopback: boolean): boolean {
  if (!URL.canParse(url)) return false;
  // Tests the text itself, because URL removes a `:443`.
  if (/^https:\/\/[^/?#:@]+(?:[/?#]|$)/i.test(url)) return true;
  const { protocol, hostname } = new URL(url);
  return loopback && protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

function reply(response: http.ServerResponse, answer: Answer, headers: http.OutgoingHttpHeaders): void {
  const { body } = answer;
  const html = typeof body === 'string';
  const text = html ? body : body instanceof Torn ? body.text : JSON.stringify(body);
  response.writeHead(answer.status, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Returns the address of a request, `/` if it is malformed. Never throws. */
function addressOf(request: http.IncomingMessage): URL {
  return URL.parse(`http://127.0.0.1${request.url}`) ?? new URL('http://127.0.0.1/');
}

/** Returns the parsed body; `undefined` if it is empty, too long, incomplete or not JSON. */
async function readJson(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > mostBodyBytes) return undefined;
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function listen(server: http.Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function stop(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
