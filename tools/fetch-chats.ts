import type { IMPORT_COLUMNS } from '../lib/importing/read-line.ts';
import { type Answer, type Call, refused } from './api.ts';
import { ToolError } from './command-line.ts';

/** A chat of `GET /chats/all`: the columns that an import takes, among others. */
export type ExportedChat = Readonly<Record<(typeof IMPORT_COLUMNS)[number], string | number | null>>;

export interface ChatPage {
  readonly chats: readonly ExportedChat[];
  /** The number of all chats that match; `undefined` where the API doesn't count them. */
  readonly total: number | undefined;
}

/** Chats in one request: the most that the API gives. */
const PAGE = 100;
/** Consecutive failures after which the tool gives up. With the pauses between them that takes some three minutes. */
const MAX_FAILURES = 10;
const MAX_BACKOFF_MS = 30_000;
/** Longest `Retry-After` that the tool waits for. */
const MAX_RETRY_AFTER_MS = 300_000;
const RETRIED: readonly number[] = [429, 500, 502, 503, 504];

/**
 * Reads all chats that match, in the order of their ids, a page at a time. A page that failed for the moment (no connection,
 * 429, 5xx) is asked for again after `Retry-After`, or else after 1, 2, 4 … 30 s.
 * @param filters query parameters of `GET /chats/all`.
 * @throws {ToolError} when the API refuses, or has failed 10 times in a row.
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
