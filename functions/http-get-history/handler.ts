import { readDayRange } from '../../lib/http/day-range.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { visibleChat } from '../../lib/http/visible.ts';
import { chatStore, clock, history } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: 1 GetItem, 1 Query. */
export const handler = httpFunction(route, async ({ params, query, principal }) => {
  const { from, to } = readDayRange(query, clock.now());
  const { chat } = await visibleChat(chatStore(), principal, params.id);
  const days = await history().days(chat.id, from, to);
  const points = days.map(({ date, first, min, max, last }) => ({ date, first, min, max, last }));
  return { status: 200, body: { chat_id: chat.id, from, to, points } };
});
