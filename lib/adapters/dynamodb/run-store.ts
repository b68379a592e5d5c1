import {
  isUnderWay,
  MAX_LISTED_RUNS,
  type PartResult,
  type PlannedPage,
  type Run,
  type RunCounts,
  type RunStore,
} from '../../state/run-store.ts';
import { batchGet, type Database, isRefused, namesIn, readState, transact, update } from './database.ts';

/** Times after which the TTL deletes runs and the results of their parts, ms. They are no longer needed long before. */
const RUN_KEPT_MS = 30 * 24 * 3_600_000;
const PART_KEPT_MS = 2 * 24 * 3_600_000;

/** Returns the time for DynamoDB's TTL, in Unix seconds. */
const expiry = (now: number, keptMs: number): number => Math.ceil((now + keptMs) / 1_000);

/** The key of the item that names the run that was started last, and those before it. */
const CURRENT = 'run#current';

interface CurrentItem {
  readonly run_id: string;
  /** The ids of the runs before it, the newest first. Absent in items of an earlier version. */
  readonly earlier?: readonly string[];
}

const runKey = (runId: string): string => `run#${runId}`;
const partKey = (runId: string, part: string): string => `run#${runId}#${part}`;

/** A run as an item of the state table. */
interface RunItem extends RunCounts {
  readonly run_id: string;
  readonly started_at: number;
  readonly progressed_at: number;
  readonly expected: number;
  readonly planned: number;
  readonly cursor: number | null;
}

const attributesOf = ({ id, startedAt, progressedAt, ...counts }: Run): RunItem => ({
  run_id: id,
  started_at: startedAt,
  progressed_at: progressedAt,
  ...counts,
});

const runOf = (item: RunItem): Run => ({
  id: item.run_id,
  startedAt: item.started_at,
  progressedAt: item.progressed_at,
  expected: item.expected,
  planned: item.planned,
  cursor: item.cursor,
  done: item.done,
  changed: item.changed,
  failed: item.failed,
  unavailable: item.unavailable,
});

export function createDynamoRunStore(database: Database): RunStore {
  const { tables } = database;

  async function get(runId: string): Promise<Run | undefined> {
    const item = await readState<RunItem>(database, runKey(runId));
    return item && runOf(item);
  }

  return {
    /** 1 GetItem, consistent. */
    get,

    /** 2 GetItem. */
    async current() {
      const current = await readState<CurrentItem>(database, CURRENT);
      return current && get(current.run_id);
    },

    /** 1 GetItem and 1 BatchGetItem. */
    async latest(limit) {
      const current = await readState<CurrentItem>(database, CURRENT);
      if (!current) return [];
      const ids = [current.run_id, ...(current.earlier ?? [])].slice(0, limit);
      const keys = ids.map((id) => ({ pk: runKey(id) }));
      const found = await batchGet(database, tables.state, keys, { consistent: true });
      const runs = new Map(found.map((item) => [item.pk, runOf(item as unknown as RunItem)]));
      return keys.flatMap(({ pk }) => runs.get(pk) ?? []);
    },

    /** 2 GetItem and 1 TransactWriteItems; the same again for each concurrent caller that was faster. */
    async start(run, now) {
      for (;;) {
        const current = await readState<CurrentItem>(database, CURRENT);
        const last = current && (await get(current.run_id));
        if (last && isUnderWay(last, now)) return { started: false, run: last };
        const refused = await transact(database, [
          {
            Put: {
              TableName: tables.state,
              Item: { ...attributesOf(run), pk: runKey(run.id), expires_at: expiry(now, RUN_KEPT_MS) },
              ConditionExpression: 'attribute_not_exists(pk)',
            },
          },
          {
            Put: {
              TableName: tables.state,
              Item: {
                pk: CURRENT,
                run_id: run.id,
                earlier: current ? [current.run_id, ...(current.earlier ?? [])].slice(0, MAX_LISTED_RUNS - 1) : [],
              },
              ...(current
                ? { ConditionExpression: 'run_id = :last', ExpressionAttributeValues: { ':last': current.run_id } }
                : { ConditionExpression: 'attribute_not_exists(pk)' }),
            },
          },
        ]);
        if (!refused) return { started: true, run };
        if (isRefused(refused[0])) throw new Error(`Run ${run.id} was started before`);
      }
    },

    /** 1 UpdateItem; 1 GetItem more if another page is saved already. The page of 500 ids is 4 KB. */
    async savePage(runId, from, page) {
      const change = 'SET #page = :page';
      const condition = '#cursor = :from AND attribute_not_exists(#page)';
      const { written } = await update(database, {
        TableName: tables.state,
        Key: { pk: runKey(runId) },
        UpdateExpression: change,
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(change, condition),
        ExpressionAttributeValues: { ':from': from, ':page': page },
      });
      if (written) return page;
      const item = await readState<RunItem & { readonly page?: PlannedPage }>(database, runKey(runId));
      return item?.cursor === from ? item.page : undefined;
    },

    /** 1 UpdateItem. */
    async advance(runId, from, to, { planned, unavailable }, now) {
      const change =
        'SET #cursor = :to, #progressed_at = :now REMOVE #page ADD #planned :planned, #unavailable :unavailable, #done :unavailable';
      const condition = '#cursor = :from';
      const { written } = await update(database, {
        TableName: tables.state,
        Key: { pk: runKey(runId) },
        UpdateExpression: change,
        ConditionExpression: condition,
        ExpressionAttributeNames: namesIn(change, condition),
        ExpressionAttributeValues: {
          ...{ ':from': from, ':to': to, ':now': now },
          ...{ ':planned': planned, ':unavailable': unavailable },
        },
      });
      return written;
    },

    /** 1 TransactWriteItems; 1 GetItem more if the part is already recorded. */
    async book(runId, part, result, now) {
      const { done, changed, failed, unavailable } = result.counts;
      const change =
        'SET #progressed_at = :now ADD #done :done, #changed :changed, #failed :failed, #unavailable :unavailable';
      const pk = partKey(runId, part);
      const refused = await transact(database, [
        {
          Put: {
            TableName: tables.state,
            Item: { pk, ...result, expires_at: expiry(now, PART_KEPT_MS) },
            ConditionExpression: 'attribute_not_exists(pk)',
          },
        },
        {
          Update: {
            TableName: tables.state,
            Key: { pk: runKey(runId) },
            UpdateExpression: change,
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeNames: namesIn(change),
            ExpressionAttributeValues: {
              ...{ ':now': now, ':done': done, ':changed': changed },
              ...{ ':failed': failed, ':unavailable': unavailable },
            },
          },
        },
      ]);
      if (!refused) return result;
      const booked = await readState<PartResult>(database, pk);
      if (!booked) throw new Error(`There is no run ${runId} to book a part of`);
      return { counts: booked.counts, remaining: booked.remaining };
    },
  };
}
