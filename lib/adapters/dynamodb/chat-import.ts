import { forEach } from '../../base/for-each.ts';
import { differs, newChat } from '../../chats/change.ts';
import type { StoredChat } from '../../chats/chat.ts';
import { COLUMNS } from '../../chats/sort-columns.ts';
import { countKey } from '../../chats/sort-keys.ts';
import { termsOf } from '../../chats/terms.ts';
import type { IdConflict, ImportedChat, ImportOutcomes } from '../../state/chat-store.ts';
import { storedChatOf } from './chat-item.ts';
import { readChat, readChats, readOwners } from './chat-reads.ts';
import { insertChats, type NewRecord, raiseIds, takeIds, transactionGroups, updateChat } from './chat-writes.ts';
import { assign, type Database, update } from './database.ts';
import { beginPostings } from './posting-store.ts';
import { addPostings, settlePostings } from './posting-writes.ts';

/** Concurrent transactions of new chats. More would only conflict at the counters. */
const GROUPS_IN_FLIGHT = 2;

/** Concurrent updates of known chats. Each takes several round trips. */
const REVISIONS_IN_FLIGHT = 8;

type Imported = 'created' | 'updated' | 'unchanged' | IdConflict;

/**
 * Imports up to 1,000 lines. New chats cost 1 TransactWriteItems for every 48 chats or so, and 1 BatchGetItem and 1
 * TransactWriteItems for every 100 chunks of posting lists; a thousand chats change about 1,500 chunks. Known chats cost 1
 * BatchGetItem for every 100, and an update only if a field differs. Lines with new ids cost another BatchGetItem for every 100,
 * and 1 UpdateItem.
 */
export async function importChats(
  database: Database,
  lines: readonly ImportedChat[],
  at: number,
): Promise<ImportOutcomes> {
  const outcomes = { created: 0, updated: 0, unchanged: 0 };
  const conflicts: IdConflict[] = [];
  const add = (outcome: Imported) => {
    if (typeof outcome === 'string') outcomes[outcome] += 1;
    else conflicts.push(outcome);
  };
  const byMaxChatId = new Map(lines.map((line) => [line.maxChatId, line]));
  const owners = await readOwners(database, [...byMaxChatId.keys()]);
  const items = await readChats(database, [...owners.values()]);
  const chats = new Map(items.map((item) => [item.id, storedChatOf(item)]));

  const fresh: ImportedChat[] = [];
  const known: { readonly stored: StoredChat; readonly line: ImportedChat }[] = [];
  for (const [maxChatId, line] of byMaxChatId) {
    const stored = chats.get(owners.get(maxChatId) ?? 0);
    if (stored) known.push({ stored, line });
    else fresh.push(line);
  }

  if (fresh.length > 0) await beginPostings(database);
  const { free, taken } = await reserveNamedIds(database, fresh);
  conflicts.push(...taken);
  const unnamed = fresh.filter(({ id }) => id === undefined);
  const firstId = unnamed.length > 0 ? await takeIds(database, unnamed.length) : 0;
  const records = [
    ...[...free].map(([id, line]) => recordOf(line, id, at)),
    ...unnamed.map((line, i) => recordOf(line, firstId + i, at)),
  ];
  await addPostings(
    database,
    records.map(({ chat }) => chat),
  );
  await forEach([...transactionGroups(records)], GROUPS_IN_FLIGHT, async (group) => {
    const refused = await insertChats(database, group, at);
    if (!refused) outcomes.created += group.length;
    // Another caller created one of them meanwhile. Writes them one by one to find it.
    else for (const record of group) add(await insertOrRevise(database, record, at));
  });
  await forEach(known, REVISIONS_IN_FLIGHT, async ({ stored, line }) => {
    add(await revise(database, stored, line, at));
  });
  return conflicts.length > 0 ? { ...outcomes, conflicts } : outcomes;
}

/**
 * Finds the free ids among those in the lines, and raises the sequence above them, so that no concurrent creation gets one. If two
 * lines have the same id, the first line keeps it. 1 BatchGetItem for every 100 ids, and 1 UpdateItem.
 */
async function reserveNamedIds(database: Database, lines: readonly ImportedChat[]) {
  const named = lines.flatMap((line) => (line.id === undefined ? [] : [[line.id, line] as const]));
  const free = new Map<number, ImportedChat>();
  const taken: IdConflict[] = [];
  if (named.length === 0) return { free, taken };
  const used = new Set(
    (
      await readChats(
        database,
        named.map(([id]) => id),
      )
    ).map(({ id }) => id),
  );
  for (const [id, line] of named) {
    if (used.has(id) || free.has(id)) taken.push(idTaken(line, id));
    else free.set(id, line);
  }
  if (free.size > 0) await raiseIds(database, Math.max(...free.keys()));
  return { free, taken };
}

const idTaken = ({ maxChatId }: ImportedChat, existing: number): IdConflict => ({ maxChatId, kind: 'taken', existing });

interface ImportRecord extends NewRecord {
  readonly line: ImportedChat;
}

const recordOf = (line: ImportedChat, id: number, at: number): ImportRecord => ({
  line,
  chat: newChat(id, line, at),
  count: line.participantsCount,
});

async function insertOrRevise(database: Database, record: ImportRecord, at: number): Promise<Imported> {
  const refused = await insertChats(database, [record], at);
  if (!refused) return 'created';
  const { line, chat } = record;
  await settlePostings(database, chat.id, termsOf(chat), COLUMNS);
  if (refused.kind === 'id_taken') {
    if (line.id !== undefined) return idTaken(line, line.id);
    const next = recordOf(line, await takeIds(database, 1), at);
    await addPostings(database, [next.chat]);
    return insertOrRevise(database, next, at);
  }
  const item = await readChat(database, refused.by);
  if (item) return revise(database, storedChatOf(item), line, at);
  throw new Error(`Chat ${refused.by} was deleted while an import revised it: import again`);
}

/** Updates a known chat, and stores a count if it has none. At most 1 update and 1 UpdateItem. */
async function revise(database: Database, stored: StoredChat, line: ImportedChat, at: number): Promise<Imported> {
  const { id } = stored.chat;
  if (line.id !== undefined && line.id !== id) return { maxChatId: line.maxChatId, kind: 'different', existing: id };
  if (differs(stored.chat, line)) {
    const outcome = await updateChat(database, id, line, at);
    if (outcome.kind !== 'updated')
      throw new Error(`Chat ${id} was changed (${outcome.kind}) while an import revised it: import again`);
  }
  const filled = stored.participantsCount === null && (await fillCount(database, id, line));
  return filled || differs(stored.chat, line) ? 'updated' : 'unchanged';
}

/** 1 UpdateItem. @returns whether the chat had no count and took this one. */
async function fillCount(database: Database, id: number, line: ImportedChat): Promise<boolean> {
  const { participantsCount, maxChatId } = line;
  if (participantsCount === null) return false;
  const outcome = await update(database, {
    TableName: database.tables.chats,
    Key: { id },
    ...assign(
      { participants_count: participantsCount, count_key: countKey(participantsCount, id) },
      '#chat.#max_chat_id = :max_chat_id AND attribute_not_exists(#participants_count)',
      { ':max_chat_id': maxChatId },
    ),
  });
  return outcome.written;
}
