/** The control API of the simulator: actual counts, request statistics and faults. MAX has no such API. No token, no rate limit. */
import { z } from 'zod';
import type { Answer, Simulator } from './simulator.ts';
import type { SwitchesPatch } from './switches.ts';
import { waysToBeGone } from './world.ts';

/** The part of the simulator that the control API uses. */
export type Controlled = Pick<
  Simulator,
  'world' | 'stats' | 'resetStats' | 'callsTo' | 'switches' | 'turnSwitches' | 'deliverVia'
>;

const page = z.strictObject({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});
const chatPatch = z
  .strictObject({
    count: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31 - 1),
    gone: z.enum(waysToBeGone).nullable(),
  })
  .partial();
const webhooksPatch = z.strictObject({ via: z.url({ protocol: /^https?$/ }).nullable() });
const driftBody = z.strictObject({ changes: z.number().int().min(1).max(1_000_000) });

/** Answers one control request. A 400 describes the invalid input, a 404 lists the routes. */
export async function control(simulator: Controlled, method: string, url: URL, body: unknown): Promise<Answer> {
  try {
    return answer(simulator, method, url, body);
  } catch (error) {
    if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } };
    if (error instanceof RangeError) return { status: 400, body: { error: error.message } };
    throw error;
  }
}

function answer(simulator: Controlled, method: string, url: URL, body: unknown): Answer {
  const { world } = simulator;
  const id = /^\/chats\/(-?\d+)$/.exec(url.pathname)?.[1];
  if (id !== undefined && (method === 'GET' || method === 'POST')) {
    if (world.truth(id) === undefined) return { status: 404, body: { error: `no chat ${id}` } };
    if (method === 'POST') {
      const { count, gone } = chatPatch.parse(body);
      if (count !== undefined && !world.setCount(id, count)) {
        return { status: 409, body: { error: 'a dialog always has 2 participants' } };
      }
      if (gone !== undefined) world.setGone(id, gone);
    }
    return { status: 200, body: { ...world.truth(id), calls: simulator.callsTo(id) } };
  }
  switch (`${method} ${url.pathname}`) {
    case 'GET /stats':
      return { status: 200, body: simulator.stats() };
    case 'POST /stats/reset':
      simulator.resetStats();
      return { status: 200, body: simulator.stats() };
    case 'GET /chats': {
      const { offset, limit } = page.parse(Object.fromEntries(url.searchParams));
      return { status: 200, body: { total: world.size, chats: [...world.truths(offset, limit)] } };
    }
    case 'GET /switches':
      return { status: 200, body: simulator.switches() };
    case 'PATCH /switches':
      return { status: 200, body: simulator.turnSwitches(body as SwitchesPatch) };
    case 'PATCH /webhooks': {
      const { via } = webhooksPatch.parse(body);
      simulator.deliverVia(via);
      return { status: 200, body: { via } };
    }
    case 'POST /drift':
      return { status: 200, body: { changes: world.force(driftBody.parse(body).changes) } };
    default:
      return {
        status: 404,
        body: {
          error: `no ${method} ${url.pathname}; there are GET /stats, POST /stats/reset, GET /chats?offset&limit, GET and POST /chats/{id}, GET and PATCH /switches, PATCH /webhooks, POST /drift`,
        },
      };
  }
}
