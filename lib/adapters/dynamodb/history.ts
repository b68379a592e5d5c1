import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { addDays, dayOf, startOfDay } from '../../base/day.ts';
import { type DayOfCounts, firstReading, withReading } from '../../chats/history.ts';
import type { History, HistoryWriter } from '../../state/history.ts';
import { assign, type Database, queryPages, update } from './database.ts';

export interface HistorySettings {
  readonly table: string;
  /** Days after which an entry expires. */
  readonly keptDays: number;
}

/** An item for a day of a chat; about 120 bytes. */
interface DayItem {
  readonly series: string;
  readonly day: string;
  readonly first: number;
  readonly first_at: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly last_at: number;
}

/**
 * Attempts to write a day that other callers keep changing. Conflicts are rare, because a lease allows one refresh of a chat at a
 * time.
 */
const MAX_VERSIONS = 8;

/** The condition that no other caller wrote the day since it was read. */
const ABSENT = 'attribute_not_exists(#first_at)';
const UNCHANGED = '#first_at = :first_at AND #last_at = :last_at AND #min = :min AND #max = :max';

const seriesOf = (chatId: number): string => `chat#${chatId}`;

const dayOfItem = (item: DayItem): DayOfCounts => ({
  date: item.day,
  first: item.first,
  firstAt: item.first_at,
  min: item.min,
  max: item.max,
  last: item.last,
  lastAt: item.last_at,
});

/** Creates the reader of histories. */
export const createDynamoHistory = (database: Database, table: string): History => ({
  /** 1 Query for every 1 MB: about 8,000 days. */
  async days(chatId, from, to) {
    const found: DayOfCounts[] = [];
    const pages = queryPages(database, {
      TableName: table,
      KeyConditionExpression: '#series = :series AND #day BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#series': 'series', '#day': 'day' },
      ExpressionAttributeValues: { ':series': seriesOf(chatId), ':from': from, ':to': to },
    });
    for await (const { Items = [] } of pages) found.push(...Items.map((item) => dayOfItem(item as DayItem)));
    return found;
  },
});

/** Creates the writer of histories. */
export function createDynamoHistoryWriter(database: Database, { table, keptDays }: HistorySettings): HistoryWriter {
  async function readDay(series: string, day: string, consistent: boolean): Promise<DayOfCounts | undefined> {
    const answer = await database.client.send(
      new GetCommand({ TableName: table, Key: { series, day }, ConsistentRead: consistent }),
    );
    return answer.Item && dayOfItem(answer.Item as DayItem);
  }

  return {
    /** 1 GetItem, then 1 UpdateItem unless the reading changes nothing; again if another writer was faster. */
    async record(chatId, reading) {
      const key = { series: seriesOf(chatId), day: dayOf(reading.readAt) };
      for (let lost = 0; lost < MAX_VERSIONS; lost++) {
        if (lost > 0) await database.pause(lost - 1);
        const before = await readDay(key.series, key.day, lost > 0);
        const after = before ? withReading(before, reading) : firstReading(key.day, reading);
        if (after === before) return;
        const attributes = {
          first: after.first,
          first_at: after.firstAt,
          min: after.min,
          max: after.max,
          last: after.last,
          last_at: after.lastAt,
          // DynamoDB's TTL is in Unix seconds.
          expires_at: startOfDay(addDays(key.day, keptDays + 1)) / 1_000,
        };
        const seen = before && {
          ...{ ':first_at': before.firstAt, ':last_at': before.lastAt, ':min': before.min, ':max': before.max },
        };
        const write = await update(database, {
          TableName: table,
          Key: key,
          ...assign(attributes, seen ? UNCHANGED : ABSENT, seen),
        });
        if (write.written) return;
      }
      throw new Error(`the history of chat ${chatId} was changed by others at each of ${MAX_VERSIONS} attempts`);
    },
  };
}
