import { queryOf } from '../../lib/http/chat-filters.ts';
import { httpFunction } from '../../lib/http/stack.ts';
import { connectDynamo, countFacets } from '../../lib/runtime/root.ts';
import { route } from './route.ts';

/** Round trips: the posting lists of the filters in parallel, then those of all values in parallel, then 1 or 2 BatchGetItem. */
export const handler = httpFunction(
  route,
  async ({ query, principal, timed }) => {
    const { total, universities, departments, sources, statuses } = await timed(
      'db',
      countFacets()(queryOf(principal, query)),
    );
    return {
      status: 200,
      body: { total, university_id: universities, department: departments, source: sources, status: statuses },
    };
  },
  [connectDynamo],
);
