import { useRef, useState } from 'preact/hooks';
import { ApiError, type Chat, type ChatChanges } from '../api/client.ts';
import { useApp } from '../app-context.ts';
import { Failure } from '../parts/failure.tsx';
import { useWords } from '../text/index.ts';

const FIELDS = ['name', 'department', 'university_id', 'url', 'max_chat_id', 'external_chat_id', 'source'] as const;
type Field = (typeof FIELDS)[number];

/** Returns the changed fields; an empty field is `null`. */
function changesIn(form: FormData, chat: Chat): ChatChanges {
  const changes = FIELDS.flatMap((field) => {
    const text = String(form.get(field) ?? '').trim();
    const value = text === '' ? null : field === 'university_id' ? Number(text) : text;
    return form.has(field) && value !== chat[field] ? [[field, value] as const] : [];
  });
  return Object.fromEntries(changes) as ChatChanges;
}

export function EditChat({
  chat,
  onDone,
}: {
  readonly chat: Chat;
  /** Called with the changed chat, or without one if nothing changed. */
  readonly onDone: (chat?: Chat) => void;
}) {
  const { t } = useWords();
  const { api, session, say } = useApp();
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const fields = FIELDS.filter((field) => field !== 'university_id' || session.role === 'superadmin');
  const problems = error instanceof ApiError ? error.errors : [];
  const problemOf = (field: Field) => problems.find((problem) => problem.field === field)?.message;

  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!form.current || saving) return;
    const changes = changesIn(new FormData(form.current), chat);
    if (Object.keys(changes).length === 0) {
      say(t.chat.nothingChanged);
      onDone();
      return;
    }
    setSaving(true);
    setError(undefined);
    try {
      const next = await api.ask(api.client.PATCH('/chats/{id}', { params: { path: { id: chat.id } }, body: changes }));
      say(t.chat.saved);
      onDone(next);
    } catch (failure) {
      setError(failure);
      setSaving(false);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
    }
  };

  return (
    <form class="edit" ref={form} onSubmit={save} noValidate>
      {error !== undefined && <Failure error={error} />}
      {fields.map((field) => (
        <div class={`field is-${field}`} key={field}>
          <label for={`field-${field}`}>{t.chat.fields[field]}</label>
          <input
            id={`field-${field}`}
            name={field}
            defaultValue={chat[field] === null ? '' : String(chat[field])}
            required={field === 'name'}
            inputMode={field === 'university_id' ? 'numeric' : undefined}
            autocomplete="off"
            aria-invalid={problemOf(field) !== undefined}
            aria-describedby={`${field}-note`}
          />
          <span class={problemOf(field) ? 'field-error' : 'quiet'} id={`${field}-note`}>
            {problemOf(field) ?? (field === 'max_chat_id' ? t.chat.maxIdHint : '')}
          </span>
        </div>
      ))}
      <div class="buttons">
        <button type="submit" class="button is-primary" aria-disabled={saving}>
          {saving ? t.saving : t.save}
        </button>
        <button type="button" class="button" onClick={() => onDone()}>
          {t.cancel}
        </button>
      </div>
    </form>
  );
}
