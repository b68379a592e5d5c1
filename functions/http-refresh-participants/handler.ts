import { Problem } from '../../lib/http/problem.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { requireIntegration, visibleChat } from '../../lib/http/visible.ts';
import { chatStore, connectRedis, integrationDisabled, refreshOne } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

const REASONS = {
  busy: 'more people are asking for refreshes than MAX allows',
  cooling: 'MAX asked the service to slow down',
  no_limiter: 'the rate limiter in Redis can not be used now',
  rate_limited: 'MAX refused the request as one too many',
  server: 'MAX answered with an error',
  timeout: 'MAX did not respond in time',
  network: 'MAX could not be reached',
  auth: 'MAX refused the token of the service',
} as const;

const UNAVAILABLE = {
  denied: 'MAX denies the bot access to this chat: the bot is not in it.',
  gone: 'MAX no longer knows this chat.',
  removed: 'The bot was removed from this chat.',
  left: 'The bot has left this chat.',
  closed: 'This chat was closed in MAX.',
  suspended: 'This chat is suspended in MAX.',
} as const;

/** Time of the function in which it does not wait for MAX, ms: the count is stored in it. */
const RESERVED_FOR_STORES_MS = 2_000;

export const handler = httpFunction(
  route,
  async ({ params, principal, arrivedAt, cutOffAt }) => {
    requireIntegration(integrationDisabled());
    const stored = await visibleChat(chatStore(), principal, params.id);
    const outcome = await refreshOne()(stored, arrivedAt, cutOffAt - RESERVED_FOR_STORES_MS);
    switch (outcome.kind) {
      case 'updated':
        return {
          status: 200,
          body: {
            status: 'updated',
            chat_id: params.id,
            participants_count: outcome.count,
            updated_at: outcome.updatedAt,
            source: 'api',
          },
        };
      case 'deleted':
        throw new Problem('not_found', { detail: `There is no chat ${params.id} any more.` });
      case 'not_in_max':
        throw new Problem('no_max_chat', {
          detail: `Chat ${params.id} has no max_chat_id, so its count can not be fetched from MAX.`,
        });
      case 'unavailable':
        throw new Problem('chat_unavailable', {
          detail: UNAVAILABLE[outcome.status],
          extra: { chat_status: outcome.status, last_known: outcome.lastKnown },
        });
      case 'max_unreachable':
        throw new Problem('max_unreachable', {
          detail: `The count was not read: ${REASONS[outcome.reason]}.`,
          extra: { reason: outcome.reason, last_known: outcome.lastKnown },
          headers: { 'retry-after': String(Math.max(1, Math.ceil(outcome.retryAfterMs / 1_000))) },
        });
    }
  },
  [connectRedis],
);
