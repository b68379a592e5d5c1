import { INACTIVE_STATUSES, type InactiveStatus } from '../max-api/api.ts';
import { NOTHING_PLANNED, type Planning } from './planning.ts';

/**
 * A chat of the organisation.
 */
export interface Chat {
  /** The service's own id: a positive safe integer. */
  readonly id: number;
  readonly name: string;
  readonly url: string | null;
  /** MAX's id, a decimal int64 as text (negative for groups and channels). `null`: the chat is not in MAX and has no count. */
  readonly maxChatId: string | null;
  readonly externalChatId: string | null;
  readonly universityId: number | null;
  readonly department: string | null;
  /** The origin of the chat in the organisation, as free text. */
  readonly source: string | null;
  readonly status: ChatStatus;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** When the chat's own data last changed. A new count does not change it. RFC 3339, UTC, milliseconds. */
  readonly updatedAt: string;
}

/**
 * MAX's last response about the chat: `denied` is a 403 (the bot is not in the chat), `gone` is a 404, the others come with a 200.
 * Only `active` chats are refreshed in the background.
 */
export type ChatStatus = 'active' | 'denied' | 'gone' | InactiveStatus;

/** The statuses that the API shows. */
export const SHOWN_STATUSES = ['active', 'denied', 'gone', ...INACTIVE_STATUSES, 'unlinked'] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

/** Returns the status that the API shows. `unlinked`: the chat has no MAX id. */
export const shownStatus = ({ maxChatId, status }: Pick<Chat, 'maxChatId' | 'status'>): ShownStatus =>
  maxChatId === null ? 'unlinked' : status;

/** The fields that a person may set. */
export type ChatFields = Pick<
  Chat,
  'name' | 'url' | 'maxChatId' | 'externalChatId' | 'universityId' | 'department' | 'source'
>;

/** The stored count of a chat. */
export interface StoredCount {
  /** `null` if it was never read and never imported. */
  readonly participantsCount: number | null;
  /** When the count was requested from MAX, Unix ms; `null` if the count was imported or there is none. */
  readonly readAt: number | null;
}

export interface StoredChat extends StoredCount {
  readonly chat: Chat;
  /** When MAX's last response about this chat was requested (a count, or a 403 or 404), Unix ms; `null`: never. */
  readonly checkedAt: number | null;
  readonly planning: Planning;
}

/** The part of a stored chat that sums need. */
export interface CountedChat extends StoredCount {
  readonly chat: Pick<Chat, 'id' | 'universityId' | 'maxChatId' | 'status'>;
}

/** The stored data of a chat that was never requested from MAX. */
export const NEVER_COUNTED = {
  participantsCount: null,
  readAt: null,
  checkedAt: null,
  planning: NOTHING_PLANNED,
} as const satisfies Omit<StoredChat, 'chat'>;

export type ReadableChat = Chat & { readonly maxChatId: string };

/** The fields of a chat that decide whether its count can be read. */
export type ChatOutline = Pick<Chat, 'id' | 'maxChatId' | 'status' | 'createdAt'>;

/** Returns whether this chat's count can be fetched from MAX. */
export const isReadable = <C extends ChatOutline>(chat: C): chat is C & Pick<ReadableChat, 'maxChatId'> =>
  chat.maxChatId !== null && chat.status === 'active';

/** The chats that a caller may see: all, or those of one university. */
export type Scope = 'all' | { readonly universityId: number };
