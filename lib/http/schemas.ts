import * as z from 'zod';
import { type Chat, SHOWN_STATUSES, shownStatus } from '../chats/chat.ts';
import type { ShownCount } from '../listing/view-counts.ts';
import { named, timestamp } from './route.ts';

/** Schemas that several routes share. */

/** The schema of a count or of seconds. */
export const count = () => z.int().min(0);
/** The schema of a day in UTC. */
export const day = () => z.string().meta({ format: 'date', examples: ['2026-11-25'] });
export const chatId = () => z.int().min(1).describe('The id of the chat in this service');

export const chatExample = {
  id: 123,
  name: 'ИВТ-21, деканат',
  url: 'https://max.ru/join/oooygfdz',
  max_chat_id: '-68000000500532',
  external_chat_id: null,
  university_id: 1,
  department: 'Факультет информатики',
  source: 'academic',
  participants_count: 57,
  participants_updated_at: '2026-11-25T11:42:07.512Z',
  participants_source: 'cache',
  participants_stale: false,
  status: 'active',
  created_at: '2026-09-01T08:00:00.000Z',
  updated_at: '2026-10-12T14:03:55.871Z',
} as const;

export const chatDto = named('Chat', () =>
  z
    .object({
      id: chatId(),
      name: z.string(),
      url: z.string().nullable(),
      max_chat_id: z
        .string()
        .nullable()
        .describe('The id in MAX, a 64-bit integer in decimal digits; null: the chat is not in MAX'),
      external_chat_id: z.string().nullable().describe('The id in another system of the organisation'),
      university_id: z.int().min(1).nullable(),
      department: z.string().nullable(),
      source: z.string().nullable().describe('The origin of the chat in the organisation'),
      participants_count: count().nullable().describe('null: never read'),
      participants_updated_at: timestamp
        .nullable()
        .describe('When the count was requested from MAX; null: never, or the count was imported'),
      participants_source: z
        .enum(['cache', 'api', 'database'])
        .describe('The source of the count: Redis (cache), MAX just now (api), or DynamoDB (database)'),
      participants_stale: z
        .boolean()
        .describe('Whether the count is missing, or is older than PARTICIPANTS_CACHE_TTL and not confirmed by events'),
      status: z
        .enum(SHOWN_STATUSES)
        .describe(
          'The status in the last response of MAX; unlinked: the chat has no max_chat_id. Only active chats are refreshed',
        ),
      created_at: timestamp,
      updated_at: timestamp.describe('When the fields before the count last changed'),
    })
    .meta({ examples: [chatExample] }),
);

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
    status: shownStatus(chat),
    created_at: chat.createdAt,
    updated_at: chat.updatedAt,
  };
}

export const runExample = {
  run_id: '0b8a5c1e-7d1f-4b52-9d53-3c1b8e0f6a11',
  status: 'running',
  total: 150_000,
  done: 42_350,
  changed: 9_120,
  failed: 2,
  unavailable: 31,
  started_at: '2026-11-25T00:00:01.207Z',
  finished_at: null,
  eta_seconds: 3_589,
} as const;

export const runStatus = () => z.enum(['planning', 'running', 'finished', 'stalled']);

export const runReport = named('FullUpdate', () =>
  z
    .object({
      run_id: z.string(),
      status: runStatus().describe('stalled: no progress for 30 minutes; a new run may start'),
      total: count(),
      done: count().describe('Chats with any outcome'),
      changed: count(),
      failed: count(),
      unavailable: count().describe('Chats that are not available in MAX'),
      started_at: timestamp,
      finished_at: timestamp.nullable(),
      eta_seconds: count().nullable(),
    })
    .meta({ examples: [runExample] }),
);

export const lastKnown = named('LastKnown', () =>
  z
    .object({
      participants_count: count().nullable(),
      updated_at: timestamp.nullable(),
      age_seconds: count().nullable(),
    })
    .describe('The last count that was read, and its age; null if there is none'),
);
