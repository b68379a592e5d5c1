import { queryOf } from '../../lib/http/chat-filters.ts';
import { readCursor, writeCursor } from '../../lib/http/cursor.ts';
import { Problem } from '../../lib/http/problem.ts';
import { type ChatDto, toDto } from '../../lib/http/schemas.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { connectDynamo, connectRedis, cursorSecret, findChats, viewCounts } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/**
 * Round trips when warm: 1 Query and 1 GetItem (the total) in parallel, then 1 MGET. With filters: the posting lists in parallel;
 * then 1 to 3 BatchGetItem in parallel, or 1 to 3 Queries and 1 or 2 BatchGetItem; then 1 MGET.
 */
export const handler = httpFunction(
  route,
  async ({ query, principal, timed }) => {
    const secret = await cursorSecret()();
    const listing = { query: queryOf(principal, query), sort: query.sort_by, order: query.sort_order };
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor, listing, secret);
    if (query.cursor !== undefined && !after) {
      throw new Problem('invalid_request', {
        detail: 'The cursor does not belong to this listing.',
        errors: [{ field: 'cursor', message: 'must be a next_cursor of the same order and conditions, unchanged' }],
      });
    }
    const { total, ...page } = await timed('db', findChats()({ ...listing, limit: query.limit, after }));
    const counts = await timed('counts', viewCounts()(page.rows));
    const data: ChatDto[] = [];
    for (const { chat } of page.rows) {
      const shown = counts.get(chat.id);
      if (shown) data.push(toDto(chat, shown));
    }
    return {
      status: 200,
      body: {
        data,
        total,
        limit: query.limit,
        next_cursor: page.next ? writeCursor(page.next, listing, secret) : null,
      },
    };
  },
  [() => cursorSecret()(), connectRedis, connectDynamo],
);
