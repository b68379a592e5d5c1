import { wordsOf } from '../../lib/chats/search.ts';
import { readCursor, writeCursor } from '../../lib/http/cursor.ts';
import { scopeOf } from '../../lib/http/principal.ts';
import { Problem } from '../../lib/http/problem.ts';
import { type ChatDto, toDto } from '../../lib/http/schemas.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { chatStore, connectDynamo, connectRedis, cursorSecret, viewCounts } from '../../lib/runtime/root.ts';
import type { ListPage } from '../../lib/state/chat-store.ts';
import { route } from './route.ts';

const NOTHING: ListPage = { rows: [], next: undefined };

/** Round trips when warm: 1 Query and 1 GetItem (the total) at once, then 1 MGET. */
export const handler = httpFunction(
  route,
  async ({ query, principal, timed }) => {
    const secret = await cursorSecret()();
    const searching = (query.search ?? '').trim() !== '';
    const listing = {
      scope: scopeOf(principal),
      sort: query.sort_by,
      order: query.sort_order,
      words: wordsOf(query.search ?? ''),
    };
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor, listing, secret);
    if (query.cursor !== undefined && !after) {
      throw new Problem('invalid_request', {
        detail: 'The cursor does not belong to this listing.',
        errors: [
          { field: 'cursor', message: 'must be a next_cursor of the same sort_by, sort_order and search, unchanged' },
        ],
      });
    }
    const reading = Promise.all([
      // A search for punctuation has no words to find.
      searching && listing.words.length === 0 ? NOTHING : chatStore().list({ ...listing, limit: query.limit, after }),
      searching ? null : chatStore().total(listing.scope),
    ]);
    const [page, total] = await timed('db', reading);
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
