import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Session } from './api/session.ts';
import { Icon, type IconName } from './parts/icons.tsx';
import { LANGUAGES, type Language, useWords } from './text/index.ts';
import { keepTheme, THEMES, type Theme, useTheme } from './theme.ts';

/** The frame of every page: the menu, the signed-in person, language and theme. */

interface Entry {
  readonly page: string;
  readonly icon: IconName;
  readonly name: string;
}

export function Frame({
  session,
  page,
  onSignOut,
  onLanguage,
  children,
}: {
  readonly session: Session | undefined;
  readonly page: string;
  readonly onSignOut: () => void;
  readonly onLanguage: (language: Language) => void;
  readonly children: ComponentChildren;
}) {
  const { t, language } = useWords();
  const theme = useTheme();
  const list = useRef<HTMLUListElement>(null);
  // On a narrow screen the pages may be wider than the screen.
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [page]);
  const entries: Entry[] = pagesOf(session).map((name) => ({ page: name, icon: name, name: t.pages[name] }));
  const choices = (
    <div class="choices">
      <label>
        <span class="unseen">{t.language}</span>
        <select value={language} onChange={(event) => onLanguage(event.currentTarget.value as Language)}>
          {Object.entries(LANGUAGES).map(([code, { languageName }]) => (
            <option key={code} value={code} lang={code}>
              {languageName}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">{t.theme.label}</span>
        <select value={theme} onChange={(event) => keepTheme(event.currentTarget.value as Theme)}>
          {THEMES.map((each) => (
            <option key={each} value={each}>
              {t.theme[each]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
  if (!session) {
    return (
      <div class="frame is-bare">
        {children}
        <footer class="bare-footer">{choices}</footer>
      </div>
    );
  }
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={skipToContent}>
        {t.skip}
      </button>
      <header class="side">
        <a class="brand" href="#/" aria-label={t.name}>
          <Icon name="plan" />
          <span class="brand-name">{t.name}</span>
        </a>
        <nav aria-label={t.menu}>
          <ul ref={list}>
            {entries.map((entry) => (
              <li key={entry.page}>
                <a
                  href={`#/${entry.page === 'overview' ? '' : entry.page}`}
                  aria-current={entry.page === page ? 'page' : undefined}
                >
                  <Icon name={entry.icon} />
                  <span>{entry.name}</span>
                </a>
              </li>
            ))}
            <li>
              <a href="docs" class="docs-link">
                <Icon name="docs" />
                <span>{t.pages.docs}</span>
              </a>
            </li>
          </ul>
        </nav>
        <div class="who">
          <p>
            <strong>{t.roles[session.role]}</strong>
            <span class="quiet">{session.universityId ? t.university(session.universityId) : t.allUniversities}</span>
          </p>
          {choices}
          <button type="button" class="link" onClick={onSignOut}>
            <Icon name="out" />
            <span>{t.signOut}</span>
          </button>
        </div>
      </header>
      <div class="body">
        <Offline />
        {children}
      </div>
    </div>
  );
}

/** The pages that a role has, in the order of the menu. */
export function pagesOf(session: Session | undefined) {
  if (!session) return [] as const;
  if (session.role !== 'superadmin') return ['overview', 'chats', 'quality'] as const;
  return ['overview', 'chats', 'update', 'quality', 'plan'] as const;
}

/** A button, not a link, because the fragment is the page's address. */
const skipToContent = () => document.getElementById('content')?.focus();

function Offline() {
  const { t } = useWords();
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const follow = () => setOnline(navigator.onLine);
    addEventListener('online', follow);
    addEventListener('offline', follow);
    return () => {
      removeEventListener('online', follow);
      removeEventListener('offline', follow);
    };
  }, []);
  return online ? null : (
    <p class="notice" role="status">
      {t.offline}
    </p>
  );
}
