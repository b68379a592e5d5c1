import { INACTIVE_STATUSES, type InactiveStatus } from '../max-api/api.ts';
import { NOTHING_PLANNED, type Planning } from './planning.ts';

/**
 * A chat as the organisation knows it. Field names are those of the HTTP API, so that a chat looks the same in an answer,
 * in the store and in an import.
 */
export interface Chat {
  /** The service's own id: a positive safe integer. */
  readonly id: number;
  readonly name: string;
  readonly url: string | null;
  /** MAX's id, a decimal int64 as text (negative for groups and channels). `null`: not in MAX, has no count to read. */
  readonly maxChatId: string | null;
  readonly externalChatId: string | null;
  readonly universityId: number | null;
  readonly department: string | null;
  /** Where the organisation has the chat from, in its own words. */
  readonly source: string | null;
  readonly status: ChatStatus;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** When the chat's own data changed last; a new count does not move it. RFC 3339, UTC, milliseconds. */
  readonly updatedAt: string;
}

/**
 * What MAX last answered about the chat: `denied` is its 403 (the bot is not in the chat), `gone` its 404, the others come
 * with a 200. Only `active` chats are refreshed in the background.
 */
export type ChatStatus = 'active' | 'denied' | 'gone' | InactiveStatus;

/** What people see as a chat's status. */
export const SHOWN_STATUSES = ['active', 'denied', 'gone', ...INACTIVE_STATUSES, 'unlinked'] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

/** `unlinked`: the chat has no MAX id. */
export const shownStatus = ({ maxChatId, status }: Pick<Chat, 'maxChatId' | 'status'>): ShownStatus =>
  maxChatId === null ? 'unlinked' : status;

/** What a person may set. */
export type ChatFields = Pick<
  Chat,
  'name' | 'url' | 'maxChatId' | 'externalChatId' | 'universityId' | 'department' | 'source'
>;

/** The count as it is kept durably beside its chat. */
export interface StoredCount {
  /** `null`: never read and never imported. */
  readonly participantsCount: number | null;
  /** Unix ms at which MAX was asked for this count; `null` where the count came with an import, or there is none. */
  readonly readAt: number | null;
}

export interface StoredChat extends StoredCount {
  readonly chat: Chat;
  /** Unix ms of MAX's last answer about this chat, a count or a 403/404. `null`: never asked. */
  readonly checkedAt: number | null;
  readonly planning: Planning;
}

/** What is kept of a chat that MAX was never asked about. */
export const NEVER_COUNTED = {
  participantsCount: null,
  readAt: null,
  checkedAt: null,
  planning: NOTHING_PLANNED,
} as const satisfies Omit<StoredChat, 'chat'>;

export type ReadableChat = Chat & { readonly maxChatId: string };

/** What of a chat says whether its count can be read. */
export type ChatOutline = Pick<Chat, 'id' | 'maxChatId' | 'status' | 'createdAt'>;

/** Whether MAX can be asked for this chat's count. */
export const isReadable = <C extends ChatOutline>(chat: C): chat is C & Pick<ReadableChat, 'maxChatId'> =>
  chat.maxChatId !== null && chat.status === 'active';

/** Which chats somebody may see: all of them, or those of one university. */
export type Scope = 'all' | { readonly universityId: number };
