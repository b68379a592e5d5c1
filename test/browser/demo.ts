import { setTimeout as sleep } from 'node:timers/promises';
import { createDynamoChatStore } from '../../lib/adapters/dynamodb/chat-store.ts';
import { createDynamo } from '../../lib/adapters/dynamodb/client.ts';
import { createDynamoHistoryWriter } from '../../lib/adapters/dynamodb/history.ts';
import { createDynamoRollUpStore } from '../../lib/adapters/dynamodb/statistics.ts';
import type { CountedChat } from '../../lib/chats/chat.ts';
import { createRollUp } from '../../lib/statistics/roll-up.ts';
import type { LocalStack } from '../../localstack/stack.ts';

/** A past for the chats of a local stack, for pictures: what its history and its roll-ups would hold had it run for long. */

const DAY = 24 * 3_600_000;

/** The same for the same number, from 0 up to 1. */
function noise(n: number): number {
  const x = Math.sin(n * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}

/** Returns the participants of a chat some days ago, as a share of the present number. Many join when terms begin. */
function shareAt(id: number, daysAgo: number): number {
  const pace = 0.0006 + 0.0016 * noise(id);
  const phase = 40 * noise(id + 1);
  const wave = 0.035 * (Math.sin((daysAgo + phase) / 23) - Math.sin(phase / 23));
  return Math.max(0.05, 1 - pace * daysAgo + wave);
}

const earlier = <C extends CountedChat>(chat: C, daysAgo: number): C => ({
  ...chat,
  participantsCount:
    chat.participantsCount === null
      ? null
      : Math.max(1, Math.round(chat.participantsCount * shareAt(chat.chat.id, daysAgo))),
});

/** @param chats whose history is made, by their ids. */
export async function makePast(
  { env }: Pick<LocalStack, 'env'>,
  chats: readonly number[],
  days: number,
): Promise<void> {
  const database = {
    client: createDynamo({
      endpoint: env.AWS_ENDPOINT_URL_DYNAMODB ?? '',
      region: env.AWS_REGION ?? '',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
    tables: { chats: env.CHATS_TABLE ?? '', postings: env.CHAT_POSTINGS_TABLE ?? '', state: env.STATE_TABLE ?? '' },
    pause: (n: number) => sleep(20 * n),
  };
  const settings = { table: env.HISTORY_TABLE ?? '', keptDays: 730 };
  const chatStore = createDynamoChatStore(database);
  const rollUpStore = createDynamoRollUpStore(database, settings);
  const now = Date.now();
  for (let daysAgo = days; daysAgo >= 0; daysAgo -= 1) {
    const then = {
      outlines: chatStore.outlines,
      getMany: chatStore.getMany,
      getCounted: async (ids: readonly number[]) =>
        (await chatStore.getCounted(ids)).map((chat) => earlier(chat, daysAgo)),
    };
    await createRollUp({
      chatStore: then,
      rollUpStore,
      now: () => now - daysAgo * DAY,
      settings: { freshMs: 3_600_000 },
    })({ deadline: Number.POSITIVE_INFINITY, since: Number.POSITIVE_INFINITY });
  }
  const history = createDynamoHistoryWriter(database, settings);
  for (const [id, chat] of await chatStore.getMany(chats)) {
    let last = -1;
    for (let daysAgo = 500; daysAgo > 0; daysAgo -= 1) {
      const count = earlier(chat, daysAgo).participantsCount ?? 0;
      // On many days nobody joins or leaves.
      if (count === last || noise(id * 1_000 + daysAgo) < 0.35) continue;
      const at = now - daysAgo * DAY;
      const swing = Math.ceil(count * 0.02 * noise(id + daysAgo));
      for (const [i, n] of [count - swing, count + swing, count].entries()) {
        await history.record(id, { count: Math.max(0, n), readAt: at + i });
      }
      last = count;
    }
  }
  database.client.destroy();
}
