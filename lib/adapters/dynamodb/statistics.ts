import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { addDays, spreadDays, startOfDay } from '../../base/day.ts';
import { forEach } from '../../base/for-each.ts';
import type { Scope } from '../../chats/chat.ts';
import type { Sums } from '../../chats/sums.ts';
import {
  CHUNK,
  COURSE_DAYS,
  type DayOfSums,
  type LatestMovers,
  type RollUp,
  type RollUpStore,
  SPANS,
  type Statistics,
  type UniversityDay,
} from '../../state/statistics.ts';
import { batchGet, type Database, queryPages } from './database.ts';

/** Stores statistics in the table of histories: items by series and day. Large items are compressed. */

const sumsOf = (scope: Scope): string => (scope === 'all' ? 'sums#all' : `sums#university#${scope.universityId}`);
const moversOf = (scope: Scope): string => (scope === 'all' ? 'movers#all' : `movers#university#${scope.universityId}`);
const UNIVERSITIES = 'universities';
const ROLL_UP = 'roll-up';
const countsOf = (chunk: number): string => `counts#${chunk}`;
/** The series with one item for each day with stored counts. */
const KEPT_DAYS_MARK = 'counts';
/** Replaces the day in keys of items that exist once. */
const LATEST = 'latest';

/** Lifetime of the counts of single chats in days: a month, and some for missed nights. */
const COUNTS_KEPT_DAYS = 35;
const IN_FLIGHT = 8;

/** Returns the time for DynamoDB's TTL, in Unix seconds. */
const expiry = (day: string, keptDays: number): number => startOfDay(addDays(day, keptDays + 1)) / 1_000;

const pack = (value: unknown): Buffer => deflateRawSync(JSON.stringify(value));
const unpack = <T>(bytes: Uint8Array): T => JSON.parse(inflateRawSync(bytes).toString('utf8')) as T;

interface SumsItem extends Omit<Sums, 'neverRead' | 'readWithinHour' | 'byStatus'> {
  readonly day: string;
  readonly never_read: number;
  /** Absent in items of an earlier version. */
  readonly read_within_hour?: number;
  readonly by_status: Sums['byStatus'];
}

interface Packed {
  readonly day: string;
  readonly packed: Uint8Array;
}

const dayOfItem = (item: SumsItem): DayOfSums => ({
  date: item.day,
  chats: item.chats,
  participants: item.participants,
  neverRead: item.never_read,
  stale: item.stale,
  readWithinHour: item.read_within_hour,
  byStatus: item.by_status,
});

/** Creates the reader of statistics. */
export function createDynamoStatistics(database: Database, table: string): Statistics {
  const { client } = database;
  const range = (series: string, from: string, to: string) => ({
    TableName: table,
    KeyConditionExpression: '#series = :series AND #day BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#series': 'series', '#day': 'day' },
    ExpressionAttributeValues: { ':series': series, ':from': from, ':to': to },
  });
  return {
    /** 1 Query for every 1 MB: about 5,000 days. */
    async days(scope, from, to) {
      const found: DayOfSums[] = [];
      for await (const { Items = [] } of queryPages(database, range(sumsOf(scope), from, to))) {
        found.push(...Items.map((item) => dayOfItem(item as SumsItem)));
      }
      return found;
    },

    /** 1 GetItem. */
    async movers(scope) {
      const found = await readPacked(database, table, moversOf(scope), LATEST);
      return found && unpack<LatestMovers>(found.packed);
    },

    /** 2 Queries of one item and 1 BatchGetItem, in parallel. An item of 1,000 universities has some 20 KB. */
    async universities(from, to) {
      const end = async (first: boolean) => {
        const input = { ...range(UNIVERSITIES, from, to), ScanIndexForward: first, Limit: 1 };
        return (await client.send(new QueryCommand(input))).Items ?? [];
      };
      const keys = spreadDays(from, to, COURSE_DAYS).map((day) => ({ series: UNIVERSITIES, day }));
      const found = (await Promise.all([end(true), batchGet(database, table, keys), end(false)])).flat() as Packed[];
      const days = new Map(found.map((item) => [item.day, item.packed]));
      return [...days]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([date, packed]) => ({ date, universities: unpack<UniversityDay['universities']>(packed) }));
    },

    /** 1 GetItem. */
    async rolledUpAt() {
      const { Item } = await client.send(
        new GetCommand({
          TableName: table,
          Key: { series: ROLL_UP, day: 'published' },
        }),
      );
      return Item?.at as number | undefined;
    },
  };
}

