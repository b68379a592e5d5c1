import type { Chat } from '../api/client.ts';
import { useWords, type Words } from '../text/index.ts';

/** The age of a count in words. */
export function ageOf(chat: Pick<Chat, 'participants_count' | 'participants_updated_at'>, { t, ago }: Words): string {
  if (chat.participants_updated_at !== null) return ago(Date.parse(chat.participants_updated_at));
  return chat.participants_count === null ? t.counts.neverRead : t.counts.imported;
}

export function Status({ status }: { readonly status: Chat['status'] }) {
  const { t } = useWords();
  const [name, meaning] = t.status[status] ?? [status, ''];
  return (
    <span class={`status is-${status}`} title={meaning}>
      {name}
    </span>
  );
}

export const safeLink = (url: string | null): string | undefined =>
  url && /^(https?|max):\/\//i.test(url) ? url : undefined;
