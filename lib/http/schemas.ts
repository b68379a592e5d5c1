import * as z from 'zod';
import type { Chat } from '../chats/chat.ts';
import type { ShownCount } from '../listing/view-counts.ts';
import { INACTIVE_STATUSES } from '../max-api/api.ts';
import { timestamp } from './route.ts';

/** The shapes several routes answer with. */

const SHOWN_STATUSES = ['active', 'denied', 'gone', ...INACTIVE_STATUSES, 'unlinked'] as const;

export const chatDto = () =>
  z.object({
    id: z.number().int().positive(),
    name: z.string(),
    url: z.string().nullable(),
    max_chat_id: z.string().nullable(),
    external_chat_id: z.string().nullable(),
    university_id: z.number().int().nullable(),
    department: z.string().nullable(),
    source: z.string().nullable(),
    participants_count: z.number().int().nullable().describe('null: never read yet'),
    participants_updated_at: timestamp.nullable().describe('when MAX was asked for the count'),
    participants_source: z.enum(['cache', 'api', 'database']),
    participants_stale: z.boolean(),
    status: z
      .enum(SHOWN_STATUSES)
      .describe(
        'what MAX last answered about the chat; unlinked: the chat has no max_chat_id. Only active chats are refreshed',
      ),
    created_at: timestamp,
    updated_at: timestamp,
  });

export type ChatDto = z.output<ReturnType<typeof chatDto>>;

export function toDto(chat: Chat, shown: ShownCount): ChatDto {
  return {
    id: chat.id,
    name: chat.name,
    url: chat.url,
    max_chat_id: chat.maxChatId,
    external_chat_id: chat.externalChatId,
    university_id: chat.universityId,
    department: chat.department,
    source: chat.source,
    participants_count: shown.participantsCount,
    participants_updated_at: shown.updatedAt,
    participants_source: shown.source,
    participants_stale: shown.stale,
    status: chat.maxChatId === null ? 'unlinked' : chat.status,
    created_at: chat.createdAt,
    updated_at: chat.updatedAt,
  };
}

export const runReport = () =>
  z.object({
    run_id: z.string(),
    status: z.enum(['planning', 'running', 'finished', 'stalled']),
    total: z.number().int(),
    done: z.number().int(),
    changed: z.number().int(),
    failed: z.number().int(),
    unavailable: z.number().int(),
    started_at: timestamp,
    finished_at: timestamp.nullable(),
    eta_seconds: z.number().int().nullable(),
  });
