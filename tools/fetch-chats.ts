import type { IMPORT_COLUMNS } from '../lib/importing/read-line.ts';
import { type Answer, type Call, refused } from './api.ts';
import { ToolError } from './command-line.ts';

/** A chat of `GET /chats/all`. It has the columns of an import, and others. */
export type ExportedChat = Readonly<Record<(typeof IMPORT_COLUMNS)[number], string | number | null>>;

export interface ChatPage {
  readonly chats: readonly ExportedChat[];
  /** The number of all chats that match; `undefined` if the API doesn't count them. */
  readonly total: number | undefined;
}

/** Chats per request, the maximum of the API. */
const PAGE = 100;
/** Consecutive failures after which the tool ends with an error. With the pauses between them, this takes about three minutes. */
const MAX_FAILURES = 10;
const MAX_BACKOFF_MS = 30_000;
/** Longest wait for a `Retry-After`. */
const MAX_RETRY_AFTER_MS = 300_000;
const RETRIED: readonly number[] = [429, 500, 502, 503, 504];

/**
 * Fetches all chats that match, page by page, in the order of their ids. After a temporary failure (no connection, 429, 5xx) it
 * requests the page again: after `Retry-After` or, without that header, after 1, 2, 4 … 30 s.
 * @param filters query parameters of `GET /chats/all`.
 * @throws {ToolError} if the API refuses, or after 10 consecutive failures.
 */
export async function* fetchChats(
  call: Call,
  filters: Readonly<Record<string, string>>,
  deps: {
    readonly sleep: (ms: number) => Promise<unknown>;
    readonly onRetry: (problem: string, pauseMs: number) => void;
  },
): AsyncGenerator<ChatPage> {
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ ...filters, limit: String(PAGE), sort_by: 'id', ...(cursor && { cursor }) });
    const { body } = await persist(() => call('GET', `/chats/all?${query}`), deps);
    const page = body as { data: ExportedChat[]; total: number | null; next_cursor: string | null };
    yield { chats: page.data, total: page.total ?? undefined };
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

async function persist(ask: () => Promise<Answer>, deps: Parameters<typeof fetchChats>[2]): Promise<Answer> {
  for (let failures = 1; ; failures += 1) {
    const answer = await ask().catch((error: Error) => error);
    if (!(answer instanceof Error)) {
      if (answer.status === 200 && Array.isArray(answer.body.data)) return answer;
      if (!RETRIED.includes(answer.status)) throw refused('The chats could not be read', answer);
    }
    const problem = answer instanceof Error ? `no answer (${causeOf(answer)})` : `status ${answer.status}`;
    if (failures === MAX_FAILURES) {
      throw new ToolError(`The chats could not be read: ${problem}, ${MAX_FAILURES} times in a row.`);
    }
    const asked = answer instanceof Error ? undefined : answer.retryAfterMs;
    const pauseMs = Math.min(asked ?? Math.min(1_000 * 2 ** (failures - 1), MAX_BACKOFF_MS), MAX_RETRY_AFTER_MS);
    deps.onRetry(problem, pauseMs);
    await deps.sleep(pauseMs);
  }
}

const causeOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);
