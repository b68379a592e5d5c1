import { defineConfig } from 'vitest/config';
import { luaAsText } from '../../vitest.config.ts';
import { quietEnvironment } from '../support/http.ts';

/** The tests of `lib/` that need no server and take at most seconds. Mutation testing runs them for each mutant that they reach. */
export default defineConfig({
  plugins: [luaAsText],
  test: {
    include: [
      'test/unit/{chats,events,http,importing,listing,planner,refreshing,scheduling,statistics}/*.test.ts',
      'test/contract/{count-store,event-store,find-chats,planner-store,repair-postings,roll-up}.test.ts',
      'test/unit/{chat-item,claims,clock,config,cursor,day,for-each,issuer-keys,json,lanes,limits,local-pace,pace,posting-lists,queues,run-status,search,updates}.test.ts',
    ],
    exclude: [
      'test/unit/scheduling/five-days.test.ts',
      'test/unit/planner/simulated.test.ts',
      // Replaces modules, which it would do for all files.
      'test/unit/http/receive-updates.test.ts',
      // Needs an environment of its own, in which the issuer's keys are not known.
      'test/unit/http/first-request.test.ts',
    ],
    env: { ...quietEnvironment, STORES: 'memory', FIND_RUNS: '5' },
    testTimeout: 60_000,
    setupFiles: ['test/mutation/load-rooms.ts'],
    isolate: false,
  },
});