async function readPacked({ client }: Database, table: string, series: string, day: string) {
  const answer = await client.send(new GetCommand({ TableName: table, Key: { series, day } }));
  return answer.Item as Packed | undefined;
}

/** Creates the store of roll-ups. @param keptDays lifetime of the sums of a day, in days. */
export function createDynamoRollUpStore(
  database: Database,
  { table, keptDays }: { readonly table: string; readonly keptDays: number },
): RollUpStore {
  const put = (series: string, day: string, attributes: object, expires_at?: number) =>
    database.client.send(
      new PutCommand({ TableName: table, Item: { series, day, ...attributes, ...(expires_at && { expires_at }) } }),
    );

  return {
    /** 1 GetItem. */
    async lastRollUp() {
      const found = await readPacked(database, table, ROLL_UP, LATEST);
      return found && unpack<RollUp>(found.packed);
    },

    /** 1 PutItem. */
    async saveRollUp(rollUp) {
      await put(ROLL_UP, LATEST, { packed: pack(rollUp) });
    },

    /** 1 BatchGetItem. */
    async daysWithCounts(dates) {
      const keys = dates.map((day) => ({ series: KEPT_DAYS_MARK, day }));
      const found = await batchGet(database, table, keys);
      return found.map(({ day }) => day as string).sort();
    },

    /** 1 GetItem. */
    async countsOf(chunk, date) {
      const found = await readPacked(database, table, countsOf(chunk), date);
      return found && unpackCounts(chunk, found.packed);
    },

    /** 1 PutItem of about 8 KB. */
    async keepCounts(chunk, date, counts) {
      await put(countsOf(chunk), date, { packed: packCounts(chunk, counts) }, expiry(date, COUNTS_KEPT_DAYS));
    },

    /** 5 PutItem, and 2 for each university. */
    async publish(rollUp, names) {
      const { date, finishedAt, all, universities, since } = rollUp;
      const scopes: (readonly [Scope, typeof all])[] = [
        ['all', all],
        ...Object.entries(universities).map(([id, of]) => [{ universityId: Number(id) }, of] as const),
      ];
      await forEach(scopes, IN_FLIGHT, async ([scope, { sums, movers }]) => {
        const { neverRead, readWithinHour, byStatus, ...rest } = sums;
        const attributes = { ...rest, never_read: neverRead, read_within_hour: readWithinHour, by_status: byStatus };
        await put(sumsOf(scope), date, attributes, expiry(date, keptDays));
        const shown = SPANS.flatMap((span) => [...movers[span].grew, ...movers[span].shrank]);
        const latest: LatestMovers = {
          date,
          spans: {
            week: { since: since.week, movers: movers.week },
            month: { since: since.month, movers: movers.month },
          },
          names: Object.fromEntries(shown.map(({ id }) => [id, names.get(id) ?? ''])),
        };
        await put(moversOf(scope), LATEST, { packed: pack(latest) }, expiry(date, keptDays));
      });
      const rows = Object.entries(universities).map(([id, { sums }]) => ({ universityId: Number(id), ...sums }));
      await put(UNIVERSITIES, date, { packed: pack(rows) }, expiry(date, keptDays));
      await put(KEPT_DAYS_MARK, date, {}, expiry(date, COUNTS_KEPT_DAYS));
      await put(ROLL_UP, 'published', { at: finishedAt });
    },
  };
}

/** Encodes counts as four bytes for every id of the chunk, −1 without a count, compressed. */
function packCounts(chunk: number, counts: ReadonlyMap<number, number>): Buffer {
  const cells = new Int32Array(CHUNK).fill(-1);
  for (const [id, count] of counts) cells[id - chunk * CHUNK] = count;
  return deflateRawSync(Buffer.from(cells.buffer), { level: 3 });
}

function unpackCounts(chunk: number, packed: Uint8Array): Map<number, number> {
  const bytes = inflateRawSync(packed);
  const cells = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const counts = new Map<number, number>();
  for (const [i, count] of cells.entries()) if (count >= 0) counts.set(chunk * CHUNK + i, count);
  return counts;
}
