import { defineConfig } from 'vitest/config';
import { luaAsText } from '../../vitest.config.ts';

/** The tests of `lib/` that need no server and take at most seconds. Mutation testing runs them for each mutant that they reach. */
export default defineConfig({
  plugins: [luaAsText],
  test: {
    include: [
      'test/unit/{events,importing,listing,planner,refreshing,scheduling}/*.test.ts',
      'test/unit/http/{body,chat-filters,compress,day-range,page,receive-updates,visible}.test.ts',
      'test/contract/{count-store,event-store,find-chats,planner-store,roll-up}.test.ts',
      'test/unit/{chat-item,claims,cursor,day,issuer-keys,lanes,local-pace,pace,posting-lists,search,updates}.test.ts',
    ],
    exclude: ['test/unit/scheduling/five-days.test.ts', 'test/unit/planner/simulated.test.ts'],
    env: { STORES: 'memory' },
    testTimeout: 10_000,
    isolate: false,
  },
});
