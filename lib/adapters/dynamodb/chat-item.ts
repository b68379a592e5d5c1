import type { Chat, ChatStatus, Scope, StoredChat } from '../../chats/chat.ts';
import { type Learnt, NOTHING_PLANNED, type Planning } from '../../chats/planning.ts';
import type { Position, Sort } from '../../chats/sort-keys.ts';
import { countKey, nameKey, positionOf, timeKey } from '../../chats/sort-keys.ts';
import { evidenceFor, UNKNOWN_POPULATION } from '../../planner/change-rate.ts';

/**
 * An item of the chats table. Every index contains the whole `chat`, so attributes that change with every count are outside of
 * it.
 */
export interface ChatItem extends PlanningItem {
  readonly id: number;
  /** The hash key of the indexes over all chats. */
  readonly listing: 'all';
  /** The hash key of the indexes of one university; absent for `null`. */
  readonly university_id: number | undefined;
  readonly chat: ChatAttributes;
  readonly name_key: string;
  readonly count_key: string;
  readonly created_key: string;
  readonly updated_key: string;
  readonly participants_count?: number | undefined;
  readonly read_at?: number | undefined;
  readonly checked_at?: number | undefined;
  /** Present while the chat is in the due index: it has a MAX id, and MAX has not refused it. */
  readonly due: 'due' | undefined;
  /** Unix ms. */
  readonly due_at: number | undefined;
}

/**
 * A chat without its id, as a map. Every listing index contains it, so it is small: fields with their usual value are absent (`null`;
 * the status `active`; for `updated_at` the same time as `created_at`). Items of older versions contain them.
 */
export interface ChatAttributes {
  readonly name: string;
  readonly url?: string | null | undefined;
  readonly max_chat_id: string | null;
  readonly external_chat_id?: string | null | undefined;
  readonly university_id?: number | null | undefined;
  readonly department?: string | null | undefined;
  readonly source?: string | null | undefined;
  readonly status?: ChatStatus | undefined;
  readonly created_at: string;
  readonly updated_at?: string | undefined;
}

/** The planner's data. The due index contains them too. */
export interface PlanningItem {
  readonly learnt?: PackedLearnt | PackedBelief;
  readonly dirty_at?: number;
  readonly told_at?: number;
  readonly told_since?: number;
  readonly event_quarters?: number;
}

/**
 * Evidence (precision, weighted mean), views, hours, counted-to time, count, messages, time of used silence. Six digits are
 * sufficient, and keep the item within one write unit (1 KB).
 */
type PackedLearnt = readonly [
  ...[precision: number, weighted: number, views: number, hours: number, countedTo: number],
  ...[count: number | null, messages: number | null, silenceUsedUntil: number | null],
];
/** The format of older items: the belief itself instead of the evidence. */
type PackedBelief = readonly [mean: number, variance: number, views: number, hours: number, countedTo: number];

export const packLearnt = ({ evidence, views: { views, hours, countedTo }, count, activity }: Learnt): PackedLearnt => {
  const short = (value: number) => Number(value.toPrecision(6));
  return [
    ...([short(evidence.precision), short(evidence.weighted), short(views), short(hours), countedTo] as const),
    ...([count, activity.messages, activity.silenceUsedUntil] as const),
  ];
};

function unpackLearnt(packed: PackedLearnt | PackedBelief): Learnt {
  const [first, second, views, hours, countedTo, count = null, messages = null, silenceUsedUntil = null] = packed;
  const evidence =
    packed.length === 5
      ? evidenceFor({ mean: first, variance: second }, UNKNOWN_POPULATION)
      : { precision: first, weighted: second };
  return { evidence, views: { views, hours, countedTo }, count, activity: { messages, silenceUsedUntil } };
}

export const planningOf = (item: PlanningItem): Planning => ({
  learnt: item.learnt ? unpackLearnt(item.learnt) : NOTHING_PLANNED.learnt,
  dirtyAt: item.dirty_at ?? NOTHING_PLANNED.dirtyAt,
  eventsTrustedSince: item.told_since ?? NOTHING_PLANNED.eventsTrustedSince,
  eventTrustChecked: item.told_at !== undefined,
  eventQuarters: item.event_quarters ?? NOTHING_PLANNED.eventQuarters,
});

/** Returns the attributes that depend on the chat itself. */
export const chatAttributes = (chat: Chat) => ({
  university_id: chat.universityId ?? undefined,
  chat: attributesOf(chat),
  name_key: nameKey(chat.name, chat.id),
  updated_key: timeKey(chat.updatedAt, chat.id),
});

