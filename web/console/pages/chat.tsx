import { useEffect, useState } from 'preact/hooks';
import type { Chat } from '../api/client.ts';
import { useData } from '../api/data.ts';
import { listAddress, updateLastListing } from '../api/listing.ts';
import { refreshChat } from '../api/refresh.ts';
import { useApp } from '../app-context.ts';
import { ageOf, Status, safeLink } from '../parts/count.tsx';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icons.tsx';
import { useWords } from '../text/index.ts';
import { EditChat } from './edit-chat.tsx';
import { HistoryOf } from './history.tsx';

export function ChatPage({ id }: { readonly id: number }) {
  const words = useWords();
  const { t, number } = words;
  const { api, session, say } = useApp();
  const chat = useData(`chat ${id}`, (signal) =>
    api.ask(api.client.GET('/chats/{id}', { params: { path: { id } }, signal })),
  );
  const [refreshing, setRefreshing] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const [difference, setDifference] = useState<number | undefined>(undefined);
  const [editing, setEditing] = useState(false);

  const { value } = chat;
  const put = (next: Chat) => {
    chat.put(next);
    updateLastListing(next);
  };
  const refresh = async () => {
    if (!value || refreshing) return;
    setRefreshing(true);
    setFailure(undefined);
    try {
      const fresh = await refreshChat(api, value);
      setDifference((fresh.participants_count ?? 0) - (value.participants_count ?? 0));
      put(fresh);
      say(t.chat.refreshed(number(fresh.participants_count ?? 0)));
    } catch (error) {
      setFailure(error);
      chat.reload();
    }
    setRefreshing(false);
  };

  useEffect(() => {
    if (value) document.title = `${value.name} · ${t.name}`;
  }, [value, t]);

  const back = (
    <a class="back" href={listAddress()}>
      <Icon name="back" />
      {t.chat.back}
    </a>
  );
  if (!value) {
    return (
      <>
        {back}
        {chat.error === undefined ? (
          <p class="quiet">{t.loading}</p>
        ) : (
          <Failure error={chat.error} retry={chat.reload} />
        )}
      </>
    );
  }
  const link = safeLink(value.url);
  const [, meaning] = t.status[value.status] ?? [];
  const mayEdit = session.role !== 'operator';
  return (
    <>
      {back}
      <header class="head is-chat">
        <h1>{value.name}</h1>
        <p class="quiet">
          {[value.department, value.university_id === null ? t.noUniversity : t.university(value.university_id)]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </header>
      <div class="hero">
        <p class="big">
          {value.participants_count === null ? (
            <span class="quiet">—</span>
          ) : (
            <>
              <span class="figure">{number(value.participants_count)}</span>{' '}
              <span class="unit">{t.counts.participants(value.participants_count)}</span>
            </>
          )}
          {difference !== undefined && difference !== 0 && (
            <span class={`change ${difference > 0 ? 'is-up' : 'is-down'}`}>{words.difference(difference)}</span>
          )}
        </p>
        <p class="facts-line">
          {value.status === 'active' || <Status status={value.status} />}
          <span
            class={value.participants_stale && value.status === 'active' ? 'is-stale' : 'quiet'}
            title={
              value.participants_updated_at ? words.dateTime(Date.parse(value.participants_updated_at)) : undefined
            }
          >
            {value.participants_updated_at ? t.counts.readAgo(ageOf(value, words)) : ageOf(value, words)}
          </span>
          {value.participants_count !== null && (
            <span class="quiet" title={t.counts.sourceHelp[value.participants_source]}>
              {t.counts.source[value.participants_source]}
            </span>
          )}
          {value.participants_stale && value.status === 'active' && <span class="is-stale">{t.counts.stale}</span>}
        </p>
        {value.status !== 'active' && <p class="meaning">{meaning}</p>}
        <div class="buttons">
          {value.status !== 'unlinked' && (
            <button type="button" class="button is-primary" aria-disabled={refreshing} onClick={() => void refresh()}>
              <Icon name="refresh" />
              {refreshing ? t.chats.refreshing : t.chats.refresh}
            </button>
          )}
          {link && (
            <a class="button" href={link} target="_blank" rel="noopener noreferrer">
              <Icon name="external" />
              {t.chats.openInMax}
            </a>
          )}
        </div>
        {failure !== undefined && <Failure error={failure} retry={() => void refresh()} />}
      </div>
      <HistoryOf chat={value} />
      <section aria-labelledby="facts-title">
        <div class="section-head">
          <h2 id="facts-title">{t.chat.facts}</h2>
          {mayEdit && !editing && (
            <button type="button" class="button" onClick={() => setEditing(true)}>
              {t.chat.edit}
            </button>
          )}
        </div>
        {editing ? (
          <EditChat
            chat={value}
            onDone={(next) => {
              setEditing(false);
              if (next) put(next);
            }}
          />
        ) : (
          <Facts chat={value} />
        )}
      </section>
    </>
  );
}

function Facts({ chat }: { readonly chat: Chat }) {
  const { t, dateTime } = useWords();
  const { fields } = t.chat;
  const rows: readonly (readonly [string, string | number | null])[] = [
    [t.chat.id, chat.id],
    [fields.max_chat_id, chat.max_chat_id],
    [fields.external_chat_id, chat.external_chat_id],
    [fields.source, chat.source],
    [fields.url, chat.url],
    [t.chat.created, dateTime(Date.parse(chat.created_at))],
    [t.chat.changed, dateTime(Date.parse(chat.updated_at))],
  ];
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
