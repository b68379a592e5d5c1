import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { forEach } from '../../base/for-each.ts';
import type { ChatStatus } from '../../chats/chat.ts';
import { isKnownCorrect } from '../../chats/planning.ts';
import { countKey } from '../../chats/sort-keys.ts';
import { valueTerm } from '../../chats/terms.ts';
import type { ApplyOutcome, CountStore, DueChat } from '../../state/count-store.ts';
import {
  type ChatItem,
  hasStatus,
  type PlanningItem,
  packLearnt,
  planningOf,
  statusOf,
  storedStatus,
} from './chat-item.ts';
import { assign, type ConditionalWrite, type Database, namesIn, queryPages, update } from './database.ts';
import { changePostings, settlePostings } from './posting-writes.ts';

/** Concurrent postponements. */
const POSTPONED_IN_FLIGHT = 16;

/** The condition that the chat still has the same MAX id, and that no newer reading is stored. */
const NEWER = '#chat.#max_chat_id = :max_chat_id AND (attribute_not_exists(#checked_at) OR #checked_at < :asked_at)';
const ACTIVE = hasStatus('active');
/** The condition that no event arrived after the request to MAX. */
const CLEAN = '(attribute_not_exists(#dirty_at) OR #dirty_at <= :asked_at)';

const DUE = '#due = :due AND #due_at <= :before';

export function createDynamoCountStore(database: Database): CountStore {
  const { client, tables } = database;

  const dueQuery = (before: number) => ({
    TableName: tables.chats,
    IndexName: 'by-due',
    KeyConditionExpression: DUE,
    ExpressionAttributeNames: namesIn(DUE),
    ExpressionAttributeValues: { ':due': 'due', ':before': before },
  });

  return {
    /**
     * 1 UpdateItem; another one for the first count after a refusal by MAX, and if an event arrived meanwhile. It does not
     * write a status that is already correct, because the status is in `chat`, and a change of `chat` writes ten indexes.
     * A changed status costs about 6 more requests for its posting lists.
     */
    async apply({ id, maxChatId }, reading, { askedAt, dueAt, learnt }) {
      const write = (attributes: Record<string, unknown>, condition: string, values: Record<string, unknown> = {}) =>
        update(database, {
          TableName: tables.chats,
          Key: { id },
          ...assign(attributes, condition, { ':max_chat_id': maxChatId, ':asked_at': askedAt, ...values }),
          ReturnValues: 'ALL_OLD',
        });
      if (reading.kind === 'unavailable') {
        const refused = {
          'chat.status': storedStatus(reading.status),
          checked_at: askedAt,
          due: undefined,
          due_at: undefined,
        };
        return outcomeOf(await moveStatus(database, id, reading.status, () => write(refused, NEWER)), askedAt);
      }
      const read = {
        participants_count: reading.count,
        count_key: countKey(reading.count, id),
        read_at: askedAt,
        checked_at: askedAt,
        due: 'due',
        due_at: dueAt,
        ...(learnt ? { learnt: packLearnt(learnt), event_quarters: undefined } : {}),
      };
      // First assumes the usual state of the item. If the condition fails, writes again for its actual state.
      for (let seen = { active: true, dirty: false }; ; ) {
        const revived = seen.active ? {} : { 'chat.status': storedStatus('active') };
        const clean = seen.dirty ? {} : { dirty_at: undefined };
        const condition = [NEWER, ...(seen.active ? [ACTIVE.condition] : []), ...(seen.dirty ? [] : [CLEAN])].join(
          ' AND ',
        );
        const values = seen.active ? ACTIVE.values : {};
        const attempt = () => write({ ...read, ...revived, ...clean }, condition, values);
        const written = await (seen.active ? attempt() : moveStatus(database, id, 'active', attempt));
        if (written.written || !written.item) return outcomeOf(written, askedAt);
        const { chat, dirty_at } = written.item;
        const active = statusOf({ status: chat?.M?.status?.S as ChatStatus | undefined }) === 'active';
        const found = { active, dirty: Number(dirty_at?.N ?? 0) > askedAt };
        if (found.active === seen.active && found.dirty === seen.dirty) return outcomeOf(written, askedAt);
        seen = found;
      }
    },

    /** 1 UpdateItem. */
    async reschedule({ id, dueAt: was }, { dueAt, learnt }) {
      await update(database, {
        TableName: tables.chats,
        Key: { id },
        ...assign({ due_at: dueAt, learnt: packLearnt(learnt), event_quarters: undefined }, '#due_at = :was', {
          ':was': was,
        }),
      });
    },

    /** 1 UpdateItem per chat, in parallel. */
    async postpone(ids, dueAt) {
      await forEach(ids, POSTPONED_IN_FLIGHT, async (id) => {
        await update(database, {
          TableName: tables.chats,
          Key: { id },
          ...assign({ due_at: dueAt }, '#due_at < :later', { ':later': dueAt }),
        });
      });
    },

    /** 1 Query; more only for pages over 1 MB. */
    async due(before, limit, after) {
      const found: DueChat[] = [];
      let from: Record<string, unknown> | undefined = after && { due: 'due', due_at: after.dueAt, id: after.id };
      do {
        const page = await client.send(
          new QueryCommand({ ...dueQuery(before), Limit: limit - found.length, ExclusiveStartKey: from }),
        );
        found.push(...(page.Items ?? []).map(dueChatOf));
        from = page.LastEvaluatedKey;
      } while (from && found.length < limit);
      return found;
    },

    /** 1 Query for every 1 MB of the index: about 10,000 chats. */
    async countDue(before) {
      let count = 0;
      for await (const page of queryPages(database, { ...dueQuery(before), Select: 'COUNT' })) count += page.Count ?? 0;
      return count;
    },
  };
}

/**
 * Writes a status. It adds the chat to the posting list of the status before the write, and removes it from the old list after
 * it.
 */
async function moveStatus(
  database: Database,
  id: number,
  status: ChatStatus,
  write: () => Promise<ConditionalWrite>,
): Promise<ConditionalWrite> {
  const to = valueTerm('status', status);
  await changePostings(database, [{ term: to, id, present: true }]);
  const written = await write();
  const before = written.written ? statusOf((written.before as Pick<ChatItem, 'chat'>).chat) : undefined;
  if (before === status) return written;
  await settlePostings(database, id, before === undefined ? [to] : [valueTerm('status', before), to]);
  return written;
}

const dueChatOf = (item: Record<string, unknown>): DueChat => ({
  id: item.id as number,
  dueAt: item.due_at as number,
  readAt: (item.read_at as number | undefined) ?? null,
  planning: planningOf(item),
});

/** Returns whether the count is known to be correct, from the item before the write. A later event clears the trust itself. */
function outcomeOf(write: ConditionalWrite, askedAt: number): ApplyOutcome {
  if (!write.written) return { kind: 'superseded' };
  const before: PlanningItem & { readonly participants_count?: number } = write.before;
  return {
    kind: 'applied',
    before: before.participants_count ?? null,
    knownCorrect: isKnownCorrect({ readAt: askedAt, planning: planningOf(before) }),
  };
}
