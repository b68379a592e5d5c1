import { useState } from 'preact/hooks';
import { readToken, type Session } from '../api/session.ts';
import { useWords } from '../text/index.ts';

export function SignIn({
  notice,
  onSession,
  oidc,
}: {
  readonly notice: string | undefined;
  readonly onSession: (session: Session) => void;
  /** Starts the sign-in at the issuer; `undefined` if it is not configured. */
  readonly oidc: (() => void) | undefined;
}) {
  const { t } = useWords();
  const [error, setError] = useState<string | undefined>(undefined);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim();
    const session = readToken(token.replace(/^Bearer\s+/i, ''));
    if (session) onSession(session);
    else setError(t.signIn.notAToken);
  };
  return (
    <main class="sign-in" id="content" tabIndex={-1}>
      <h1>{t.name}</h1>
      <p class="lead">{t.signIn.lead}</p>
      {notice && (
        <p class="notice" role="status">
          {notice}
        </p>
      )}
      {oidc && (
        <>
          <button type="button" class="button is-primary is-wide" onClick={oidc}>
            {t.signIn.oidc}
          </button>
          <p class="quiet or">{t.signIn.or}</p>
        </>
      )}
      <form onSubmit={submit}>
        <label class="field">
          <span>{t.signIn.token}</span>
          <textarea
            name="token"
            rows={4}
            required
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-describedby="token-hint"
            aria-invalid={error !== undefined}
          />
        </label>
        <p class="quiet" id="token-hint">
          {t.signIn.hint}
        </p>
        {error && (
          <p class="field-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class={`button is-wide ${oidc ? '' : 'is-primary'}`}>
          {t.signIn.submit}
        </button>
      </form>
      <p class="quiet">{t.signIn.local}</p>
    </main>
  );
}
