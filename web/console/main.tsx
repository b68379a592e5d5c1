import { type JSX, render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { connect } from './api/client.ts';
import { forgetData } from './api/data.ts';
import { forgetListing } from './api/listing.ts';
import { beginSignIn, endSignIn, isReturning, oidcSettings } from './api/oidc.ts';
import { keepSession, type Session, savedSession, takeTokenFromAddress } from './api/session.ts';
import { type App, AppContext } from './app-context.ts';
import { Frame, pagesOf } from './frame.tsx';
import { ChatPage } from './pages/chat.tsx';
import { ChatsPage } from './pages/chats.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { PlanPage } from './pages/plan.tsx';
import { QualityPage } from './pages/quality.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { UpdatePage } from './pages/update.tsx';
import { type Place, usePlace } from './router.ts';
import './style/console.css';
import { firstLanguage, keepLanguage, type Language, WordsContext, wordsIn } from './text/index.ts';
import { applyTheme } from './theme.ts';

const oidc = oidcSettings();

function Console({ first }: { readonly first: Session | undefined }) {
  const [language, setLanguage] = useState(firstLanguage);
  const [session, setSession] = useState(first);
  const [notice, setNotice] = useState<string | undefined>(undefined);
  const [said, say] = useState('');
  const place = usePlace();
  const words = useMemo(() => wordsIn(language), [language]);
  const { t } = words;

  const changeLanguage = (chosen: Language) => {
    keepLanguage(chosen);
    setLanguage(chosen);
  };
  const enter = (next: Session | undefined, why?: string) => {
    keepSession(next);
    forgetData();
    forgetListing();
    setNotice(why);
    setSession(next);
  };
  const leave = useRef(enter);
  leave.current = enter;

  const { oidcFailed } = t.signIn;
  const failed = (error: unknown) => {
    console.error(error);
    setNotice(oidcFailed);
  };
  const startOidc = () => {
    if (oidc) beginSignIn(oidc).catch(failed);
  };
  useEffect(() => {
    if (oidc && isReturning()) endSignIn(oidc).then((next) => leave.current(next), failed);
  }, []);

  const expired = t.signIn.expired;
  const refused = t.signIn.refused;
  const app = useMemo((): App | undefined => {
    if (!session) return undefined;
    const hasExpired = () => session.expiresAt !== undefined && session.expiresAt < Date.now();
    const api = connect(session.token, () => leave.current(undefined, hasExpired() ? expired : refused));
    return { api, session, say };
  }, [session, expired, refused]);

  const page = place.path[0] ?? 'overview';
  const allowed: readonly string[] = pagesOf(session);
  useEffect(() => {
    document.documentElement.lang = language;
    const name = t.pages[page as keyof typeof t.pages] ?? t.notFound.title;
    document.title = session ? `${name} · ${t.name}` : `${t.signIn.title} · ${t.name}`;
  }, [language, page, session, t]);

  return (
    <WordsContext.Provider value={words}>
      <Frame session={session} page={page} onSignOut={() => enter(undefined)} onLanguage={changeLanguage}>
        {app ? (
          <AppContext.Provider value={app}>
            <Page place={place} known={allowed.includes(page)} />
          </AppContext.Provider>
        ) : (
          <SignIn notice={notice} onSession={enter} oidc={oidc && startOidc} />
        )}
      </Frame>
      <div class="unseen" aria-live="polite">
        {said}
      </div>
    </WordsContext.Provider>
  );
}

/** Moves the focus to the heading of a new page. Each page has one. */
function Page({ place, known }: { readonly place: Place; readonly known: boolean }) {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const name = place.path.join('/');
  useEffect(() => {
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      if (name !== 'chats') scrollTo(0, 0);
    }
    first.current = false;
  }, [name]);
  return (
    <main id="content" tabIndex={-1} ref={main}>
      <Content place={place} known={known} />
    </main>
  );
}

function Content({ place, known }: { readonly place: Place; readonly known: boolean }) {
  const [page = 'overview', id] = place.path;
  if (!known) return <NotFound />;
  if (page === 'chats') {
    if (id === undefined) return <ChatsPage place={place} />;
    return /^[1-9]\d{0,15}$/.test(id) ? <ChatPage key={id} id={Number(id)} /> : <NotFound />;
  }
  const Known = PAGES[page];
  return Known ? <Known /> : <NotFound />;
}

const PAGES: Readonly<Record<string, () => JSX.Element>> = {
  ...{ overview: OverviewPage, update: UpdatePage, quality: QualityPage, plan: PlanPage },
};

function NotFound() {
  const { t } = useMemo(() => wordsIn(firstLanguage()), []);
  return (
    <div class="empty">
      <h1>{t.notFound.title}</h1>
      <a class="button" href="#/">
        {t.notFound.back}
      </a>
    </div>
  );
}

applyTheme();
const fromLink = takeTokenFromAddress();
if (fromLink) keepSession(fromLink);
const root = document.getElementById('app');
if (root) render(<Console first={fromLink ?? savedSession()} />, root);