const attributesOf = (chat: Chat): ChatAttributes => ({
  name: chat.name,
  url: chat.url ?? undefined,
  max_chat_id: chat.maxChatId,
  external_chat_id: chat.externalChatId ?? undefined,
  university_id: chat.universityId ?? undefined,
  department: chat.department ?? undefined,
  source: chat.source ?? undefined,
  status: storedStatus(chat.status),
  created_at: chat.createdAt,
  updated_at: chat.updatedAt === chat.createdAt ? undefined : chat.updatedAt,
});

/** Convert a status into its attribute, and back. */
export const storedStatus = (status: ChatStatus) => (status === USUAL_STATUS ? undefined : status);
export const statusOf = ({ status }: Pick<ChatAttributes, 'status'>): ChatStatus => status ?? USUAL_STATUS;

const USUAL_STATUS = 'active' satisfies ChatStatus;

/** Returns the due attributes of a chat without a count. It is due at once: at `at` (Unix ms). */
export const dueAttributes = (chat: Chat, at: number) =>
  chat.maxChatId === null ? { due: undefined, due_at: undefined } : ({ due: 'due', due_at: at } as const);

/** Returns the item of a new chat. @param count an imported count, which was never read from MAX. */
export const newItem = (chat: Chat, count: number | null, at: number): ChatItem => ({
  id: chat.id,
  listing: 'all',
  ...chatAttributes(chat),
  created_key: timeKey(chat.createdAt, chat.id),
  count_key: countKey(count, chat.id),
  participants_count: count ?? undefined,
  ...dueAttributes(chat, at),
});

/** Returns the chat of an item. It copies single fields, because omitting fields with a rest pattern takes twenty times as long. */
export const chatOf = ({ id, chat }: Pick<ChatItem, 'id' | 'chat'>): Chat => ({
  id,
  name: chat.name,
  url: chat.url ?? null,
  maxChatId: chat.max_chat_id,
  externalChatId: chat.external_chat_id ?? null,
  universityId: chat.university_id ?? null,
  department: chat.department ?? null,
  source: chat.source ?? null,
  status: statusOf(chat),
  createdAt: chat.created_at,
  updatedAt: chat.updated_at ?? chat.created_at,
});

/** The condition that the chat exists and has this status. */
export const hasStatus = (status: ChatStatus) => ({
  condition: equals('#chat.#status', ':status', storedStatus(status) === undefined),
  values: { ':status': status },
});

/** The condition that the chat exists, and nobody changed it since it was read: edits change `updated_at`, responses of MAX the status. */
export function isUnchanged({ status, createdAt, updatedAt }: Chat) {
  const inStatus = hasStatus(status);
  return {
    condition: `${equals('#chat.#updated_at', ':updated_at', updatedAt === createdAt)} AND ${inStatus.condition}`,
    values: { ...inStatus.values, ':updated_at': updatedAt },
  };
}

/** @param isUsual whether the attribute is absent if it has this value. */
const equals = (path: string, value: string, isUsual: boolean) =>
  isUsual
    ? `(${path} = ${value} OR (attribute_exists(#chat) AND attribute_not_exists(${path})))`
    : `${path} = ${value}`;

export const storedChatOf = (item: ChatItem): StoredChat => ({
  chat: chatOf(item),
  participantsCount: item.participants_count ?? null,
  readAt: item.read_at ?? null,
  checkedAt: item.checked_at ?? null,
  planning: planningOf(item),
});

/** Returns the index of a listing: its name, its hash key with the value of the scope, and its range key. */
export function indexOf(scope: Scope, sort: Sort) {
  const { suffix, range } = INDEXES[sort];
  return scope === 'all'
    ? { name: `all-by-${suffix}`, hash: 'listing', value: 'all', range }
    : { name: `university-by-${suffix}`, hash: 'university_id', value: scope.universityId, range };
}

export type Index = ReturnType<typeof indexOf>;

const INDEXES = {
  id: { suffix: 'id', range: 'id' },
  name: { suffix: 'name', range: 'name_key' },
  participants_count: { suffix: 'count', range: 'count_key' },
  created_at: { suffix: 'created', range: 'created_key' },
  updated_at: { suffix: 'updated', range: 'updated_key' },
} as const satisfies Record<Sort, { suffix: string; range: keyof ChatItem }>;

/** Convert a position into DynamoDB's start key, and back. */
export const startKey = (index: Index, position: Position) => ({
  [index.hash]: index.value,
  id: position.id,
  [index.range]: position.key,
});

export const positionIn = (index: Index, key: Record<string, unknown>): Position => ({
  key: key[index.range] as Position['key'],
  id: key.id as number,
});

export const positionOfItem = (sort: Sort, item: ChatItem): Position =>
  positionOf(sort, chatOf(item), item.participants_count ?? null);
