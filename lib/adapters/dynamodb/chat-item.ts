import type { Chat, Scope, StoredChat } from '../../chats/chat.ts';
import { type Learnt, NOTHING_PLANNED, type Planning } from '../../chats/planning.ts';
import type { Position, Sort } from '../../chats/sort-keys.ts';
import { countKey, nameKey, positionOf, timeKey } from '../../chats/sort-keys.ts';

/** An item of the chats table. `chat` goes into every index, whole; what changes with every count stays outside of it. */
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
  /** Present while the chat is on the due index: it is in MAX and MAX has not refused it. */
  readonly due: 'due' | undefined;
  /** Unix ms. */
  readonly due_at: number | undefined;
}

/** A chat as the map that every listing index carries. */
export interface ChatAttributes {
  readonly id: number;
  readonly name: string;
  readonly url: string | null;
  readonly max_chat_id: string | null;
  readonly external_chat_id: string | null;
  readonly university_id: number | null;
  readonly department: string | null;
  readonly source: string | null;
  readonly status: Chat['status'];
  readonly created_at: string;
  readonly updated_at: string;
}

/** What is kept for the planner; the due index carries it too. */
export interface PlanningItem {
  readonly learnt?: PackedLearnt;
  readonly dirty_at?: number;
  readonly told_at?: number;
  readonly told_since?: number;
  readonly event_quarters?: number;
}

/** Six digits are plenty, and keep the item within one write unit (1 KB): mean, variance, views, hours, counted to. */
type PackedLearnt = readonly [number, number, number, number, number];

export const packLearnt = ({
  change: { mean, variance },
  views: { views, hours, countedTo },
}: Learnt): PackedLearnt => {
  const short = (value: number) => Number(value.toPrecision(6));
  return [short(mean), short(variance), short(views), short(hours), countedTo];
};

const unpackLearnt = ([mean, variance, views, hours, countedTo]: PackedLearnt): Learnt => ({
  change: { mean, variance },
  views: { views, hours, countedTo },
});

export const planningOf = (item: PlanningItem): Planning => ({
  learnt: item.learnt ? unpackLearnt(item.learnt) : NOTHING_PLANNED.learnt,
  dirtyAt: item.dirty_at ?? NOTHING_PLANNED.dirtyAt,
  eventsTrustedSince: item.told_since ?? NOTHING_PLANNED.eventsTrustedSince,
  eventTrustChecked: item.told_at !== undefined,
  eventQuarters: item.event_quarters ?? NOTHING_PLANNED.eventQuarters,
});

/** The attributes made of the chat itself. */
export const chatAttributes = (chat: Chat) => ({
  university_id: chat.universityId ?? undefined,
  chat: attributesOf(chat),
  name_key: nameKey(chat.name, chat.id),
  updated_key: timeKey(chat.updatedAt, chat.id),
});

const attributesOf = (chat: Chat): ChatAttributes => ({
  id: chat.id,
  name: chat.name,
  url: chat.url,
  max_chat_id: chat.maxChatId,
  external_chat_id: chat.externalChatId,
  university_id: chat.universityId,
  department: chat.department,
  source: chat.source,
  status: chat.status,
  created_at: chat.createdAt,
  updated_at: chat.updatedAt,
});

/** A chat that nothing is known of yet is due at once: at `at` (Unix ms). */
export const dueAttributes = (chat: Chat, at: number) =>
  chat.maxChatId === null ? { due: undefined, due_at: undefined } : ({ due: 'due', due_at: at } as const);

/** @param count what an import says; never read from MAX. */
export const newItem = (chat: Chat, count: number | null, at: number): ChatItem => ({
  id: chat.id,
  listing: 'all',
  ...chatAttributes(chat),
  created_key: timeKey(chat.createdAt, chat.id),
  count_key: countKey(count, chat.id),
  participants_count: count ?? undefined,
  ...dueAttributes(chat, at),
});

/** Field by field: leaving out one of an item's many takes twenty times as long, and a page has a hundred. */
export const chatOf = ({ chat }: Pick<ChatItem, 'chat'>): Chat => ({
  id: chat.id,
  name: chat.name,
  url: chat.url,
  maxChatId: chat.max_chat_id,
  externalChatId: chat.external_chat_id,
  universityId: chat.university_id,
  department: chat.department,
  source: chat.source,
  status: chat.status,
  createdAt: chat.created_at,
  updatedAt: chat.updated_at,
});

export const storedChatOf = (item: ChatItem): StoredChat => ({
  chat: chatOf(item),
  participantsCount: item.participants_count ?? null,
  readAt: item.read_at ?? null,
  checkedAt: item.checked_at ?? null,
  planning: planningOf(item),
});

/** The index of a listing: its name, its hash key with the scope's value, its range key. */
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

/** A position as DynamoDB's start key, and back. */
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
